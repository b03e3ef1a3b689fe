"""Points and comments that staff add by hand; they stay in the record, so that a regrade keeps them."""

import argparse
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.classroom import csv_files
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.store import Store
from autograder.text import clean
from smallnets import cli

SCHEMA = """
CREATE TABLE IF NOT EXISTS manual (
    student TEXT PRIMARY KEY,         -- address, id or name, as staff wrote it
    points REAL NOT NULL,             -- added to the score; may be negative
    comment TEXT NOT NULL             -- for the student
);
"""
MOST_POINTS = 10_000


@dataclasses.dataclass(frozen=True)
class Manual:
    """What staff add to one student's result."""

    points: float = 0.0
    comment: str = ""


def read(path: Path) -> dict[str, Manual]:
    """Student -> points and comment, from a CSV with the columns student, points and comment.

    Raises:
        ValueError: other columns, points that are no number, a student twice.
    """
    table = csv_files.read(path)
    if "student" not in table.head or not {"points", "comment"} & set(table.head):
        raise ValueError(f"expected the columns student, points and comment in {path}, got {', '.join(table.head)}")
    found: dict[str, Manual] = {}
    for number, line in enumerate(table.rows(), 2):
        try:
            points = cli.number(-MOST_POINTS, MOST_POINTS)(line.get("points") or "0")
        except argparse.ArgumentTypeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        if line["student"] in found:
            raise ValueError(f"{path}, line {number}: expected each student once, got {line['student']} twice")
        found[line["student"]] = Manual(points, clean(line.get("comment", "")))
    return found


def kept(store: Store, given: Path | None) -> dict[str, Manual]:
    """The points and comments in a record, after those in a file, if one is given, have replaced them."""
    store.connection.executescript(SCHEMA)
    if given is not None:
        new = [(student, each.points, each.comment) for student, each in read(given).items()]
        with store.transaction():
            store.connection.execute("DELETE FROM manual")
            store.connection.executemany("INSERT INTO manual VALUES (?, ?, ?)", new)
    rows = store.connection.execute("SELECT student, points, comment FROM manual")
    return {row["student"]: Manual(row["points"], row["comment"]) for row in rows}


def of(handed_in: HandedIn, everyone: Mapping[str, Manual]) -> Manual:
    """What staff added to one student's result, under any name of the student's."""
    return next((everyone[name] for name in handed_in.called if name in everyone), Manual())


def unknown(everyone: Mapping[str, Manual], found: Iterable[HandedIn]) -> list[str]:
    """A line on the students in the file who handed nothing in; none if there are none."""
    called = {name for each in found for name in each.called}
    missing = [student for student in everyone if student not in called]
    return [f"manual points of students without a submission: {', '.join(sorted(missing))}"] if missing else []
