"""Lint source files without running them: one line for each likely failure."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.intake import helpers
from autograder.lab import HandIn
from autograder.lint import source_text
from autograder.registry import ROOT
from autograder.text import one_line

SECONDS = 10.0  # wall time for one file, which takes hundredths of a second
MOST_NOTES, LONGEST = 20, 300  # for one file, and characters of one


def lint_files(files: Mapping[str, Path], hand_in: Sequence[HandIn]) -> list[str]:
    """Notes on the .py files among `files`, for students: "net.py, line 3: ...", or without a line.

    No code in them is run, and none can fail the grader: each is read by a process of its own.

    Args:
        files: name -> file, as `take_in` gives them.
        hand_in: their required definitions.

    Raises:
        OSError: a file cannot be read.
    """
    own = [Path(name).stem for name in files] + [name.split("/")[0] for name in files if "/" in name]
    sources = [wanted for wanted in hand_in if wanted.name in files and wanted.name.endswith(".py")]
    sources += helpers.hand_ins(files, hand_in)
    with ThreadPoolExecutor() as pool:
        notes = pool.map(lambda wanted: _lint_file(wanted, files[wanted.name].read_bytes(), own), sources)
    return [note for each in notes for note in each]


def _lint_file(wanted: HandIn, data: bytes, own: list[str]) -> list[str]:
    if problem := source_text.problem(wanted.name, data):
        return [problem]
    request = {"source": source_text.decode(data), "functions": wanted.functions, "classes": wanted.classes,
               "unwanted": wanted.unwanted}  # fmt: skip
    request["own"] = [*own, *wanted.modules, *(["."] if "/" in wanted.name else [])]
    found = _findings(json.dumps(request, default=dict))
    notes = [f"{wanted.name}, line {line}: {text}" if line else f"{wanted.name}: {text}" for line, text in found]
    more = [f"{wanted.name}: {len(notes) - MOST_NOTES} more like these"] if len(notes) > MOST_NOTES else []
    return [one_line(note, LONGEST) for note in notes[:MOST_NOTES]] + more


def _findings(request: str) -> list[tuple[int, str]]:
    """The findings of the process; if the file is too much for it, a finding that says so."""
    command = [sys.executable, "-E", "-s", "-S", "-W", "ignore", "-m", "autograder.lint"]
    try:
        done = subprocess.run(command, input=request, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return [(0, "it was not checked, as that took too long")]
    if done.returncode:
        return [(0, "it was not checked, as it is too much for Python's own parser")]
    return [(line, text) for line, text in json.loads(done.stdout)]
