"""Rows as cells, once for the page, for live updates and for the export."""

import datetime
import math
from collections.abc import Sequence
from typing import NamedTuple

from autograder.board.declared import columns, deciding
from autograder.board.ranking import Row
from autograder.lab import Column, Lab

TIED = "="  # after a place that several rows share


class Head(NamedTuple):
    """A column: its sort key, its title, its look, and whether the best value comes first in rising order."""

    key: str
    title: str
    kind: str  # number, name or time
    rising: bool


class Cell(NamedTuple):
    """The text shown, and the value it is sorted by; None sorts last."""

    text: str
    order: float | str | None


class Line(NamedTuple):
    """A row: its key, its kind, which decides its look, and a cell for each head."""

    key: str
    kind: str
    cells: tuple[Cell, ...]


def heads(lab: Lab, final: bool) -> list[Head]:
    """The columns of the board."""
    first = deciding(lab, final)
    found = [Head("place", "Place", "number", True), Head("name", "Name", "name", True)]
    for number, column in enumerate(columns(lab, final)):
        found.append(Head(f"column{number}", capital(column.name), "number", column.better == "low"))
        if column == first and lab.ranking and lab.ranking.points:
            found.append(Head("points", "Points", "number", False))
        if column == first and column.images:
            found.append(Head("interval", "95 % interval", "number", first.better == "low"))
    return [*found, Head("time", "Handed in", "time", True)]


def line(lab: Lab, row: Row, final: bool) -> Line:
    """A row's cells, in the order of the heads."""
    place = "late" if row.late else row.note or "\N{EN DASH}"
    if row.place is not None:
        place = f"{row.place}{TIED * row.tied}"
    found = {"place": Cell(place, row.place), "name": Cell(row.name, row.name.casefold())}
    for number, column in enumerate(columns(lab, final)):
        value = row.values.get(column.name)
        found[f"column{number}"] = Cell(value_text(lab, column, value), value)
    found["points"] = Cell(number_text(row.points), row.points)
    if row.interval:
        low, high = row.interval
        found["interval"] = Cell(f"{low:.3f} to {high:.3f}", low)
    if row.received is not None:
        found["time"] = Cell(clock(row.received), row.received)
    kind = "late" if row.late else "out" if row.note else row.kind
    return Line(row.key, kind, tuple(found.get(head.key, Cell("", None)) for head in heads(lab, final)))


def arranged(lines: Sequence[Line], heads: Sequence[Head], sort: str) -> tuple[list[Line], str]:
    """Lines sorted by a key, such as "points" or "-points" for falling order, and the sort that was used.

    Any other key gives the board's own order, whose name is "place".
    """
    key = sort.removeprefix("-")
    at = next((at for at, head in enumerate(heads) if head.key == key), 0)
    if key != heads[at].key or key == "place":
        return list(lines), "place"
    there = [each for each in lines if each.cells[at].order is not None]
    # sorted() keeps the board's order among equals, and so does reverse
    there.sort(key=lambda each: each.cells[at].order, reverse=sort.startswith("-"))  # type: ignore[arg-type, return-value]
    return [*there, *(each for each in lines if each.cells[at].order is None)], sort


def value_text(lab: Lab, column: Column, value: float | None) -> str:
    """A column's value; shares all have the same number of decimals, so that they line up."""
    if value is None or not column.images:
        return number_text(value)
    step = lab.ranking.step if lab.ranking and column.name == lab.ranking.column else 0.0
    return f"{value:.{len(number_text(step).partition('.')[2]) or 4}f}"


def number_text(value: float | None) -> str:
    """A number for people, with at most four decimals; "" for None."""
    if value is None or not math.isfinite(value):
        return ""
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"


def clock(seconds: float) -> str:
    """A moment in this machine's time zone, to the second, as ties are decided by it."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%d %b %H:%M:%S")


def hour(seconds: float) -> str:
    """A moment of today with its time zone, to the second, such as "14:05:31 CET"."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S %Z")


def zone(seconds: float) -> str:
    """This machine's time zone at a moment, such as "CET (UTC+01:00)"."""
    there = datetime.datetime.fromtimestamp(seconds).astimezone()
    return f"{there:%Z} (UTC{there.isoformat()[-6:]})" if there.utcoffset() else "UTC"


def moment(seconds: float) -> str:
    """A moment with its weekday, year and time zone, such as "Tue 01 Dec 2026 23:59 CET"."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%a %d %b %Y %H:%M %Z")


def span(seconds: float) -> str:
    """A time to wait in its two largest units, such as "in 3 d 4 h" or "in 37 s"; "over" for none."""
    left = math.ceil(seconds)
    if left <= 0:
        return "over"
    counts = [(left // 86_400, "d"), (left // 3600 % 24, "h"), (left // 60 % 60, "min"), (left % 60, "s")]
    first = next(k for k, (count, _) in enumerate(counts) if count)
    return "in " + " ".join(f"{count} {unit}" for count, unit in counts[first : first + 2] if count)


def iso(seconds: float) -> str:
    """The same moment for programs."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def ordinal(place: str) -> str:
    """A place as a word of an order, such as "2nd"; any other text, such as "late", stays."""
    number = place.removesuffix(TIED)
    if not number.isdecimal():
        return place
    teen = int(number) % 100 in (11, 12, 13)
    word = number + ("th" if teen else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th"))
    return f"{word}, tied with others" if place != number else word


def capital(name: str) -> str:
    """A name with its first letter in upper case."""
    return name[:1].upper() + name[1:]
