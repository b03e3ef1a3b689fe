"""Grading one submission, with a small lab: every outcome has its cause, its words and its points."""

import dataclasses
import functools
import json
import re
from pathlib import Path

import pytest
from conftest import ROOT
from test_results_schema import SCHEMA

from autograder import __main__ as autograder
from autograder import registry
from autograder.classroom import jobs
from autograder.grading import grade
from autograder.lab import Check, Column, HandIn, Lab, Run, Step, StepFailed, Verdict, Visibility
from autograder.reports import gradescope_results, text_report
from autograder.sandbox.job import MB, Job, Limits, Tier
from autograder.sandbox.tiers import Detection, detect

RUNNER = """
import os, sys
sys.path.insert(0, "submission")
import answer
os.write(4, int(answer.answer(20)).to_bytes(8, "little", signed=True))
"""
LIMITS = Limits(cpu_seconds=1, wall_seconds=60, memory=256 * MB, address_space=1024 * MB, output=1000)


def job(run: Run) -> Job:
    files = {"submission/answer.py": run.submission.files["answer.py"]}
    if run.data == "no such file":
        files["more"] = Path("/no/such/file")
    return Job(["-c", RUNNER], files, result_bytes=8)


def read(run: Run, result: bytes) -> int:
    value = int.from_bytes(result, "little", signed=True)
    if value < 0:
        raise StepFailed("exception", "ValueError: negative")
    if value > 1000:
        raise ValueError("expected a small number")
    return value


def judge(run: Run) -> Verdict:
    value = run.results["run"].value
    return Verdict(1.0) if value == 42 else Verdict(0.5 if value == 41 else 0.0, f"expected 42, got {value}")


LAB = Lab(
    name="toy",
    title="A toy",
    hand_in=(HandIn("answer.py", functions={"answer": ("n",)}),),
    load=lambda staff, seed: (str(staff), f"data of seed {seed}"),
    steps=(Step("run", ("answer.py",), job, read),
           Step("again", ("answer.py",), job, read, after=("run",))),
    checks=(
        Check("1.10", "the answer once more", 1, ("again",), judge, Visibility.HIDDEN),
        Check("1.2", "the answer", 10, ("run",), judge, tags=("answer",)),
        Check("1.3", "the answer again", 2, ("run", "again"), judge),
    ),
    columns=(Column("value", ("run",), lambda run: run.results["run"].value),),
    limits=LIMITS,
)  # fmt: skip


@functools.cache
def best() -> Detection:
    return detect()


def submission(folder: Path, source: str | None) -> Path:
    folder.mkdir(exist_ok=True)
    if source is not None:
        (folder / "answer.py").write_text(source)
    return folder


def graded(folder: Path, source: str | None, staff: str = "data", lab: Lab = LAB) -> dict[str, tuple[float, str, str]]:
    """(score, cause, words) by number."""
    report = grade.grade(submission(folder, source), lab, best().tier, Path(staff), seed=3, trust=True)
    assert [test.number for test in report.tests] == ["1.2", "1.3", "1.10"]
    return {test.number: (test.score, test.cause, test.output) for test in report.tests}


def test_the_right_answer_gets_all_points(tmp_path: Path) -> None:
    report = grade.grade(submission(tmp_path, "def answer(n): return 42"), LAB, best().tier, seed=3, trust=True)
    assert (report.score, report.max_score, report.fault) == (13, 13, False)
    assert report.columns == (("value", 42, "high"),)
    assert "data of seed 3" in report.output and f"sandbox: {best().tier}" in report.output
    audit = report.audit
    assert audit["seed"] == 3 and audit["tier"] == best().tier and len(str(audit["submission_sha256"])) == 64
    assert [test.visibility for test in report.tests] == ["visible", "visible", "hidden"]


def test_a_wrong_answer_says_what_was_expected_and_how_to_see_it(tmp_path: Path) -> None:
    score, cause, words = graded(tmp_path, "def answer(n): return 41")["1.2"]
    assert (score, cause) == (5, "wrong result")
    command = "python -m autograder check --lab toy --only 1.2 --seed 3"
    assert words == f"expected 42, got 41\n\nTo see nearly the same, without the hidden data: {command}"


@pytest.mark.parametrize(
    ("source", "cause", "words"),
    [
        ("def answer(n): return [][n]", "exit code", "IndexError"),
        ("def answer(n): return -1", "exception", "ValueError; its words are not shown"),
        ("def answer(n): return 2000", "protocol broken", "its words are not shown"),
        ("import os\ndef answer(n): os._exit(0)", "protocol broken", "without returning"),
        ("def answer(n): print('x' * 2000, flush=True); return 42", "output flood", "wrote too much"),
        ("import os\ndef answer(n): os.kill(os.getpid(), 11)", "crash by signal", "segmentation fault"),
        ("def answer(n): return len(bytearray(2 ** 31))", "out of memory", "too much memory"),
        (None, "missing file", "expected answer.py, got no such file"),
    ],
)
def test_every_failure_has_its_cause_and_words(source: str | None, cause: str, words: str, tmp_path: Path) -> None:
    found = graded(tmp_path, source)
    assert found["1.2"][:2] == (0, cause)
    assert words in found["1.2"][2] and "python -m autograder check --lab toy --only 1.2" in found["1.2"][2]
    assert found["1.3"] == (0, cause, "see 1.2")


@pytest.mark.parametrize(
    ("source", "words"),
    [("return [][n]", "IndexError: list"), ("return -1", "ValueError: negative"), ("return 2000", "(expected a small")],
)
def test_on_data_that_students_have_the_program_is_quoted(source: str, words: str, tmp_path: Path) -> None:
    report = grade.grade(submission(tmp_path, f"def answer(n): {source}"), LAB, best().tier, trust=True)
    assert words in report.tests[0].output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "seconds", "cause"),
    [
        ("def answer(n):\n    while True: pass", 60, "cpu time"),
        ("import time\ndef answer(n): time.sleep(60)", 1, "wall time"),
    ],
)
def test_time_limits_have_their_cause(source: str, seconds: float, cause: str, tmp_path: Path) -> None:
    lab = dataclasses.replace(LAB, limits=dataclasses.replace(LIMITS, wall_seconds=seconds))
    assert graded(tmp_path, source, lab=lab)["1.2"][:2] == (0, cause)


def test_a_fault_of_the_grader_is_none_of_the_students(tmp_path: Path) -> None:
    report = grade.grade(
        submission(tmp_path, "def answer(n): return 42"), LAB, best().tier, Path("no such file"), trust=True
    )
    assert report.fault
    assert {test.cause for test in report.tests} == {"grader fault"}
    assert "Traceback" not in report.tests[0].output


def test_after_a_fault_of_the_grader_no_figure_is_told(tmp_path: Path) -> None:
    """Not even of a step that did run before the fault."""
    again = dataclasses.replace(
        LAB.steps[1], job=lambda run: dataclasses.replace(job(run), files={"more": Path("/no/such")})
    )
    lab = dataclasses.replace(LAB, steps=(LAB.steps[0], again))
    report = grade.grade(submission(tmp_path, "def answer(n): return 41"), lab, best().tier, seed=3, trust=True)
    assert report.fault and report.score == 0 and report.columns == ()
    assert {test.cause for test in report.tests} == {"grader fault"}
    assert "41" not in json.dumps(gradescope_results.document(report)["tests"])


def test_a_check_of_another_course_is_held_only_with_its_file(tmp_path: Path) -> None:
    flag, again = HandIn("advanced", required=False), dataclasses.replace(LAB.checks[0], only_with=("advanced",))
    lab = dataclasses.replace(LAB, hand_in=(*LAB.hand_in, flag), checks=(again, LAB.checks[1]))
    folder = submission(tmp_path, "def answer(n): return 42")
    without = grade.grade(folder, lab, best().tier, trust=True)
    assert [test.number for test in without.tests] == ["1.2"] and without.score == without.max_score == 10
    steps = without.audit["steps"]
    assert isinstance(steps, dict) and list(steps) == ["run", "again"]  # the second may add to what the first found
    (folder / "advanced").touch()
    assert grade.grade(folder, lab, best().tier, trust=True).max_score == 11


def with_extra_credit() -> Lab:
    """The lab with a second file, whose two checks are extra credit."""
    more = HandIn("more.py", required=False)
    step = dataclasses.replace(LAB.steps[0], name="more", files=("answer.py", "more.py"))
    extra = [Check(f"2.{k}", f"more {k}", points, ("more",), LAB.checks[0].judge, extra=True)
             for k, points in ((1, 4), (2, 6))]  # fmt: skip
    return dataclasses.replace(
        LAB, hand_in=(*LAB.hand_in, more), steps=(*LAB.steps, step), checks=(*LAB.checks, *extra)
    )


def test_extra_credit_that_was_not_handed_in_is_one_line(tmp_path: Path) -> None:
    folder = submission(tmp_path, "def answer(n): return 42")
    report = grade.grade(folder, with_extra_credit(), best().tier, trust=True)
    assert [(test.number, test.name, test.cause) for test in report.tests if test.extra] == [
        ("2", "2.1 to 2.2, extra credit", "not handed in")
    ]
    assert "more.py was not handed in; it is for extra credit" in report.tests[-1].output
    assert text_report.text(report, 80).endswith("score: 13 of 13, extra credit 0 of 10")


def test_extra_credit_comes_on_top(tmp_path: Path) -> None:
    folder = submission(tmp_path, "def answer(n): return 42")
    (folder / "more.py").touch()
    report = grade.grade(folder, with_extra_credit(), best().tier, trust=True)
    assert [test.number for test in report.tests if test.extra] == ["2.1", "2.2"]
    assert (report.score, report.max_score) == (23, 13)
    assert text_report.text(report, 80).endswith("score: 13 of 13, extra credit 10 of 10")
    plain = text_report.plain(report)
    assert (plain["score"], plain["max_score"]) == (23, 13)
    assert jobs.as_report(plain).max_score == 13


def test_a_step_may_have_limits_of_its_own(tmp_path: Path) -> None:
    step = dataclasses.replace(LAB.steps[0], limits=dataclasses.replace(LIMITS, output=5000))
    lab = dataclasses.replace(LAB, steps=(step,), checks=LAB.checks[1:2])
    folder = submission(tmp_path, "def answer(n): print('x' * 2000, flush=True); return 42")
    report = grade.grade(folder, lab, best().tier, trust=True)
    assert report.score == 10
    limits = report.audit["limits"]
    assert isinstance(limits, dict) and (limits["lab"]["output"], limits["run"]["output"]) == (1000, 5000)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line knows the toy lab, and the tier is found out once for all tests."""
    monkeypatch.setattr(registry, "load", lambda name: LAB)
    monkeypatch.setattr(registry, "names", lambda: ["toy"])
    monkeypatch.setattr(grade, "best", best)


def command(*arguments: object) -> int:
    return autograder.main(["grade", *map(str, arguments), "--lab", "toy", "--i-trust-this", "--seed", "3"])


@pytest.mark.usefixtures("toy")
def test_the_command_prints_a_report_and_writes_both_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = submission(tmp_path / "work", "def answer(n): return 41")
    assert command(folder, "--results", tmp_path / "results.json", "--json", tmp_path / "all.json") == 0
    assert capsys.readouterr().out.rstrip().endswith("score: 6.5 of 13")
    written = json.loads((tmp_path / "results.json").read_text())
    assert [test["score"] for test in written["tests"]] == [5, 1, 0.5]
    assert written["leaderboard"] == [{"name": "value", "value": 41, "order": "desc"}]
    assert json.loads((tmp_path / "all.json").read_text())["score"] == 6.5
    assert {path.name for path in tmp_path.iterdir()} == {"work", "results.json", "all.json"}


@pytest.mark.parametrize("source", ["def answer(n): return 42", "def answer(n): return [][n]", None])
def test_results_of_a_grading_fit_the_schema(source: str | None, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="the extra [dev] is not installed")
    report = grade.grade(submission(tmp_path, source), LAB, best().tier, trust=True)
    jsonschema.validate(gradescope_results.document(report), SCHEMA)


@pytest.mark.usefixtures("toy")
def test_results_say_that_nothing_was_judged_until_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    path = tmp_path / "results.json"

    def interrupted(*_: object, **__: object) -> None:
        seen.append(json.loads(path.read_text()))
        raise KeyboardInterrupt

    monkeypatch.setattr(grade, "run_job", interrupted)
    assert command(submission(tmp_path / "work", "def answer(n): return 42"), "--results", path) == 130
    assert "did not finish" in seen[0]["output"] and seen[0]["score"] == 0
    assert json.loads(path.read_text()) == seen[0]


@pytest.mark.usefixtures("toy")
def test_a_fault_ends_with_exit_code_1(tmp_path: Path) -> None:
    folder = submission(tmp_path / "work", "def answer(n): return 42")
    assert command(folder, "--staff", "no such file", "--results", tmp_path / "results.json") == 1
    assert json.loads((tmp_path / "results.json").read_text())["extra_data"]["fault"] is True


@pytest.mark.usefixtures("toy")
def test_what_is_no_submission_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path / "nothing") == 2
    assert "expected" in capsys.readouterr().err


def test_without_a_safe_sandbox_nobodys_code_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    none = {Tier.FULL: "no bubblewrap", Tier.CONTAINER: "no Landlock", Tier.UNSAFE: ""}
    for name in ("best", "detect"):
        monkeypatch.setattr(grade, name, lambda: Detection(Tier.UNSAFE, none))
    with pytest.raises(ValueError, match="no bubblewrap"):
        grade.chosen_tier(None, trust=False)
    assert grade.chosen_tier(None, trust=True) is Tier.UNSAFE
    with pytest.raises(ValueError, match="expected the full tier on this machine, got: no bubblewrap"):
        grade.chosen_tier("full", trust=True)


def test_a_lab_names_only_steps_that_it_has() -> None:
    for name in registry.names():
        lab = registry.load(name)
        steps = [step.name for step in lab.steps]
        numbers = [check.number for check in lab.checks]
        assert len(set(steps)) == len(steps) and len(set(numbers)) == len(numbers)
        assert {step for check in lab.checks for step in check.steps} <= set(steps)
        assert {name for step in lab.steps for name in step.files} <= {file.name for file in lab.hand_in}
        for k, step in enumerate(lab.steps):
            assert set(step.after) <= set(steps[:k])


def test_every_check_of_mp6_has_points_for_what_the_table_says() -> None:
    lab = registry.load("mp6")
    worth = {part: sum(check.points for check in lab.checks if check.number.startswith(f"{part}.")) for part in "123"}
    assert worth == {"1": 45, "2": 55, "3": 10}
    assert dataclasses.asdict(lab.limits)["cpu_seconds"] == 120


README = (ROOT / "autograder" / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_the_points_that_the_checks_have() -> None:
    written: dict[tuple[str, int], float] = {}
    for row in re.findall(r"^\| `(\w+)`([^|]*)((?:\|[ \d.]*){3})\|$", README, re.MULTILINE):
        for part, points in enumerate(row[2].split("|")[1:], 1):
            written |= {(row[0], part): float(points)} if points.strip() else {}
    assert written == {(check.tags[0], int(check.number[0])): check.points for check in registry.load("mp6").checks}


def test_every_option_of_grade_is_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        autograder.main(["grade", "--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    rows = "".join(re.findall(r"^\| (`--.*?) \|", README, re.MULTILINE))
    assert options == set(re.findall(r"--[a-z][a-z-]+", rows))
