"""Names chosen by students: made safe to print, and compared with the expected names."""

import difflib
import re
from collections.abc import Iterable, Sequence

from autograder.text import one_line

LONGEST = 60
LIKE = 0.8  # names with at least this likeness count as alike
# additions by second downloads, by editors that hide endings, or by habit
ADDED = re.compile(r"[ _-]?\(\d+\)|[ _-]copy\d*\b|^copy of |\.txt$|[ _-]")


def shown(name: str) -> str:
    """A name that is safe in a message."""
    return one_line(name, LONGEST) or "a name of unprintable characters"


def likeness(name: str, other: str) -> float:
    """The likeness of two names, from 0 to 1; 1 if they differ only in case, separators and common additions."""
    if len(name) > 2 * LONGEST:
        return 0.0
    plain, plain_other = (ADDED.sub("", text.casefold()) for text in (name, other))
    if "." in plain and plain.split(".")[0] == plain_other.split(".")[0] and plain != plain_other:
        return 0.9  # the right name with another ending
    return difflib.SequenceMatcher(None, plain, plain_other).ratio()


def near_miss(missing: str, known: Sequence[str], found: Iterable[str]) -> str | None:
    """The path in `found` whose last part is most like a missing name; None if none is alike.

    Args:
        missing: one of `known`.
        known: all expected names; a path that is more like another of them is no near miss.
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
