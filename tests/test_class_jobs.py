"""Jobs of a class: how a lab is divided, on which files a grade depends, and the process that schedules them."""

import dataclasses
import functools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from pathlib import Path
from typing import Any

import pytest
import toy

from autograder import registry
from autograder.classroom import jobs, rows, scheduler
from autograder.classroom.store import MOST_ATTEMPTS, Store, opened
from autograder.lab import Check, Column, Run, Verdict
from autograder.packaging import checkout_files
from smallnets import executors, files

STEPS = [dataclasses.replace(toy.LAB.steps[0], name=name) for name in ("one", "two")]


def check(number: str, *steps: str) -> Check:
    return Check(number, f"check {number}", 1.1, steps, lambda run: Verdict(1.0))


def divided(*checks: Check, columns: tuple[Column, ...] = ()) -> tuple[str, ...]:
    return jobs.parts(dataclasses.replace(toy.LAB, steps=tuple(STEPS), checks=checks, columns=columns))


def value(run: Run) -> float:
    return 1.0


def test_a_lab_is_divided_where_no_step_is_shared() -> None:
    one, two = check("1.1", "one"), check("2.1", "two")
    assert divided(one, two) == ("1.", "2.")
    assert divided(check("10.1", "one"), check("9.1", "two")) == ("9.", "10.")
    assert divided(one, check("2.1", "one", "two")) == ("",)
    assert divided(one) == ("",) and divided(check("1", "one"), two) == ("",)
    assert divided(one, two, columns=(Column("x", ("one",), value),)) == ("1.", "2.")
    assert divided(one, two, columns=(Column("x", ("one", "two"), value),)) == ("",)


def test_every_lab_is_divided_into_all_its_checks() -> None:
    for name in registry.names():
        lab = registry.load(name)
        numbers = [each.number for each in lab.checks for part in jobs.parts(lab) if each.number.startswith(part)]
        assert sorted(numbers) == sorted(each.number for each in lab.checks)


def test_a_grade_depends_on_sources_and_hidden_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    monkeypatch.setattr(checkout_files, "grader", lambda lab: ["autograder/a.py"])
    staff = tmp_path / "staff/deep"
    for path in ("autograder/a.py", "staff/deep/y.npy"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    seen = [checkout_files.grader_hash(toy.LAB), checkout_files.grader_hash(toy.LAB, staff)]
    assert checkout_files.grader_hash(toy.LAB) == seen[0]
    (staff / "y.npy").write_text("changed")
    seen.append(checkout_files.grader_hash(toy.LAB, staff))
    (tmp_path / "autograder/a.py").write_text("changed")
    seen.append(checkout_files.grader_hash(toy.LAB))
    seen.append(checkout_files.grader_hash(dataclasses.replace(toy.LAB, name="x")))
    assert len(set(seen)) == 5


@pytest.mark.parametrize("name", registry.names())
def test_a_change_in_one_lab_grades_no_other_lab_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    labs = {each: registry.load(each) for each in registry.names()}
    graders = {each: checkout_files.grader(lab) for each, lab in labs.items()}

    def hashes() -> dict[str, str]:
        return {each: checkout_files.grader_hash(lab) for each, lab in labs.items()}

    monkeypatch.setattr(checkout_files, "grader", lambda lab: graders[lab.name])
    before, read = hashes(), functools.cache(files.sha256)
    own = [path for path in graders[name] if path.startswith(f"labs/{name}/")]
    others = {path for each in labs if each != name for path in graders[each]}
    assert len(own) > 1 and others.isdisjoint(own)
    for changed in own:
        monkeypatch.setattr(files, "sha256", lambda path, changed=changed: read(path) + "*" * path.match(changed))
        assert {each for each, value in hashes().items() if value != before[each]} == {name}


LAB = dataclasses.replace(toy.LAB, steps=tuple(STEPS), checks=(check("1.1", "one"), check("2.1", "two")), columns=())
WHO = "grader"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A record in which three submissions wait, with two jobs each."""
    with opened(tmp_path / "class.sqlite") as made:
        for sha256 in "abc":
            made.store_archive(sha256, sha256.encode())
            jobs.enqueue_all(made, LAB, sha256, 7, WHO)
        yield made


def plain(task: dict[str, Any], score: float = 1.1) -> dict[str, Any]:
    """The report on a task's part."""
    number = f"{task['part']}1"
    test = {"number": number, "name": number, "score": score, "max_score": 1.1, "output": "", "cause": "ok"}
    test |= {"visibility": "visible", "tags": ["t"]}
    words = {"lab": "toy", "output": f"head\npart {number}", "seconds": 0.5, "audit": {"x": number}, "fault": False}
    return words | {"tests": [test], "columns": [], "score": score, "max_score": 1.1}


class Graders:
    """Stands for `grade_one`; notes what it was given."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]] = plain) -> None:
        self.answer = answer
        self.given: list[tuple[str, str]] = []

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        self.given.append((task["archive"].decode(), task["part"]))
        assert (task["lab"], task["seed"], task["trust"]) == ("toy", 7, False) and task["seconds"] > 60
        return {"report": self.answer(task), "fault": ""}


def run(store: Store, function: scheduler.Function, executor: Executor | None = None, **more: Any) -> None:
    with executors.local(2) as crew:
        scheduler.run(store, LAB, executor or crew.executor, grader=WHO, function=function, **more)


def total(store: Store, sha256: str) -> dict[str, Any] | None:
    return jobs.total(store, LAB, sha256, 7, WHO)


def test_every_job_is_graded_once_and_its_parts_are_one_report(store: Store) -> None:
    graders = Graders()
    seen: list[dict[str, int]] = []
    assert total(store, "a") is None
    run(store, graders, on_progress=lambda counts, job: seen.append(counts))
    run(store, graders)
    assert sorted(graders.given) == [(sha256, part) for sha256 in "abc" for part in ("1.", "2.")]
    assert [counts["done"] for counts in seen][-1] == 6 and len(seen) == 6
    found = total(store, "a")
    assert found is not None and (found["score"], found["max_score"], found["fault"]) == (2.2, 2.2, False)
    assert found["output"] == "head\npart 1.1\npart 2.1" and found["audit"] == [{"x": "1.1"}, {"x": "2.1"}]
    assert [test["number"] for test in found["tests"]] == ["1.1", "2.1"] and found["seconds"] == 1.0


def test_only_jobs_of_this_grader_lab_and_seed_are_taken(store: Store) -> None:
    store.enqueue("a", "toy", "1.", "another", 7)
    store.enqueue("a", "toy", "1.", WHO, 8)
    store.enqueue("a", "mp6", "1.", WHO, 7)
    run(store, Graders(), seed=7)
    assert store.counts() == {"waiting": 3, "running": 0, "done": 6, "fault": 0}


def test_what_waits_for_an_older_grader_is_graded_by_the_present_one_in_a_watch(store: Store) -> None:
    store.enqueue("d", "toy", "", "older", 7)
    store.store_archive("d", b"d")
    stop, graders = threading.Event(), Graders()
    ends: scheduler.OnProgress = lambda counts, job: stop.set() if not counts["waiting"] else None  # noqa: E731
    run(store, graders, watch=True, stop=stop, on_progress=ends)
    assert {part for sha256, part in graders.given if sha256 == "d"} == {"1.", "2."}


@pytest.mark.parametrize("how", ["said", "raised"])
def test_faults_are_tried_again_and_then_set_apart(store: Store, how: str) -> None:
    given = []

    def function(task: dict[str, Any]) -> dict[str, Any]:
        given.append(task["archive"])
        if task["archive"] == b"b" and task["part"] == "1.":
            if how == "raised":
                raise RuntimeError("the worker is lost")
            return {"report": {}, "fault": "RuntimeError: the worker is lost"}
        return {"report": plain(task), "fault": ""}

    run(store, function)
    assert given.count(b"b") == MOST_ATTEMPTS + 1 and given.count(b"a") == 2
    found = total(store, "b")
    assert found is not None and found["fault"] and found["score"] is None and len(found["tests"]) == 1
    assert found["faults"] == ["RuntimeError: the worker is lost"]
    jobs.enqueue_all(store, LAB, "b", 7, WHO, again=True)
    run(store, Graders())
    found = total(store, "b")
    assert found is not None and found["score"] == 2.2 and not found["fault"]


def test_a_submission_that_is_gone_or_has_changed_is_a_fault(store: Store, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work/answer.py").write_text("x")
    store.add("ada", 1.0, "changed", path=tmp_path / "work")
    store.add("bob", 1.0, "gone", path=tmp_path / "nowhere")
    for sha256 in ("changed", "gone", "unknown"):
        jobs.enqueue_all(store, LAB, sha256, 7, WHO)
    run(store, Graders())
    words = {sha256: (total(store, sha256) or {})["faults"][0] for sha256 in ("changed", "gone", "unknown")}
    assert "got other files" in words["changed"] and "nowhere" in words["gone"] and "KeyError" in words["unknown"]
    assert store.counts()["done"] == 6


def test_when_the_executor_is_gone_nothing_is_lost(store: Store) -> None:
    class Gone(Executor):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(CancelledError())
            return future

    with pytest.raises(OSError, match="expected the executor to finish"):
        run(store, Graders(), Gone())
    graders = Graders()
    run(store, graders)
    assert len(graders.given) == 6 == store.counts()["done"]


def test_two_coordinators_do_not_grade_into_one_record(store: Store) -> None:
    with store.grading(), pytest.raises(ValueError, match="expected no other process"):
        with opened(store.path) as second:
            run(second, Graders())


def test_what_is_no_submission_has_no_points_and_says_why() -> None:
    found = rows.nothing(toy.LAB, "expected a zip, got a cat")
    assert (found["score"], found["max_score"], found["fault"]) == (0, 12.1, False)
    assert "got a cat" in found["output"] and {test["cause"] for test in found["tests"]} == {"no submission"}


def test_a_program_that_fails_or_is_stopped_is_named() -> None:
    # more than a pipe holds, to a program that takes longer to start than `fresh` waits between two looks
    program = f"import sys, time; time.sleep({2 * executors.LOOK}); print(sys.stdin.read())"
    assert executors.fresh(["-c", program], b"x" * 10**6, seconds=120) == b"x" * 10**6 + b"\n"
    with pytest.raises(OSError, match="(?s)ended with 1: .*ZeroDivisionError"):
        executors.fresh(["-c", "1 / 0"])
    stop = threading.Event()
    stop.set()
    for more in ({"stop": stop}, {"seconds": 0.1}):
        with pytest.raises(OSError, match="ended with -9"):
            executors.fresh(["-c", "import time; time.sleep(60)"], **more)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_program_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    child = "import sys, time; from smallnets import executors; executors.end_with(int(sys.argv[1])); time.sleep(60)"
    parent = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}, str(os.getpid())])\n"
        "time.sleep(1); print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, cwd=registry.ROOT)
    for _ in range(1200):
        state = Path(f"/proc/{int(done.stdout)}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        threading.Event().wait(0.05)
    raise AssertionError("it goes on")
