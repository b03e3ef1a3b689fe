"""Student code in a job behaves as on the student's own computer: it writes files, starts threads, sets up torch."""

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from graded import lost

from autograder import registry
from autograder.explanations import TO_SEE
from autograder.grading import grade, pipeline
from autograder.intake.copy_files import copy_own
from autograder.lab import Report
from autograder.packaging import imports
from autograder.runner import start
from autograder.sandbox import direct, tiers
from autograder.sandbox.job import Cause, Job, Tier
from autograder.sandbox.run import run

WRITES = """
import os, pathlib, threading, time
here = pathlib.Path(__file__).parent
assert here == pathlib.Path.cwd(), (here, os.getcwd())
os.makedirs("out/deep")
for path in ("out/deep/log.txt", here / "beside.txt", pathlib.Path.home() / "home.txt", "handed_in.txt"):
    pathlib.Path(path).write_text("written")
threading.Thread(target=time.sleep, args=(1000,)).start()
"""
TAMPERS = """
import contextlib, os
for folder, _, names in os.walk(os.environ["JOB"]):
    for name in names:
        with contextlib.suppress(OSError):
            open(os.path.join(folder, name), "w").write("mine too")
            print("changed", name)
    with contextlib.suppress(OSError):
        open(os.path.join(folder, "new.py"), "w")
        print("added to", folder)
"""
PROGRAM = """
import importlib, os, sys
from autograder.runner import student_module

def main():
    sys.path.insert(0, os.getcwd())
    os.environ["JOB"] = str(student_module.JOB)
    importlib.import_module("answer")
    os.write(4, (student_module.HANDED_IN / "handed_in.txt").read_bytes())
"""
WHERE = ("full", "container", "unsafe", "direct")
Grade = Callable[[Path], Report]


def job(tmp_path: Path, answer: str) -> Job:
    """A job as the labs make it: our modules, and a submission of two files."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "answer.py").write_text(answer)
    (tmp_path / "handed_in.txt").write_text("mine")
    ours = {name: ROOT / name for name in imports.needed(["autograder.runner.start"], started=False)}
    files = ours | {"program.py": tmp_path / "program.py"}
    files |= {f"submission/{name}": tmp_path / name for name in ("answer.py", "handed_in.txt")}
    return Job(["-m", "autograder.runner.start", "program"], files, result_bytes=4)


def test_a_submission_may_write_and_leave_a_thread_while_what_was_handed_in_stays(tmp_path: Path) -> None:
    outcome = direct.run(job(tmp_path, WRITES))
    assert outcome.cause is Cause.OK, outcome
    assert outcome.result == b"mine"


def test_the_error_of_a_program_has_the_frames_of_libraries_folded(tmp_path: Path) -> None:
    outcome = direct.run(job(tmp_path, "import json\njson.loads('{')\n"))
    assert outcome.cause is Cause.EXIT_CODE and "json/" not in outcome.stderr, outcome
    assert re.search(
        r"/submission/answer.py\", line 2, in <module>\n(.*\n){1,2}  \.\.\. \d frames in Python\n", outcome.stderr
    )
    assert outcome.stderr.splitlines()[-1].startswith("json.decoder.JSONDecodeError: ")


@pytest.mark.parametrize("tier", tiers.SAFE)
def test_a_submission_cannot_change_our_modules_or_what_was_handed_in(tier: Tier, tmp_path: Path) -> None:
    if reason := tiers.unavailable(tier):
        pytest.skip(f"no {tier} tier: {reason}")
    outcome = run(job(tmp_path, TAMPERS), tier)
    assert (outcome.cause, outcome.result, outcome.stdout) == (Cause.OK, b"mine", ""), outcome


@contextlib.contextmanager
def grades(where: str, folder: Path) -> Iterator[Grade]:
    """A function that grades a zip of MP6's part 1 in a tier; skips the test if this machine lacks it."""
    lab = pipeline.only(registry.load("mp6"), "1.")
    if where == "direct":

        def check(path: Path) -> Report:
            files = {hand_in.name: path / hand_in.name for hand_in in lab.hand_in if (path / hand_in.name).is_file()}
            taken = copy_own(files, lab.hand_in, folder)
            return pipeline.judge(taken, lab, lab.loaded(None, 1), direct.run, "none", 1)

        yield check
        return
    tier = Tier(where)
    if reason := tiers.unavailable(tier):
        pytest.skip(f"no {tier} tier: {reason}")
    yield lambda path: grade.grade(path, lab, tier, seed=1, trust=True)


TORCH = """
import torch
torch.set_num_threads(64)
torch.set_num_interop_threads(8)
torch.multiprocessing.set_start_method("spawn")
"""
SAVES = """
    import matplotlib.pyplot as plt
    torch.save(net.state_dict(), "net_p1.model")
    torch.save(net.state_dict(), os.path.join(os.path.dirname(__file__), "again.model"))
    plt.plot(losses)
    plt.show()
    plt.savefig("losses.png")
    os.makedirs("runs", exist_ok=True)
    return losses"""


@pytest.mark.slow
@pytest.mark.parametrize("where", WHERE)
def test_each_tier_gives_all_points_to_work_that_writes_and_sets_up_torch(where: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    source = (ROOT / "neuralnet_p1.py").read_text()
    assert "\n    return losses" in source
    begun = "import os, threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n" + TORCH
    (work / "neuralnet_p1.py").write_text(begun + source.replace("\n    return losses", SAVES))
    (work / "net_p1.model").write_bytes((ROOT / "models/reference/net_p1.model").read_bytes())
    with grades(where, tmp_path / "taken") as judged:
        report = judged(work)
    assert lost(report) == {}, report
    assert len(report.tests) == 12


def test_a_call_for_once_a_process_may_be_repeated_but_its_first_error_is_the_students() -> None:
    got = []

    def call(number: int) -> None:
        if number < 1:
            raise ValueError("expected a positive number")
        got.append(number)

    once = start.repeatable(start.bounded(call, 2))
    with pytest.raises(ValueError, match="positive"):
        once(0)
    once(64)
    once(1)
    assert got == [2]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["raises", "is wrong"])
def test_the_command_in_a_report_shows_the_same(fault: str, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    source = (ROOT / "neuralnet_p1.py").read_text()
    edits = {"raises": ("return losses, yhats.numpy(), net", "return [][3]"), "is wrong": ("argmax", "argmin")}
    assert edits[fault][0] in source
    (tmp_path / "work/neuralnet_p1.py").write_text(source.replace(*edits[fault]))
    with grades("full", tmp_path) as judged:
        first = next(iter(lost(judged(tmp_path / "work")).values()))
    words, _, command = first.partition(f"{TO_SEE}the same: ")
    assert command.startswith("python -m autograder check --lab mp6 --only 1.")
    done = subprocess.run(
        [sys.executable, *command.split()[1:], str(tmp_path / "work")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1, done
    assert words.split() and set(words.split()) <= set(done.stdout.split()), (words, done.stdout)
