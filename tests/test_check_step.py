"""Checks in the sandbox: passes, failures and their texts, and no effect of one check on the others."""

import dataclasses
import functools
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from autograder import registry
from autograder.grading import grade
from autograder.lab import HandIn, Lab, Report
from autograder.runner import channel, check_step, protocol, run_checks, whereabouts
from autograder.sandbox.job import Tier
from autograder.sandbox.tiers import SAFE, detect, unavailable

CHECKS = """
import importlib, random
import numpy as np
from autograder.runner.assertions import equal

def load():
    return importlib.import_module("answer")

def check_twice(that, rng):
    x = rng.normal(size=3)
    equal(that.twice(x), 2 * x, "twice")

def check_square(that, rng):
    assert that.square(3) == 9, f"square of 3: expected 9, got {that.square(3)}"

def check_state(that, rng):
    assert that.calls == [], "expected no calls before this one"
"""
FILLS = """
import os
def twice(x):
    for i in range(20):
        with open(f"{i}.bin", "wb") as file:
            file.write(bytes(8 * 2**20))
"""
NAMES = ("check_twice", "check_square", "check_state")
RIGHT = "calls = []\ndef twice(x): calls.append(x); return 2 * x\ndef square(x): return x * x\n"


@functools.cache
def tier() -> Tier:
    return detect().tier


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of labs for all tests, as what its modules import is looked up once for a folder."""
    folder = tmp_path_factory.mktemp("labs")
    (folder / "answers/grading/checks").mkdir(parents=True)
    (folder / "answers/grading/declaration.py").touch()
    (folder / "answers/grading/checks/answers.py").write_text(CHECKS)
    return folder


@pytest.fixture
def lab(labs: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Lab:
    """Two checks worth 2 and 3 points, on a file answer.py, in a folder of labs outside the checkout.

    The parameter, if any, is the seconds that a check has.
    """
    module = "labs.answers.grading.checks.answers"
    seconds = getattr(request, "param", 60)
    step = check_step.check_step("answers", module, NAMES, ("answer.py",), seconds=seconds)
    monkeypatch.setenv(registry.VARIABLE, str(labs))
    rows = [("twice, on its own", 2.0, ["check_twice"]), ("square, and nothing kept", 3.0, NAMES[1:])]
    return Lab(
        name="answers",
        title="Answers",
        hand_in=(HandIn("answer.py"),),
        load=lambda staff, seed: (None, "nothing hidden"),
        steps=(step,),
        checks=tuple(check_step.module_checks("answers", "1", rows)),
    )


CALLS = """Thread 0x00007fcef63bfb80 (most recent call first):
  File "/lib/python3.11/threading.py", line 320 in wait

Current thread 0x00007fcef63bfb81 (most recent call first):
  File "/lib/python3.11/site-packages/numpy/numeric.py", line 5 in ones
  File "/tmp/submission/answer.py", line 2 in inner
  File "/tmp/submission/answer.py", line 1 in <module>
  File "/job/autograder/runner/start.py", line 92 in main
"""


def graded(lab: Lab, folder: Path, source: str, seed: int = 0) -> Report:
    (folder / "work").mkdir(exist_ok=True)
    (folder / "work/answer.py").write_text(source)
    return grade.grade(folder / "work", lab, tier(), seed=seed, trust=True)


def words(report: Report) -> dict[str, str]:
    return {test.number: test.output for test in report.tests if test.score < test.max_score}


def test_what_is_right_gets_all_points_and_no_check_sees_another(lab: Lab, tmp_path: Path) -> None:
    report = graded(lab, tmp_path, RIGHT)
    assert words(report) == {} and report.score == 5
    assert [test.tags for test in report.tests] == [("twice",), ("square", "state")]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (("2 * x", "3 * x"), "twice: expected "),
        (("2 * x", "x[:2]"), "twice: expected shape [3], got [2]"),
        (("2 * x", "nothing"), "NameError: "),
        (("return 2", "import os; os._exit(3); return 2"), "got a program that ended with exit code 3"),
        (("return 2", "import os; os.kill(os.getpid(), 11); return 2"), "got a program that ended with exit code -11"),
        (("return 2", "exit(); return 2"), "SystemExit"),
        (("return 2", "assert False, 'mine'; return 2"), "AssertionError: mine"),
    ],
)
def test_a_mistake_costs_its_own_points_and_is_named(
    lab: Lab, tmp_path: Path, mistake: tuple[str, str], said: str
) -> None:
    found = words(graded(lab, tmp_path, RIGHT.replace(*mistake)))
    assert list(found) == ["1.1"] and said in found["1.1"]
    assert "autograder/" not in found["1.1"].split("To see ")[0], "frames of the grader"


@pytest.mark.parametrize("lab", [2], indirect=True)
def test_a_check_that_never_ends_costs_no_others(lab: Lab, tmp_path: Path) -> None:
    found = words(graded(lab, tmp_path, RIGHT.replace("return 2", "exec('while True: pass'); return 2")))
    assert list(found) == ["1.1"] and "expected the check to end within 2 seconds" in found["1.1"]
    assert re.search(r"in answer\.py, line \d+: .*exec\('while True: pass'\)", found["1.1"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that ask for a program's calls")
def test_code_that_never_ends_is_told_the_line_it_was_in(lab: Lab, tmp_path: Path) -> None:
    limits = dataclasses.replace(lab.limits, cpu_seconds=3, wall_seconds=120)
    report = graded(dataclasses.replace(lab, limits=limits), tmp_path, "import numpy as np\nwhile True: np.ones(9)\n")
    assert {test.cause for test in report.tests} == {"cpu time"}
    text = report.tests[0].output
    assert "\nIt was probably in an endless loop, in answer.py, line 2: while True: np.ones(9)\n" in text
    assert "most recent call" not in text and "start.py" not in text


@pytest.mark.parametrize(
    ("stderr", "said", "place"),
    [
        ("mine\n", "mine\n", ""),
        (f"mine\n{CALLS}", "mine\n", "answer.py, line 2: b = 2"),
        (f"{CALLS}mine\nTraceback\n", "mine\nTraceback\n", "answer.py, line 2: b = 2"),
        (CALLS.replace("line 2", "line 7"), "", "answer.py, line 1: a = 1"),
        (CALLS.replace("answer.py", "passwd"), "", ""),
    ],
    ids=["none", "at the end", "at the beginning", "a line that is not there", "another file"],
)
def test_calls_are_cut_out_of_the_error_output(stderr: str, said: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_text("a = 1\nb = 2\n")
    shown, calls = whereabouts.split(stderr)
    assert (shown, whereabouts.line(calls, {"answer.py": tmp_path / "answer.py"})) == (said, place)


def test_a_file_that_cannot_be_imported_costs_all_and_is_told_once(lab: Lab, tmp_path: Path) -> None:
    report = graded(lab, tmp_path, "import nowhere\n")
    assert report.score == 0 and {test.cause for test in report.tests} == {"exception"}
    assert "ModuleNotFoundError: " in report.tests[0].output
    assert 'File "answer.py", line 1' in report.tests[0].output


def test_inputs_are_drawn_by_the_seed_and_are_the_same_for_the_same() -> None:
    def inputs(seed: int) -> list[float]:
        rng = run_checks.generator(seed, "check_x")
        return [*rng.normal(size=3), np.random.rand()]  # noqa: NPY002, as students draw from it

    assert inputs(1) == inputs(1) != inputs(2)
    assert run_checks.generator(1, "check_x").normal() != run_checks.generator(1, "check_y").normal()


@pytest.mark.parametrize("text", ["x" * 10**6, "\N{SNOWMAN}" * 10**5, "\x00" * 10**5], ids=["ASCII", "snowmen", "NUL"])
def test_long_texts_are_cut_until_they_fit(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[bytes] = []

    def write(descriptor: int, data: memoryview) -> int:
        blocks.append(bytes(data[:1000]))
        return len(blocks[-1])

    monkeypatch.setattr(channel.os, "write", write)
    problems: Mapping[str, str] = {f"check_{i}": "begin" + text + "end" for i in range(9)}
    channel.hand_back(run_checks.layout(9), {}, problems)
    found = protocol.texts(protocol.unpack(run_checks.layout(9), b"".join(blocks))["problems"])
    assert list(found) == list(problems) and all(
        re.fullmatch("begin.*end", each, re.DOTALL) and len(each) >= 500 for each in found.values()
    )
    assert json.dumps(found)


@pytest.mark.parametrize("where", SAFE)
def test_a_check_that_fills_its_folder_is_told_the_limit(where: Tier, lab: Lab, tmp_path: Path) -> None:
    if reason := unavailable(where):
        pytest.skip(f"no {where} tier: {reason}")
    (tmp_path / "work").mkdir()
    (tmp_path / "work/answer.py").write_text(FILLS)
    first = grade.grade(tmp_path / "work", lab, where).tests[0]
    # a folder on disk cannot be full by itself, so the job is ended
    assert first.cause == ("wrong result" if where is Tier.FULL else "output flood")
    assert ("No space left on device" in first.output) == (where is Tier.FULL)
    assert "64 MB" in first.output and "16 MB" in first.output
