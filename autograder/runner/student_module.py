"""Inside the sandbox: import students' code, and record its errors."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from smallnets.cli import StudentError
from smallnets.student import student_code

SUBMISSION = Path()  # a writable copy, in which student code runs, see `start.py`
JOB = Path(__file__).resolve().parents[2]  # our own files, read-only
HANDED_IN = JOB / "submission"  # as it was handed in, read-only: for files that we read, such as nets


def module(name: str) -> ModuleType:
    """A student's module, imported again, so that it keeps nothing from earlier calls.

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
    """Record an error in the block under a name, unless one is recorded already."""
    try:
        yield
    except (ValueError, StudentError) as error:
        text = str(error)
        for folder in (SUBMISSION.absolute(), HANDED_IN):
            text = text.replace(str(folder) + os.sep, "")
        problems.setdefault(name, prefix + text)
