"""The grades of a class as a CSV file for spreadsheets and grade books."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from autograder.classroom.rows import Row
from autograder.grading import pipeline
from autograder.lab import Lab
from autograder.text import clean

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a text that starts so for a formula
HEAD = ("student", "name", "score", "max_score", "received (UTC)", "late", "counts", "fault", "refused")


def sheet(rows: Sequence[Row], lab: Lab) -> str:
    """CSV with a head: student, score (empty if the grader failed), lateness, points of each check, columns."""
    checks = {check.number: f"{check.number} {check.name}" for check in sorted(lab.checks, key=pipeline.order)}
    columns = [column.name for column in lab.columns]
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow([*HEAD, *checks.values(), *columns])
    for row in rows:
        plain = row.report or {"tests": [], "columns": [], "max_score": ""}
        points = {test["number"]: test["score"] for test in plain["tests"]}
        found = {column["name"]: column["value"] for column in plain["columns"]}
        yes = ["yes" if each else "" for each in (row.late, row.counts)]
        score = "" if row.score is None else round(row.score, 2)
        first = [row.student, row.name, score, plain["max_score"], row.when, *yes, row.fault, row.refusal]
        cells = [*first, *(points.get(number, "") for number in checks), *(found.get(name, "") for name in columns)]
        writer.writerow([cell(each) for each in cells])
    return content.getvalue()


def cell(value: Any) -> Any:
    """A value that a spreadsheet shows and never runs as a formula."""
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(FORMULA) else text
