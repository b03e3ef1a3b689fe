"""The labs that can be graded: folders with a `grading/declaration.py`, in the checkout's `labs/` or a course's own.

The environment variable SMALLNETS_LABS names folders with a course's own labs, each in `DIR/<lab>/`. Their files are
named as if they lay in the checkout (`labs/<lab>/...`), their modules too (`labs.<lab>....`).
"""

import argparse
import contextlib
import dataclasses
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from autograder.lab import Lab

ROOT = Path(__file__).parents[1]
VARIABLE = "SMALLNETS_LABS"


def folders() -> dict[str, Path]:
    """The name of each lab -> its folder, sorted by name.

    Raises:
        ValueError: a folder of SMALLNETS_LABS is not there, or two labs have one name.
    """
    found: dict[str, Path] = {}
    for parent in parents():
        if not parent.is_dir():
            raise ValueError(f"expected {VARIABLE} or --labs to name folders with labs, got {parent}")
        for path in parent.glob("*/grading/declaration.py"):
            name = path.parts[-3]
            if name in found:
                raise ValueError(f"expected one lab named {name}, got {found[name]} and {path.parents[1]}")
            found[name] = path.parents[1]
    return dict(sorted(found.items()))


def parents() -> list[Path]:
    """The folders that hold labs: the checkout's, if it has one, and those of SMALLNETS_LABS."""
    own = [Path(text).absolute() for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]
    here = ROOT / "labs"
    return list(dict.fromkeys([*([here] if here.is_dir() else []), *own]))


def names() -> list[str]:
    """The names of all labs, sorted."""
    return list(folders())


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add `--lab`; where there is only one lab, as in a handout, it may be left out."""
    there = names()
    default = there[0] if len(there) == 1 else None
    parser.add_argument("--lab", required=default is None, default=default, help=f"one of {', '.join(there)}")


def load(name: str) -> Lab:
    """A lab by its name; raises ValueError for an unknown one."""
    if name not in folders():
        raise ValueError(f"expected a lab among {', '.join(names())}; got {name}")
    # a plain list, as the path of a namespace package is recomputed with every change of sys.path
    sys.modules.setdefault("labs", ModuleType("labs")).__path__ = [str(parent) for parent in parents()]
    module = f"labs.{name}.grading.declaration"
    lab: Lab = importlib.import_module(module).LAB
    return dataclasses.replace(lab, module=module, hidden=_hidden(name))


def _hidden(name: str) -> Callable[[bytes, Path], None] | None:
    """The function of a lab that makes its hidden data; None if the lab has none, or is in students' hands."""
    if not (folders()[name] / "grading/hidden.py").is_file():
        return None

    def write(secret: bytes, folder: Path) -> None:
        # imported only here: no other program needs it, so no handout and no bundle has it
        importlib.import_module(f"labs.{name}.grading.hidden").write(secret, folder)

    return write


def located(name: str) -> Path:
    """The path of a file or folder named relative to the checkout, such as "labs/<lab>/net.py"."""
    first, _, rest = name.partition("/")
    lab, _, inside = rest.partition("/")
    folder = folders().get(lab) if first == "labs" and lab else None
    return ROOT / name if folder is None else folder / inside


@contextlib.contextmanager
def also_in(folder: Path | None) -> Iterator[None]:
    """Add a folder of labs, for this process and those that it starts, while the block runs."""
    before = os.environ.get(VARIABLE)
    try:
        if folder is not None:
            os.environ[VARIABLE] = os.pathsep.join([str(folder.absolute()), *([before] if before else [])])
        yield
    finally:
        if folder is not None:
            os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})
