"""The page on adding a lab, followed to the letter in a copy of the checkout."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PAGE = (ROOT / "autograder/ADDING_A_LAB.md").read_text(encoding="utf-8")
FILES = re.findall(r"^`(\S+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(command: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
    }
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_the_page_makes_a_sixth_lab(checkout: Path) -> None:
    for path, content in FILES:
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(content, encoding="utf-8")
    (commands,) = COMMANDS
    out = {command: run(command, checkout) for command in commands.splitlines()}
    graded, written, packed, tested = out.values()
    assert "score: 10 of 10" in graded and "2 passed" in tested
    assert (checkout / "handout/labs/softmax/softmax.py").is_file() and (checkout / "softmax.zip").is_file()
    assert "written: softmax.zip" in packed and "written: handout" in written
    run("ruff check . && ruff format --check . && mypy labs/softmax/grading" if _has("mypy") else "true", checkout)


def _has(tool: str) -> bool:
    return (Path(sys.executable).parent / tool).is_file()


def test_the_page_has_five_steps_of_four_files_and_one_block_of_commands() -> None:
    assert len(re.findall(r"^## \d", PAGE, re.MULTILINE)) == 5
    assert [path for path, _ in FILES] == [
        "labs/softmax/softmax.py",
        "labs/softmax/grading/checks.py",
        "labs/softmax/grading/declaration.py",
        "labs/softmax/grading/handout.md",
    ]
    assert len(COMMANDS) == 1
