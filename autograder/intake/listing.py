"""Which names of a folder or archive count as a submission: a folder and an archive of it list the same."""

from collections.abc import Callable, Collection, Iterable

from autograder.intake.names import shown

MOST_ENTRIES = 500  # names at the top, and of each folder
MOST_LISTED = 5000  # names in all folders together
MOST_NAMED = 3  # of the names in a note
# added by systems and editors, as are names that begin with a dot; `grading` comes with the handout
CLUTTER = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini", "grading"}


def walked(children: Callable[[str], Iterable[str]], depth: int, most: int = MOST_ENTRIES) -> list[str]:
    """The paths in a folder, its own first, then those of its folders, down to `depth` folders; no clutter.

    Args:
        children: folder, such as "" or "a/b/" -> the names in it; those of folders end with a slash.
        most: of each folder inside, no more names than this are listed; of all together, at most MOST_LISTED.
    """
    found: list[str] = []
    level = [""]
    for _ in range(depth + 1):
        below: list[str] = []
        for folder in level:
            if len(found) + len(below) >= MOST_LISTED:
                break
            names = sorted(name for name in children(folder) if not is_clutter(name))
            below += [folder + name for name in (names[:most] if folder else names)]
        found += below
        level = [path for path in below if path.endswith("/")]
    return found[:MOST_LISTED]


def is_clutter(name: str) -> bool:
    """Whether no lab has files or folders of this name."""
    name = name.rstrip("/")
    return name in CLUTTER or name.startswith(".")


def some(names: Collection[str]) -> str:
    """A few of some names, safe to show, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(shown, sorted(names)[:MOST_NAMED])) + more
