"""The grades of a class as a CSV file for spreadsheets and grade books."""

import csv
import io
import itertools
import unicodedata
from collections.abc import Sequence
from typing import Any

from autograder.classroom.rows import Row
from autograder.classroom.shared_work import Shared
from autograder.grading import pipeline
from autograder.lab import Lab
from autograder.text import clean

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a text that starts so for a formula
# and some do so behind characters that are not seen, and for full-width signs
UNSEEN = {"Zs", "Zl", "Zp", "Cc", "Cf", "Mn"}
HEAD = (
    "student", "name", "total", "score", "max_score", "received (UTC)", "late", "days late", "deduction", "manual",
    "comment", "counts", "fault", "refused", "report",
)  # fmt: skip


def sheet(rows: Sequence[Row], lab: Lab) -> str:
    """CSV with a head: student, total for the gradebook, its parts, points of each check, columns of the scoreboard.

    Total and score are empty if the grader failed; times are empty if nothing tells them.
    """
    checks = {check.number: f"{check.number} {check.name}" for check in sorted(lab.checks, key=pipeline.order)}
    columns = [column.name for column in lab.columns]
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow([*HEAD, *checks.values(), *columns])
    for row in rows:
        plain = row.report or {"tests": [], "columns": [], "max_score": ""}
        points = {test["number"]: test["score"] for test in plain["tests"]}
        found = {column["name"]: column["value"] for column in plain["columns"]}
        late = {"late": "yes"}.get(row.lateness.word, row.lateness.word)
        first = [
            row.student, row.name, *[None if value is None else round(value, 2) for value in (row.total, row.score)],
            plain["max_score"], row.when, late, row.lateness.days or "", row.deduction or "", row.manual.points or "",
            row.manual.comment, "yes" if row.counts else "", row.fault, row.refusal,
            row.report_page if row.counts else "",
        ]  # fmt: skip
        cells = [*first, *(points.get(number, "") for number in checks), *(found.get(name, "") for name in columns)]
        writer.writerow([cell(each) for each in cells])
    return content.getvalue()


def same_work(shared: Sequence[Shared]) -> str:
    """CSV of the files that two students share, for staff alone."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(["student", "other student", "file", "share of its own", "came first"])
    for pair, first in shared:
        writer.writerow([*map(cell, pair.students), cell(pair.file), round(pair.share, 2), cell(first)])
    return content.getvalue()


def cell(value: Any) -> Any:
    """A value that a spreadsheet shows and never runs as a formula."""
    if not isinstance(value, str):
        return value
    text = clean(value)
    seen = "".join(itertools.dropwhile(lambda sign: unicodedata.category(sign) in UNSEEN, text))
    runs = text.startswith(FORMULA) or unicodedata.normalize("NFKC", seen).startswith(FORMULA)
    return f"'{text}" if runs else text
