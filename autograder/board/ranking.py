"""From graded uploads to places and points, as the lab declares. Nothing here reads a clock, a file or a request.

Values measured on hidden data are shown in steps, so that many uploads do not reveal the labels."""

import dataclasses
import math
import sys
from collections.abc import Iterable, Mapping, Sequence

from autograder.lab import Column, Lab, Ranking

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution


@dataclasses.dataclass(frozen=True)
class Entry:
    """A graded upload: its owner, its time in seconds since the epoch, and its values by name of the column.

    `number` decides which of two uploads is the earlier, as a clock may have been set back between them.
    """

    key: str
    name: str
    received: float
    values: Mapping[str, float]
    late: bool = False
    kind: str = "student"  # or "baseline", which is shown but takes no place
    number: int = 0  # counts uploads in the order of their arrival


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the board; `place` and `points` are None where there are none."""

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


def checked(lab: Lab) -> Lab:
    """The lab itself; ValueError if no board can be made of it."""
    names, ranking = [column.name for column in lab.columns], lab.ranking
    wanted = [name for name in (ranking.column, ranking.final) if name] if ranking else []
    if not names or any(name not in names for name in wanted):
        raise ValueError(f"expected {lab.name} to declare the columns of its board, {wanted}, got {names}")
    return lab


def columns(lab: Lab, final: bool) -> list[Column]:
    """The columns that are shown; the deciding one comes first."""
    first = deciding(lab, final).name
    hidden = lab.ranking.final if lab.ranking and not final else ""
    return sorted((column for column in lab.columns if column.name != hidden), key=lambda column: column.name != first)


def deciding(lab: Lab, final: bool) -> Column:
    """The column by which rows are ranked."""
    if lab.ranking is None:
        return lab.columns[0]
    name = (lab.ranking.final if final else "") or lab.ranking.column
    return next(column for column in lab.columns if column.name == name)


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


def _earns(lab: Lab, entry: Entry) -> bool:
    column = deciding(lab, False)
    return lab.ranking is None or lab.ranking.rank_points(1, entry.values[column.name], better=column.better) > 0


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
    stand = [entry for entry in (standing(lab, group) for group in people.values()) if entry is not None]
    rows, place = [], 0
    for each in sorted([*stand, *_declared(lab, final)], key=lambda entry: _order(lab, entry, final)):
        takes_place = each.kind == "student" and not each.late
        place += takes_place
        rows.append(_row(lab, each, place if takes_place else None, final))
    return rows


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


def _row(lab: Lab, entry: Entry, place: int | None, final: bool) -> Row:
    names = [column.name for column in columns(lab, final)]
    column, points, interval = deciding(lab, final), None, None
    value = entry.values.get(column.name)
    if lab.ranking and entry.kind == "student" and value is not None:
        points = lab.ranking.rank_points(place or 1, value, entry.late, column.better)
    if column.images and value is not None and math.isfinite(entry.received):
        interval = wilson(min(max(value, 0.0), 1.0), column.images)
    received = entry.received if math.isfinite(entry.received) else None
    values = {name: entry.values[name] for name in names if name in entry.values}
    return Row(entry.key, entry.name, entry.kind, place, values, points, interval, received, entry.late, entry.number)


def climbed(values: Sequence[float], step: float, better: str = "high") -> list[float | None]:
    """The value to show for each of a student's values, in order of time; None for one that adds nothing to the board.

    A value is shown if it beats the last shown one by more than `step`, rounded to a multiple of it. So a student with
    many uploads cannot learn the hidden labels from small changes: the Ladder mechanism of Blum and Hardt (ICML 2015,
    https://arxiv.org/abs/1502.04585, figure 1). With a step of 0 each better value is shown as it is.
    """
    sign = 1.0 if better == "high" else -1.0
    shown: list[float | None] = []
    best = -math.inf
    for value in values:
        if sign * value > best + step:
            rounded = value if step == 0 else round(round(value / step) * step, 12)
            best = sign * rounded
            shown.append(rounded)
        else:
            shown.append(None)
    return shown


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share measured on n images (Wilson, J. Am. Stat. Assoc. 22, 1927, p. 209).

    Raises:
        ValueError: no share, or no images.
    """
    if not 0 <= share <= 1 or n < 1:
        raise ValueError(f"expected a share from 0 to 1 of at least one image, got {share} of {n}")
    spread = Z95 * math.sqrt(share * (1 - share) / n + (Z95 / (2 * n)) ** 2)
    middle, norm = share + Z95**2 / (2 * n), 1 + Z95**2 / n
    return max(0.0, (middle - spread) / norm), min(1.0, (middle + spread) / norm)
