"""The files of the checkout that grade a lab, and their hash.

A bundle and a handout hold them and more: see `commands/bundle.py` and `commands/handout.py`.
"""

import hashlib
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.lab import Lab
from autograder.packaging import imports
from autograder.packaging.imports import version
from autograder.registry import ROOT, located
from smallnets import files

HIDDEN = ("*_test_*", "*secret*")  # names of hidden data and secrets; git ignores them too


def grader(lab: Lab, programs: Sequence[str] = ("grading.grade",)) -> list[str]:
    """The files that grade one lab, relative to the checkout: those that its declaration and `programs` need.

    Args:
        programs: modules of `autograder`.

    Raises:
        ValueError: the declaration names missing files.
    """
    declared = [lab.module] if lab.module else []
    needs = matching(lab.needs)
    modules = [name for name in needs if name.endswith(".py")]  # such as the handout's, which import ours in a job
    started = [f"autograder.{name}" for name in programs]
    return sorted({*imports.needed([*started, *declared, *modules]), *needs})


def grader_hash(lab: Lab, staff: Path | None = None) -> str:
    """A hash of everything that a grade depends on except submission and seed: source files, data, versions.

    Args:
        lab: the hash depends on this lab's files and on no other lab's.
        staff: folder of hidden data, whose contents count.
    """
    paths = {name: located(name) for name in grader(lab)}
    if staff is not None:
        paths |= {f"staff/{path.relative_to(staff)}": path for path in staff.rglob("*") if path.is_file()}
    total = hashlib.sha256(f"{lab.name} {platform.python_version()} {version('numpy')} {version('torch')}".encode())
    for name in sorted(paths):
        total.update(f"\0{name}\0{files.sha256(paths[name])}".encode())
    return total.hexdigest()


def matching(patterns: Iterable[str]) -> list[str]:
    """The files that match any of these patterns, relative to the checkout, sorted.

    Python's caches, and hidden data that staff have put beside the other files, are left out.

    Raises:
        ValueError: a pattern that no file matches.
    """
    found: set[str] = set()
    for pattern in patterns:
        folder, base = _base(pattern)
        inside = pattern.removeprefix(f"{folder}/")
        paths = [path for path in base.glob(inside) if path.is_file() and "__pycache__" not in path.parts]
        if not paths:
            raise ValueError(f"expected files like {inside} in {base}, got none")
        shown = [path.relative_to(base) for path in paths if not any(path.match(name) for name in HIDDEN)]
        found.update((Path(folder) / path).as_posix() for path in shown)
    return sorted(found)


def _base(pattern: str) -> tuple[str, Path]:
    """The start of a pattern that names a lab outside the checkout, and its folder; else "" and the checkout."""
    start = "/".join(pattern.split("/")[:2])
    return ("", ROOT) if located(start) == ROOT / start else (start, located(start))
