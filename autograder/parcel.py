"""What of the checkout goes along where one lab is graded elsewhere: in the students' hands, or on a platform."""

from collections.abc import Iterable
from pathlib import Path

from autograder import labs
from autograder.lab import Lab

ROOT = Path(__file__).parents[1]
# what only this checkout needs: solutions and wrong ones, attacks, and the commands of staff
COMMANDS = ("bundle.py", "doctor.py", "emulate.py", "handout.py", "hidden.py", "skeleton.py")
FOLDERS = ("attacks", "board", "classroom", "handouts", "mutants", "platform", "solutions")
OURS_ALONE = (*COMMANDS, *FOLDERS, "ADDING_A_LAB.md", "LABS.md", "README.md", "SCOREBOARD.md")
HIDDEN = ("*_test_*", "*secret*")  # names that git ignores too: hidden data and what decides it


def grader(lab: Lab) -> list[str]:
    """The files that grade one lab and no other, relative to the checkout: autograder, smallnets, the lab's needs."""
    others = [name for name in labs.names() if name != lab.name]
    left = {*OURS_ALONE, *others, *(f"labs/{name}.py" for name in others)}
    files = [path for folder in ("autograder", "smallnets") for path in matching([f"{folder}/**/*"])]
    kept = [path for path in files if not _beneath(path.removeprefix("autograder/"), left)]
    return sorted({*kept, *matching(lab.needs)})


def matching(patterns: Iterable[str]) -> list[str]:
    """The files that match any of these patterns, relative to the checkout, sorted.

    Left out are what Python has cached, and hidden data that staff have put beside the rest.

    Raises:
        ValueError: a pattern that no file matches.
    """
    found: set[str] = set()
    for pattern in patterns:
        paths = [path for path in ROOT.glob(pattern) if path.is_file() and "__pycache__" not in path.parts]
        if not paths:
            raise ValueError(f"expected files like {pattern} in {ROOT}, got none")
        shown = [path for path in paths if not any(path.match(name) for name in HIDDEN)]
        found.update(path.relative_to(ROOT).as_posix() for path in shown)
    return sorted(found)


def _beneath(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)
