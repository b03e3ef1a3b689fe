"""From graded uploads to places and points, as the lab declares. Nothing here reads a clock, a file or a request.

Values measured on hidden data are shown in steps, so that many uploads do not reveal the labels."""

import dataclasses
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from autograder.board.declared import columns, deciding
from autograder.board.estimates import climbed, wilson
from autograder.lab import Lab, Ranking


@dataclasses.dataclass(frozen=True)
class Entry:
    """A graded upload: its owner, its time in seconds since the epoch, and its values by name of the column.

    `number` decides which of two uploads is the earlier, as a clock may have been set back between them. `broken` has
    the numbers of the rules it breaks; `review` says that another student handed in one of its files before.
    """

    key: str
    name: str
    received: float
    values: Mapping[str, float]
    late: bool = False
    kind: str = "student"  # or "baseline", which is shown but takes no place
    number: int = 0  # counts uploads in the order of their arrival
    broken: tuple[str, ...] = ()
    review: bool = False

    @property
    def note(self) -> str:
        """Why the upload can get no place, in a word or two: "rule 2.4" or "review"; "" if it can."""
        if self.broken:
            return f"{'rules' if len(self.broken) > 1 else 'rule'} {', '.join(self.broken)}"
        return "review" if self.review else ""


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the board; `place` and `points` are None where there are none, and `note` then says why."""

    key: str
    name: str
    kind: str
    place: int | None
    values: Mapping[str, float]
    points: float | None = None
    interval: tuple[float, float] | None = None
    received: float | None = None
    late: bool = False
    number: int = 0
    tied: bool = False  # others have the same place
    note: str = ""


def shown_values(lab: Lab, entries: Iterable[Entry]) -> list[tuple[Entry, float | None]]:
    """A student's uploads in order, each with the value that it put on the board; None if it put none there."""
    column, step = deciding(lab, False), lab.ranking.step if lab.ranking else 0.0
    ordered = sorted((e for e in entries if column.name in e.values), key=lambda entry: entry.number)
    climbs = climbed([entry.values[column.name] for entry in ordered], step, column.better)
    return list(zip(ordered, climbs, strict=True))


def standing(lab: Lab, entries: Iterable[Entry]) -> Entry | None:
    """The upload that counts for a student, with the value shown for it; None if no upload has a value.

    It is the last one that climbed. Late uploads count only for students who have no points without them.
    """
    column, entries = deciding(lab, False), list(entries)
    found: dict[bool, Entry | None] = {}
    for late in (False, True):
        if lab.ranking is None:  # no step between values: the best by all columns in their order, then the earliest
            group = [entry for entry in entries if entry.late == late and column.name in entry.values]
            found[late] = min(group, key=lambda entry: _order(lab, entry), default=None)
            continue
        climbs = shown_values(lab, [entry for entry in entries if entry.late == late])
        last = [(entry, value) for entry, value in climbs if value is not None][-1:]
        found[late] = next((dataclasses.replace(e, values={**e.values, column.name: v}) for e, v in last), None)
    on_time, after = found[False], found[True]
    if on_time is None or after is None:
        return on_time or after
    return on_time if _earns(lab, on_time) or not _earns(lab, after) else after


def counting(lab: Lab, entries: Iterable[Entry]) -> Entry | None:
    """The upload that stands for a student: one that can get a place; if there is none, one that cannot."""
    entries = list(entries)
    kept, others = ([entry for entry in entries if bool(entry.note) == noted] for noted in (False, True))
    without_value = [entry for entry in others if entry.broken]
    latest = max(without_value, key=lambda entry: entry.number, default=None)
    return standing(lab, kept) or standing(lab, others) or latest


def _earns(lab: Lab, entry: Entry) -> bool:
    column, ranking = deciding(lab, False), lab.ranking
    if ranking is None or not ranking.points:
        return True
    return ranking.rank_points(1, entry.values[column.name], better=column.better) > 0


def _order(lab: Lab, entry: Entry, final: bool = False) -> tuple[float, ...]:
    """The sort key of rows: the deciding column (without a ranking, all columns), then the earlier upload first."""
    by = lab.columns if lab.ranking is None else (deciding(lab, final),)
    signs = [-1.0 if column.better == "high" else 1.0 for column in by]
    keys = [s * entry.values[c.name] if c.name in entry.values else math.inf for s, c in zip(signs, by, strict=True)]
    return (*keys, entry.number)


def ranked(lab: Lab, entries: Iterable[Entry], final: bool = False) -> list[Row]:
    """The rows of the board from all uploads, best first.

    In the end (`final`) the same upload counts for each student as before, so that the deciding data do not choose it,
    and places go by the final column. Late uploads and baselines take no place from anyone.
    """
    people: dict[str, list[Entry]] = {}
    for entry in entries:
        people.setdefault(entry.key, []).append(entry)
    stand = [entry for entry in (counting(lab, group) for group in people.values()) if entry is not None]
    ordered = sorted([*stand, *_declared(lab, final)], key=lambda entry: _order(lab, entry, final))
    found = places(lab, ordered, final)
    shared = Counter(found)
    pairs = zip(ordered, found, strict=True)
    return [_row(lab, each, place, final, place is not None and shared[place] > 1) for each, place in pairs]


def places(lab: Lab, ordered: Sequence[Entry], final: bool) -> list[int | None]:
    """The place of each entry, the best first; None for baselines, late uploads and those with a note."""
    column, ties = deciding(lab, final), lab.ranking is not None and lab.ranking.ties
    found: list[int | None] = []
    count, place, lowest, highest = 0, 0, math.inf, -math.inf
    for entry in ordered:
        if entry.kind != "student" or entry.late or entry.note:
            found.append(None)
            continue
        count += 1
        value = entry.values.get(column.name, math.nan)
        if not (ties and lowest <= value <= highest):
            place = count
            if column.images and 0 <= value <= 1:
                lowest, highest = wilson(value, column.images)
        found.append(place)
    return found


def _declared(lab: Lab, final: bool) -> list[Entry]:
    """Rows that belong to no student: the value of a random guess, and the lowest value that earns points."""
    ranking: Ranking | None = lab.ranking
    if ranking is None:
        return []
    name = deciding(lab, final).name
    # sorted behind students with the same value, as they have earned the points
    pairs = [("-least", "least for points", ranking.baseline), ("-chance", "random guess", ranking.chance)]
    return [
        Entry(key, words, math.inf, {name: value}, kind="baseline", number=sys.maxsize)
        for key, words, value in pairs
        if value is not None
    ]


def _row(lab: Lab, entry: Entry, place: int | None, final: bool, tied: bool) -> Row:
    names = [column.name for column in columns(lab, final)]
    column, points, interval = deciding(lab, final), None, None
    value = entry.values.get(column.name)
    if lab.ranking and lab.ranking.points and entry.kind == "student" and value is not None:
        points = 0.0 if entry.note else lab.ranking.rank_points(place or 1, value, entry.late, column.better)
    if column.images and value is not None and math.isfinite(entry.received):
        interval = wilson(min(max(value, 0.0), 1.0), column.images)
    received = entry.received if math.isfinite(entry.received) else None
    values = {name: entry.values[name] for name in names if name in entry.values}
    return Row(
        entry.key, entry.name, entry.kind, place, values, points, interval, received, entry.late, entry.number,
        tied, entry.note,
    )  # fmt: skip
