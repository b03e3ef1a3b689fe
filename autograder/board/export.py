"""The board as files: pages for any web server, and points for the gradebook."""

import csv
import io
from pathlib import Path

from autograder.board import live, page, ranking
from autograder.board.record import Record
from autograder.board.uploads import Rules
from autograder.classroom.sheet import cell
from smallnets import files


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
    """Write a CSV for the gradebook, for staff only: each student's final place and points; returns how many students.

    Students without a place have 0 points.
    """
    files.expect_file(path, b"student,")
    lab = record.lab
    record.refresh()
    rows = {row.key: row for row in ranking.ranked(lab, record.entries(), final=True)}
    columns = [column.name for column in lab.columns]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "name", "place", "points", "late", "handed in", *columns])
    people = record.connection.execute(
        "SELECT student, key, name FROM board_person WHERE kind = 'student' ORDER BY student"
    ).fetchall()
    for student, key, name in people:
        row = rows.get(key)
        when = "" if row is None or row.received is None else page.rows.iso(row.received)
        found = ["", 0, "", "", *[""] * len(columns)] if row is None else [
            row.place or "", "" if row.points is None else row.points, int(row.late), when,
            *(row.values.get(column, "") for column in columns),
        ]  # fmt: skip
        writer.writerow([cell(student), cell(name), *found])
    files.write_text(path, out.getvalue())
    return len(people)
