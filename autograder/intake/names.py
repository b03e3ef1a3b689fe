"""Names that students chose: made safe to print, and compared with the names that were asked for."""

import difflib
import re
from collections.abc import Iterable, Sequence

from autograder.text import one_line

LONGEST = 60
LIKE = 0.8  # two names of this ratio or more count as alike
# what a second download, an editor that hides endings or a habit adds to a name
ADDED = re.compile(r"[ _-]?\(\d+\)|[ _-]copy\d*\b|^copy of |\.txt$|[ _-]")


def shown(name: str) -> str:
    """A name as it may stand in a message."""
    return one_line(name, LONGEST) or "a name of unprintable characters"


def likeness(name: str, other: str) -> float:
    """From 0 to 1; 1 if two names differ in case, separators and common additions only."""
    if len(name) > 2 * LONGEST:
        return 0.0
    plain, plain_other = (ADDED.sub("", text.casefold()) for text in (name, other))
    if "." in plain and plain.split(".")[0] == plain_other.split(".")[0] and plain != plain_other:
        return 0.9  # the right name with another ending
    return difflib.SequenceMatcher(None, plain, plain_other).ratio()


def near_miss(missing: str, known: Sequence[str], found: Iterable[str]) -> str | None:
    """The path in `found` whose last part comes closest to a missing name; None if none is alike.

    Args:
        missing: one of `known`.
        known: all names that were asked for; what is more like another of them is no near miss of this one.
        found: paths with forward slashes.
    """
    best, best_rank = None, (LIKE, -1000)
    for path in found:
        name = path.rstrip("/").rsplit("/", 1)[-1]
        like = likeness(name, missing)
        rank = (like, -path.count("/"))
        if rank > best_rank and all(like >= likeness(name, other) for other in known):
            best, best_rank = path, rank
    return best
