"""What people see while it runs: a bar on a terminal; in a file a line for each step, and for each submission."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from course import TOY, command, course, environment, grade_class, hand_in
from graded import tier

from autograder import registry
from autograder.sandbox import tiers

RIGHT = "def answer(n): return 42"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A course of one lab, with right work in it."""
    there = course(tmp_path / "course")
    (there / TOY).parents[1].joinpath("answer.py").write_text(RIGHT)
    return there


def on_a_terminal(line: list[str], folder: Path) -> str:
    """What a command shows on a terminal."""
    import termios  # which Windows lacks

    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with subprocess.Popen(line, cwd=folder, env=environment(folder), stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 2**16):
                shown += block
        except OSError:  # Linux's word for an end
            pass
    os.close(ours)
    return shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_check_says_which_step_runs(folder: Path) -> None:
    line = [sys.executable, "-m", "autograder", "check", str(folder / "labs/toy")]
    done = subprocess.run(line, cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("run (1 of 1)\n") and done.stderr == "", done
    shown = on_a_terminal(line, folder)
    assert re.search(r"run: +0%.* 0/1 ", shown) and "(1 of 1)" not in shown and "score: 12.1 of 12.1" in shown


def test_every_step_has_words_for_people() -> None:
    for name in ("batchnorm", "beras", "mp6", "numpy_to_cnn", "quickdraw"):  # a course's own lab may leave them out
        titles = [step.title for step in registry.load(name).steps]
        assert all(re.search("checks|training|predictions|images|model files", title) for title in titles), titles
        assert len(set(titles)) == len(titles)


@pytest.mark.skipif(sys.platform == "win32", reason="a class is graded on Linux and macOS")
def test_a_class_has_a_line_for_each_submission_as_it_is_graded(folder: Path) -> None:
    if tier() not in tiers.SAFE:
        pytest.skip("no safe tier of the sandbox on this machine")
    for student, source in {"ada": RIGHT, "bob": "def answer(n): return 41", "cyd": RIGHT}.items():
        hand_in(folder, student, source)
    lines = [line for line in grade_class(folder).splitlines() if re.search(r", \d+\.\d s$", line)]
    assert sorted(re.sub(r"[\d.]+ s$", "", line) for line in lines) == [
        "ada, cyd: 12.1 of 12.1, ", "bob: 3.63 of 12.1, ",
    ]  # fmt: skip
    hand_in(folder, "bob", RIGHT + "  # at last")
    shown = on_a_terminal(command(folder), folder)
    assert re.search(r"grading: +\d+%.*job", shown) and "bob: " not in shown and "1 jobs graded now" in shown
