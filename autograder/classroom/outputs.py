"""The files that a run writes: grades.csv, a report for each student as text and HTML, summary.html."""

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from autograder.classroom import pages
from autograder.classroom.rows import Row, for_student
from autograder.classroom.sheet import sheet
from autograder.classroom.summary import summary
from autograder.lab import Lab
from autograder.reports import text_report
from smallnets import files

WIDTH = 100


def write(out: Path, lab: Lab, rows: Sequence[Row], practice: bool = False) -> Path:
    """Write all files, each whole or not at all; raises OSError.

    The files of a practice run lie in a folder `practice`, and their titles say so: they are no final grades.

    Returns:
        The CSV file; the others lie beside it.
    """
    if practice:
        out, lab = out / "practice", dataclasses.replace(lab, title=f"{lab.title}, practice run")
    table = out / "grades.csv"
    files.write_text(table, sheet(rows, lab))
    links = {}
    counting = [row for row in rows if row.counts]
    for row in counting:
        name = file_name(row.student)
        files.write_text(out / "reports" / f"{name}.txt", text(row, lab))
        files.write_text(out / "reports" / f"{name}.html", pages.student(row, f"{lab.title}: {row.name}"))
        links[row.student] = f"reports/{name}.html"
    files.write_text(out / "summary.html", summary(counting, lab, links))
    return table


def file_name(student: str) -> str:
    """A file name for a student; no two students have the same, also on Windows."""
    plain = re.sub(r"[^A-Za-z0-9@._-]+", "_", student).strip(".")[:60]
    if plain and plain == student == student.lower():
        return plain
    return f"{plain or 'student'}-{hashlib.sha256(student.encode(errors='surrogateescape')).hexdigest()[:8]}"


def text(row: Row, lab: Lab) -> str:
    """A student's report for a terminal or an e-mail."""
    head = f"{row.name}\nhanded in {row.when} UTC{', late' if row.late else ''}\n\n"
    if row.report is None:
        return f"{head}{lab.title}: not graded: the grader failed, not your code\n"
    return f"{head}{text_report.text(for_student(row.report), WIDTH)}\n"
