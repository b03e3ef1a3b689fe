"""What of this checkout goes along where one lab is graded elsewhere: the grader, the core, files that it needs."""

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from autograder import labs
from autograder.lab import Lab

ROOT = Path(__file__).parents[1]
STAYS = {"attacks", "mutants", "solutions", "handouts", "__pycache__"}  # folders of the autograder
HIDDEN = ("*_test_*", "*secret*")  # names that git ignores too: hidden data and what decides it


def grader(lab: Lab) -> dict[str, Path]:
    """The grader without solutions, wrong solutions, attacks and whatever bears another lab's name, and smallnets.

    Returns:
        Name in the checkout -> file.
    """
    others = set(labs.names()) - {lab.name}
    found = {}
    for path in [*(ROOT / "autograder").rglob("*"), *(ROOT / "smallnets").rglob("*.py")]:
        name = path.relative_to(ROOT)
        words = {*name.parts[:-1], name.stem}
        if path.is_file() and path.suffix not in {".md", ".pyc"} and not words & (others | STAYS):
            found[name.as_posix()] = path
    return found


def matching(patterns: Iterable[str]) -> dict[str, Path]:
    """The files of the checkout that some pattern names, but nothing hidden that staff have put beside them.

    Returns:
        Name in the checkout -> file.

    Raises:
        ValueError: a pattern that names no file.
    """
    found: dict[str, Path] = {}
    for pattern in patterns:
        paths = [path for path in sorted(ROOT.glob(pattern)) if path.is_file() and "__pycache__" not in path.parts]
        if not paths:
            raise ValueError(f"expected files of the checkout named {pattern}, got none")
        shown = [path for path in paths if not any(fnmatch(path.name, hidden) for hidden in HIDDEN)]
        found |= {path.relative_to(ROOT).as_posix(): path for path in shown}
    return found
