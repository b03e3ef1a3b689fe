"""A course of one lab, the toy, in a checkout of its own, and its class graded from the command line."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

FOLDERS = ("autograder", "smallnets")
TOY = "labs/toy/grading/declaration.py"


def course(folder: Path) -> Path:
    """What grading needs of this checkout, with the toy as one more lab."""
    for name in FOLDERS:
        # compiled modules go along: those of a copy are good as long as its times are the same
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("mutants", "solutions"))
    (folder / TOY).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "tests/toy.py", folder / TOY)
    (folder / "all").mkdir()
    return folder


def hand_in(folder: Path, student: str, source: str) -> None:
    """A student's folder in the course's folder `all`."""
    (folder / "all" / student).mkdir(exist_ok=True)
    (folder / "all" / student / "answer.py").write_text(source)


def command(folder: Path, *arguments: object, submissions: bool = True) -> list[str]:
    """The command line that grades the class."""
    start = [sys.executable, "-m", "autograder", "class", *["all"] * submissions]
    return [*start, "--lab", "toy", "--out", "grades", "--seed", "3", *map(str, arguments)]


def environment(folder: Path) -> dict[str, str]:
    """Where its modules are found, before this checkout's."""
    return os.environ | {"PYTHONPATH": str(folder)}


def grade_class(folder: Path, *arguments: object, code: int = 0, submissions: bool = True) -> str:
    """Grade the class; returns what was printed."""
    words = command(folder, *arguments, submissions=submissions)
    done = subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def grades(folder: Path, where: str = "grades") -> dict[str, dict[str, str]]:
    """The sheet, by student."""
    with open(folder / where / "grades.csv", encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}
