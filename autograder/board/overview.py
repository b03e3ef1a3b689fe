"""All that the staff's page shows: every student with their uploads, the queue, and equal files."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from autograder.board import decisions, ranking, rows
from autograder.board.record import Record, Upload
from autograder.board.rows import number_text


class Numbered(NamedTuple):
    """An upload with its number among its student's, its score ("" if it has none) and why it can get no place."""

    number: int
    upload: Upload
    score: str
    note: str


class Member(NamedTuple):
    """A person of the board: as staff and as the board name them, the row's place and value, score and uploads."""

    student: str
    key: str
    name: str
    kind: str
    place: str
    value: str
    score: str
    uploads: tuple[Numbered, ...]
    hidden: bool


class Queued(NamedTuple):
    """A content that is not graded: who handed it in first, the upload's id, its state, and the grader's failure."""

    student: str
    upload: int
    state: str
    fault: str


def members(record: Record, final: bool) -> list[Member]:
    """The people of the board who may hand in, by name; staff are left out unless they have handed in."""
    lab = record.lab
    lines = {row.key: rows.line(lab, row, final) for row in ranking.ranked(lab, record.entries(), final)}
    best, hidden = record.scores(), decisions.hidden(record)
    uploads = _uploads(record)
    query = "SELECT student, key, name, kind FROM board_person ORDER BY student COLLATE NOCASE, student"
    found = []
    for student, key, name, kind in record.connection.execute(query).fetchall():
        if kind == "staff" and student not in uploads:
            continue
        cells = lines[key].cells if key in lines else ()
        place, value = (cells[0].text, cells[2].text) if cells else ("", "")
        score = number_text(best.get(student))
        found.append(Member(student, key, name, kind, place, value, score, uploads[student], student in hidden))
    return found


def _uploads(record: Record) -> Mapping[str, tuple[Numbered, ...]]:
    """Everyone's uploads, the latest first."""
    scores = dict(record.connection.execute("SELECT sha256, score FROM board_result").fetchall())
    found: defaultdict[str, tuple[Numbered, ...]] = defaultdict(tuple)
    for (student,) in record.connection.execute("SELECT DISTINCT student FROM submission").fetchall():
        notes = {entry.number: entry.note for entry in record.entries(student)}
        found[student] = tuple(
            Numbered(number, upload, number_text(scores.get(upload.sha256)), notes.get(upload.id, ""))
            for number, upload in enumerate(record.uploads(student), 1)
        )[::-1]
    return found


def queue(record: Record) -> list[Queued]:
    """The contents that wait, are being graded, or could not be graded, in the order in which they came."""
    query = (
        "SELECT student, min(s.id), max(state = 'running') AS running, max(state = 'fault') AS failed, "
        "max(coalesce(fault, '')) FROM job JOIN submission s USING (sha256) "
        "WHERE state != 'done' GROUP BY sha256 ORDER BY min(job.rowid)"
    )
    return [
        Queued(student, number, "being graded" if running else "could not be graded" if failed else "waiting", fault)
        for student, number, running, failed, fault in record.connection.execute(query).fetchall()
    ]
