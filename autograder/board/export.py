"""The board as files: pages for any web server, and points for the gradebook."""

import csv
import io
from pathlib import Path

from autograder.board import live, page, ranking, rows
from autograder.board.record import Record
from autograder.board.uploads import Rules
from autograder.classroom.sheet import cell
from smallnets import files

NONE = "none"  # in place of an empty cell, which spreadsheets and gradebooks take for 0 or for an error


def pages(record: Record, folder: Path, rules: Rules) -> int:
    """Write the ranking as HTML pages that need no server, one for each sort order; returns the number of rows."""
    record.refresh()
    board = live.build(record, rules.final)
    made = page.Pages(record.lab, rules, base="")
    names = {sort: "index.html" if sort == "place" else f"by-{sort.lstrip('-')}{'-down' * sort.startswith('-')}.html"
             for sort in page.sorts(board.heads)}  # fmt: skip
    for name, content in page.static().items():
        files.write_text(folder / name, content.decode())
    for sort, name in names.items():
        files.write_text(folder / name, made.board(board, sort, rules.final, names=names))
    return len(board.lines)


def points(record: Record, path: Path) -> int:
    """Write `points_text` to a file; returns how many students it has."""
    files.expect_file(path, b"student,")
    text, students = points_text(record)
    files.write_text(path, text)
    return students


def points_text(record: Record) -> tuple[str, int]:
    """A CSV for the gradebook, for staff only, and its number of students: final place, points and best score of each.

    No cell is empty: students without a place have the place "none" and 0 points.
    """
    lab = record.lab
    record.refresh()
    found, scores = ranking.ranked(lab, record.entries(), final=True), record.scores()
    by_key = {row.key: row for row in found}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [column.name for column in lab.columns]
    writer.writerow(["student", "name", "place", "points", "score", "late", "handed in", "note", *columns])
    people = record.connection.execute(
        "SELECT student, key, name FROM board_person WHERE kind = 'student' ORDER BY student"
    ).fetchall()
    for student, key, name in people:
        row = by_key.get(key) or ranking.Row(key, name, "student", None, {})
        when = "never" if row.received is None else rows.iso(row.received)
        of_place = [row.place or NONE, row.points or 0, scores.get(student, 0), int(row.late), when, row.note or NONE]
        values = [row.values.get(column, NONE) for column in columns]
        writer.writerow([cell(student), cell(name), *of_place, *values])
    return out.getvalue(), len(people)
