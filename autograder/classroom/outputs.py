"""The files that a run writes: grades.csv, a report for each student as text and HTML, and for staff summary.html and
same_work.csv."""

from collections.abc import Sequence
from pathlib import Path

from autograder.classroom import pages
from autograder.classroom.rows import Row, for_student
from autograder.classroom.shared_work import Shared
from autograder.classroom.sheet import same_work, sheet
from autograder.classroom.summary import summary
from autograder.lab import Lab
from autograder.reports import text_report
from smallnets import files

WIDTH = 100


def write(out: Path, lab: Lab, rows: Sequence[Row], shared: Sequence[Shared] = ()) -> Path:
    """Write all files, each whole or not at all; raises OSError.

    Returns:
        The CSV file; the others lie beside it.
    """
    table = out / "grades.csv"
    files.write_text(table, sheet(rows, lab))
    links = {}
    counting = [row for row in rows if row.counts]
    for row in counting:
        page = out / row.report_page
        files.write_text(page.with_suffix(".txt"), text(row, lab))
        files.write_text(page, pages.student(row, f"{lab.title}: {row.name}"))
        links[row.student] = row.report_page
    files.write_text(out / "summary.html", summary(counting, lab, links, shared))
    files.write_text(out / "same_work.csv", same_work(shared))
    return table


def text(row: Row, lab: Lab) -> str:
    """A student's report for a terminal or an e-mail."""
    head = "\n".join([row.name, *row.changes]) + "\n\n"
    if row.report is None:
        return f"{head}{lab.title}: not graded: the grader failed, not your code\n"
    return f"{head}{text_report.text(for_student(row.report), WIDTH)}\n"
