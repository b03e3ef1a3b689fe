"""What every runner does inside the sandbox: read what it was given, call students' code, hand back a message.

Nothing here is a defence, as students' code shares the process: what is handed back is theirs to write.
"""

import contextlib
import importlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from autograder.frame import Layout, pack
from autograder.sandbox.fds import INPUT_FD, RESULT_FD
from smallnets.cli import StudentError
from smallnets.student import student_code

SUBMISSION = Path("submission")
MOST_TEXT = 4_000  # characters of one problem


def given() -> dict[str, NDArray]:
    """The arrays that the grader sent."""
    with open(INPUT_FD, "rb", closefd=False) as file, np.load(io.BytesIO(file.read()), allow_pickle=False) as arrays:
        return dict(arrays)


def hand_back(layout: Layout, values: Mapping[str, NDArray | bytes], problems: Mapping[str, str]) -> None:
    """Write the message, with the problems as the JSON text of its part "problems"; each is cut if need be."""
    cut = {name: text if len(text) <= MOST_TEXT else "...\n" + text[-MOST_TEXT:] for name, text in problems.items()}
    data = memoryview(pack(layout, {**values, "problems": json.dumps(cut).encode()}))
    while data:
        data = data[os.write(RESULT_FD, data) :]


def module(name: str) -> ModuleType:
    """A student's module, imported anew, so that what it keeps between calls starts afresh.

    Raises:
        StudentError: importing it fails.
        ValueError: it has no fit.
    """
    folder = str(SUBMISSION.absolute())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    sys.modules.pop(name, None)
    with student_code(path_of(name)):
        found = importlib.import_module(name)
    if not callable(getattr(found, "fit", None)):
        raise ValueError(f"expected a function fit in {name}.py, got none")
    return found


def path_of(name: str) -> str:
    """The path of a student's module."""
    return str((SUBMISSION / f"{name}.py").absolute())


@contextlib.contextmanager
def noted(problems: dict[str, str], name: str, prefix: str = "") -> Iterator[None]:
    """Note what goes wrong in the block under a name, unless something is noted there already."""
    try:
        yield
    except (ValueError, StudentError) as error:
        text = str(error).replace(str(SUBMISSION.absolute()) + os.sep, "")
        problems.setdefault(name, prefix + text)
