"""The files that two students share, with the student who came first, for staff."""

from collections.abc import Sequence
from typing import NamedTuple

from autograder.classroom import similarity
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.received import Source
from autograder.classroom.rows import Registered
from autograder.lab import Lab


class Shared(NamedTuple):
    """A file that two students share, and which of them came first, "" if that is unknown."""

    pair: similarity.Pair
    first: str


def shared_work(registered: Sequence[Registered], lab: Lab) -> list[Shared]:
    """The files that two students share, with the student who came first, where both times are known."""
    groups: dict[object, Registered] = {}
    for each in registered:
        # the members of a group hand in one submission; a record knows no path
        key = (each.handed_in.path, each.handed_in.loose) if each.handed_in.path.name else each.handed_in.student
        groups.setdefault(key, each)
    people = {each.handed_in.student: each for each in groups.values()}
    found = similarity.pairs({student: each.works for student, each in people.items()}, similarity.given(lab))
    return [Shared(pair, _first([people[student].handed_in for student in pair.students])) for pair in found]


def _first(pair: Sequence[HandedIn]) -> str:
    """The student of the earlier submission; "" if a time is unknown or both are the same."""
    times = {each.received for each in pair}
    if len(times) < 2 or any(each.source is Source.DISK for each in pair):
        return ""
    return min(pair, key=lambda each: each.received).student
