"""A person's own part of the board: place, or why there is none, uploads with their scores, and the time to wait."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograder.board import decisions, rows
from autograder.board.accounts import Person
from autograder.board.declared import deciding
from autograder.board.live import Board
from autograder.board.ranking import Entry
from autograder.board.record import Record, Upload
from autograder.board.report import Steps, shown, steps_of
from autograder.board.uploads import Rules
from autograder.lab import Lab

WIDTH, HEIGHT, MARGIN = 320, 80, 8  # of the curve, without units
UNGRADED = {
    "waiting": "waiting to be graded",
    "running": "being graded",
    "fault": "could not be graded; not your fault, and not counted",
}


class Numbered(NamedTuple):
    """An upload with its number among the person's, its outcome in words, and why it can get no place."""

    number: int
    upload: Upload
    outcome: str
    no_place: str


class Curve(NamedTuple):
    """A curve as SVG's points, its last point, and the values in words."""

    points: str
    last: tuple[float, float]
    words: str


def own(record: Record, person: Person, board: Board, rules: Rules, now: float) -> dict[str, Any]:
    """A person's own part of the page."""
    uploads, entries = record.uploads(person.student), record.entries(person.student)
    steps = steps_of(record, person.student)
    notes = {entry.number: no_place(record.lab, entry.note) for entry in entries}
    wait = math.ceil(rules.wait(uploads, now))
    return {
        "key": person.key,
        "standing": standing(record, person, board, uploads) if person.kind == "student" else "",
        "uploads": [
            Numbered(number, upload, outcome(record, upload, rules, person, steps), notes.get(upload.id, ""))
            for number, upload in enumerate(uploads, 1)
        ][::-1],
        "curve": curve(record.lab, entries, steps),
        "left": rules.left(uploads),
        "wait": wait,
        "next": now + wait,
        "pending": any(upload.state in ("waiting", "running") for upload in uploads),
    }


def standing(record: Record, person: Person, board: Board, uploads: Sequence[Upload]) -> str:
    """The place, or why there is none; "" before the first upload."""
    if person.student in decisions.hidden(record):
        return "The staff have taken your row off the board. Ask them why."
    line = next((line for line in board.lines if line.key == person.key), None)
    if line is not None:
        place = line.cells[0].text
        if line.kind == "late":
            return "Your upload is late: it takes no place."
        return no_place(record.lab, place) if line.kind == "out" else f"You are {rows.ordinal(place)}."
    if not any(upload.state == "graded" for upload in uploads):
        return "You have no place yet: no upload of yours is graded." if uploads else ""
    return f"You have no place: your uploads have no {deciding(record.lab, False).name}. Their reports say why."


def no_place(lab: Lab, note: str) -> str:
    """Why an upload with this note, see `ranking.Entry.note`, can get no place; "" for one without."""
    if not note:
        return ""
    if note == "review":
        return "No place: someone else handed in a file of it before. Write to the staff, who decide."
    broken = [f"{check.number} ({check.name})" for check in lab.checks if check.number in note]
    return f"No place: it does not pass {' and '.join(broken)}, which a place needs."


def outcome(record: Record, upload: Upload, rules: Rules, person: Person, steps: Steps) -> str:
    """The outcome of an upload in a few words: its score, and its value as the board shows it."""
    if upload.state != "graded":
        return UNGRADED[upload.state]
    report = shown(record, upload, rules, person.kind == "staff", steps)
    assert report is not None, upload
    name = deciding(record.lab, False).name
    values = [text for head, text in report.columns if head == rows.capital(name)]
    values = [f"{name} {text}" if text[:1].isdecimal() else text for text in values]
    return ", ".join([f"{report.score} of {report.most} points", *[report.extra] * bool(report.extra), *values])


def curve(lab: Lab, entries: Sequence[Entry], steps: Steps) -> Curve | None:
    """The values of a person's uploads in their order, as the board shows them; None for fewer than two."""
    name, step = deciding(lab, False).name, lab.ranking.step if lab.ranking else 0.0
    values: list[float] = []
    for entry in sorted(entries, key=lambda entry: entry.number):
        if entry.number in steps:
            # with a step, an upload that is no step up stays at the value before
            value = steps[entry.number] if step else entry.values[name]
            values.append(values[-1] if value is None else value)
    if len(values) < 2:
        return None
    low, spread = min(values), (max(values) - min(values)) or 1.0
    across, up = (WIDTH - 2 * MARGIN) / (len(values) - 1), (HEIGHT - 2 * MARGIN) / spread
    points = [(MARGIN + k * across, HEIGHT - MARGIN - (value - low) * up) for k, value in enumerate(values)]
    words = f"{rows.capital(name)} by upload: {', '.join(map(rows.number_text, values))}"
    return Curve(" ".join(f"{x:.1f},{y:.1f}" for x, y in points), points[-1], words)
