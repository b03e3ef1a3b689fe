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
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
            for line in block.splitlines()]  # fmt: skip


def run(command: str, folder: Path) -> str:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(folder)}
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-20_000:]}{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.longest
def test_the_page_makes_two_labs_and_no_test_minds_them(checkout: Path) -> None:
    for path, content in FILES:
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(content, encoding="utf-8")
    run("git init -q && git add --all", checkout)
    out = {command: run(command, checkout) for command in COMMANDS}
    graded = {command: text for command, text in out.items() if " grade " in command}
    assert len(graded) == 2 and all("score: 10 of 10" in text for text in graded.values()), graded
    assert "images of staff" in next(text for command, text in graded.items() if "--staff staff" in command)
    assert [text for command, text in out.items() if command.startswith("pytest") and "2 passed" not in text] == []
    assert (checkout / "handout/labs/softmax/softmax.py").is_file() and (checkout / "softmax.zip").is_file()
    run("ruff check . && ruff format --check . && mypy ." if _has("mypy") else "true", checkout)
    assert re.search(r"^\d+ passed", run("pytest -q", checkout), re.MULTILINE)


def _has(tool: str) -> bool:
    return (Path(sys.executable).parent / tool).is_file()


def test_the_page_has_all_files_of_two_labs_and_names_no_file_that_is_not_there() -> None:
    assert [path for path, _ in FILES] == [
        "labs/softmax/softmax.py",
        "labs/softmax/grading/checks.py",
        "labs/softmax/grading/declaration.py",
        "labs/softmax/grading/handout.md",
        "labs/shapes/shapes.py",
        "labs/shapes/grading/data.py",
        "labs/shapes/grading/hidden.py",
        "labs/shapes/grading/inside.py",
        "labs/shapes/grading/declaration.py",
        "labs/shapes/grading/handout.md",
    ]
    assert len(COMMANDS) == 9
    named = set(re.findall(r"`((?:autograder|labs|tests)/[\w/.]+)`", PAGE)) - {path for path, _ in FILES}
    assert len(named) > 2 and not [path for path in named if not (ROOT / path).exists() and "softmax" not in path]
