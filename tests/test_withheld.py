"""No text of a program that got hidden data carries that data to its author, and what may be said is still said."""

import json
from pathlib import Path

import numpy as np
import pytest
from forged import Write, judged, made_up, names_of_problems
from test_forged_messages import every_lab, loaded
from test_grade import LIMITS, best, submission

from autograder import registry
from autograder.grading import grade, withheld
from autograder.lab import Check, HandIn, Lab, Run, Step, StepFailed, Verdict, Visibility
from autograder.reports import gradescope_results, text_report
from autograder.runner.protocol import Array, Layout, pack, texts
from autograder.sandbox.job import Cause, Job, Outcome, Tier
from smallnets import tracebacks

SECRET = "p1xe1s"
RUNNER = """
import json, os, sys, traceback
sys.path.insert(0, "submission")
import answer
text = ""
try:
    answer.answer(os.read(3, 100).decode())
except Exception:
    text = traceback.format_exc()
os.write(4, json.dumps({"problem": text}).encode().ljust(9000))
"""


def job(run: Run) -> Job:
    files = {"submission/answer.py": run.submission.files["answer.py"]}
    return Job(["-c", RUNNER], files, SECRET.encode(), result_bytes=9000)


def read(run: Run, result: bytes) -> str:
    problem = texts(result)["problem"]
    if "KeyError" in problem:
        raise StepFailed("exception", problem)
    return problem


def lab(visibility: Visibility = Visibility.VISIBLE, sees_hidden: bool = True) -> Lab:
    """A lab whose one check shows the traceback of a program that got a secret."""
    return Lab(
        name="mp6",
        title="A lab",
        hand_in=(HandIn("answer.py"),),
        load=lambda staff, seed: (None, ""),
        steps=(Step("run", ("answer.py",), job, read, sees_hidden=sees_hidden),),
        checks=(Check("1.1", "runs", 1, ("run",), lambda run: verdict(run), visibility),),
        limits=LIMITS,
    )


def verdict(run: Run) -> Verdict:
    problem = run.results["run"].value
    return Verdict(0 if problem else 1, f"it failed: {problem}" if problem else "")


def output(folder: Path, body: str, of: Lab, staff: Path | None = Path("staff")) -> str:
    """The text of the check on a program with this body, which knows `secret`."""
    source = f"import os, sys\ndef answer(secret):\n    {body}\n"
    report = grade.grade(submission(folder, source), of, best().tier, staff, trust=True)
    assert report.score == 0 and not report.fault
    assert (SECRET in json.dumps(gradescope_results.document(report))) == (SECRET in report.tests[0].output)
    assert (SECRET in text_report.text(report, 100)) == (SECRET in report.tests[0].output)
    return report.tests[0].output


LEAKS = {
    "a message": "raise ValueError(secret)",
    "a message of a step that failed": "raise KeyError(secret)",
    "the name of an exception": "raise type(secret, (Exception,), {})()",
    "the name of an attribute": "getattr(os, secret)",
    "the name of a function": "exec(f'def {secret}(): 1/0\\n{secret}()')",
    "the name of a file": "exec(compile('1/0', secret + '.py', 'exec'))",
    "a file that cannot be opened": "open(secret)",
    "a cause": "raise ValueError from KeyError(secret)",
    "a note": "error = ValueError(); error.add_note(secret); raise error",
    "a hint": "raise ValueError(f'x\\nHint: {secret}')",
    "stderr": "print(secret, file=sys.stderr); sys.exit(3)",
    "stdout": "print(secret, flush=True); sys.exit(3)",
    "the result": "os.write(4, secret.encode()); os._exit(0)",
}


@pytest.mark.parametrize("body", LEAKS.values(), ids=LEAKS.keys())
def test_no_text_carries_a_secret_out(body: str, tmp_path: Path) -> None:
    found = output(tmp_path, body, lab())
    assert SECRET not in found
    assert "python -m autograder check --lab mp6 --only 1.1" in found


def test_no_exit_code_carries_a_secret_out(tmp_path: Path) -> None:
    assert "exit code unknown" in output(tmp_path, "os._exit(77)", lab())
    assert "exit code 77" in output(tmp_path, "os._exit(77)", lab(), staff=None)


def test_a_check_that_students_see_later_shows_nothing_of_a_program_either(tmp_path: Path) -> None:
    later = lab(Visibility.AFTER_DUE_DATE)
    assert SECRET not in output(tmp_path, LEAKS["a message"], later, staff=None)


def test_a_program_without_hidden_data_is_quoted(tmp_path: Path) -> None:
    assert f"ValueError: {SECRET}" in output(tmp_path, LEAKS["a message"], lab(), staff=None)
    assert f"ValueError: {SECRET}" in output(tmp_path, LEAKS["a message"], lab(sees_hidden=False))


def test_the_type_of_an_exception_and_its_line_are_still_told(tmp_path: Path) -> None:
    found = output(tmp_path, LEAKS["a message"], lab())
    assert "ValueError in answer.py, line 3: raise ValueError(secret); its words are not shown" in found


def told(text: str, path: Path) -> str:
    return withheld.told(text, {"net.py": path}, withheld.sentences("mp6"))


def test_only_sentences_and_hints_of_ours_are_told_whole(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("x = 1\nx.cuda()\n")
    error = 'Traceback:\n  File "/tmp/job/submission/net.py", line 2, in <module>\nRuntimeError: no GPU'
    assert told("net.eval() was not called", tmp_path / "net.py") == "net.eval() was not called"
    assert told("net.eval() was not called.", tmp_path / "net.py") == withheld.NOT_SHOWN
    assert told("", tmp_path / "net.py") == ""
    line = f"RuntimeError in net.py, line 2: x.cuda(); {withheld.NOT_SHOWN}"
    assert told(error, tmp_path / "net.py") == line
    assert told(f"{error}\n{tracebacks.HINT}{tracebacks.NO_GPU}", tmp_path / "net.py") == (
        f"{line}\n{tracebacks.HINT}{tracebacks.NO_GPU}"
    )
    assert told(f"{error}\n{tracebacks.HINT}17 29 3", tmp_path / "net.py") == line
    assert told(error.replace("line 2", "line 3"), tmp_path / "net.py") == f"RuntimeError; {withheld.NOT_SHOWN}"


def zeros(layout: Layout, problems: dict[str, str]) -> bytes:
    """A message of zeros and these problems."""
    values = {part.name: np.zeros(part.shape) for part in layout if isinstance(part, Array)}
    return pack(layout, values | {"problems": json.dumps(problems).encode()})


@every_lab
@pytest.mark.usefixtures("sketches")
def test_no_check_of_a_lab_shows_a_text_of_a_program_with_hidden_data(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = registry.load(name)
    files, data = made_up(own, tmp_path), loaded(own)
    quoted = {step.name for step in own.steps if not step.sees_hidden}

    def shown(write: Write) -> list[str]:
        report = judged(own, files, data, write, monkeypatch, hidden=True)
        return [test.output for test in report.tests if SECRET in test.output]

    for problem in (key for key in names_of_problems(own) if not key.startswith("check_")):
        told = {problem: f"it is {SECRET}"}
        assert shown(lambda step, layout, told=told: zeros(layout, {} if step in quoted else told)) == []  # type: ignore[misc]

    def fails(step: str, layout: Layout) -> Outcome | bytes:
        return zeros(layout, {}) if step in quoted else Outcome(Cause.EXIT_CODE, Tier.FULL, stderr=SECRET)

    assert shown(fails) == []
