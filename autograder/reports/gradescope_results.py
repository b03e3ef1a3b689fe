"""Gradescope's results.json.

The format is documented at https://gradescope-autograders.readthedocs.io/en/latest/specs/ and written down in
`results_schema.json`, with which the tests check every document.

Students see no total while any test is hidden. So a lab that wants a total keeps every check visible, and a lab with
hidden checks puts everything that students may know into the visible ones. Our own texts hold no sum: it would reveal
the points of the hidden checks.
"""

import json
import math
import os
import secrets
from pathlib import Path
from typing import Any

from autograder.explanations import explain
from autograder.lab import Graded, Lab, Report
from autograder.reports import plain_data
from autograder.sandbox.job import Cause, Limits
from autograder.text import LONGEST, clean, cut

# the platform states no limit for the file, but its harness keeps several copies in the container's memory (768 MB by
# default) and posts it within 60 s: this size needs 0.5 Mbit/s and has room for 40 outputs of full length
MOST_BYTES = 4_000_000
ORDERS = {"high": "desc", "low": "asc"}


def document(report: Report) -> dict[str, Any]:
    """The report in Gradescope's format: plain data, valid JSON, of at most MOST_BYTES.

    All text is shown as plain text, never as HTML, Markdown or ANSI codes, as some of it is the student's. Unsafe
    characters are removed. Outputs are cut in the middle, to 100,000 characters or fewer, so that the document fits.
    Names, tags and `audit` are cut at 100,000 only: they come from staff and are expected to be short.

    A check without attainable points is informational: it has a status, but no score. The document has a score of its
    own, 0, only if no test has one, or if the grader failed. After a failure no test claims points, each says so, and
    both the output and `extra_data` say that 0 means "not graded". The platform always needs a score.

    Numbers that are not finite: such a score counts as 0, and the test blames the grader; attainable points, time and
    leaderboard values are left out, as all of them are optional; in `audit` they become text, see `plain_data.data`.

    Raises:
        ValueError: a column is neither "high" nor "low".
    """
    tests = [_test(test, report.fault) for test in report.tests]
    found = {
        "output": clean(_words(report)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": plain_data.data({"lab": report.lab, "fault": report.fault, "audit": report.audit}, LONGEST),
        "tests": tests,
        "leaderboard": [] if report.fault else _leaderboard(report),
    }
    if math.isfinite(report.seconds):
        found["execution_time"] = float(report.seconds)
    if report.fault or not any("score" in test for test in tests):
        found["score"] = 0.0
    _shorten(found)
    return found


def provisional(lab: Lab) -> Report:
    """A report to write before grading and to replace after it: it remains if the grader is killed.

    It is the report of a failed grader, so its text says that nothing was judged and what its score of 0 means; `audit`
    marks it as provisional. (The platform overwrites the file of a grader that exceeds its time limit.)
    """
    tests = [
        Graded(
            check.number, check.name, 0.0, check.points, "", "not finished", check.visibility, check.tags, check.extra
        )
        for check in lab.checks
    ]
    words = (
        "Grading was begun and did not finish: the grader was stopped before it could write its results. That is not"
        " your fault, and the score of 0 says nothing about your work."
    )
    return Report(lab.name, words, tuple(tests), audit={"provisional": True}, fault=True)


def write(path: str | Path, document: dict[str, Any]) -> None:
    """Write a document as JSON, whole or not at all; the folder is created when it is missing.

    An existing entry of that name is replaced, also a link, a pipe or someone else's file: it is neither followed nor
    opened. The new file is on the disk before it gets its name.

    Raises:
        ValueError: it is not plain data; the file stays unchanged.
        OSError: it cannot be written, or a folder has that name; the file stays unchanged.
    """
    content = _json(document).encode() + b"\n"
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = open(temporary, "xb")  # "x" fails on an existing file; outside the try, so that it is not removed
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _json(value: Any) -> str:
    """JSON in ASCII, as the platform's harness sends it on, so that sizes are those on the wire."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _words(report: Report) -> str:
    """The text above all tests."""
    if not report.fault:
        return report.output
    fault = explain(Cause.GRADER_FAULT, Limits())
    words = f'{fault.title}\n{fault.paragraph}\nThe score of 0 stands for "not graded".'
    return f"{words}\n\n{report.output}".rstrip()


def _test(test: Graded, fault: bool) -> dict[str, Any]:
    """One test; after a grader failure it claims no points."""
    score, most = plain_data.points(test)
    words = test.output
    if fault:
        score, words = 0.0, f"Not judged, as the grader failed.\n\n{words}".rstrip()
    elif most is None or not math.isfinite(test.score):
        words = f"The grader computed {test.score} of {test.max_score} points: its fault, not yours.\n\n{words}"
    found: dict[str, Any] = {"name": test.name, "number": test.number}
    if score or most != 0:  # otherwise it is informational
        found["score"] = score
        found |= {} if most is None else {"max_score": most}
    found |= {
        "status": "passed" if plain_data.passed(test) and not fault else "failed",
        "tags": test.tags,
        "visibility": test.visibility,
        "extra_data": {"cause": test.cause},
    }
    return plain_data.data(found, LONGEST) | {"output": clean(words)}


def _leaderboard(report: Report) -> list[dict[str, Any]]:
    """The scoreboard's values that are numbers."""
    entries = []
    for name, value, better in report.columns:
        if better not in ORDERS:
            raise ValueError(f'expected "high" or "low" for the column {name}, got {better!r}')
        if math.isfinite(value):
            entries.append({"name": name, "value": value, "order": ORDERS[better]})
    return plain_data.data(entries, LONGEST)


def _shorten(document: dict[str, Any]) -> None:
    """Cut all outputs to one length such that the document fits into MOST_BYTES."""
    holders = [document, *document["tests"]]
    texts = [holder["output"] for holder in holders]
    for holder in holders:
        holder["output"] = ""
    room = MOST_BYTES - len(_json(document)) - 1  # the line end
    most = LONGEST
    while most and sum(len(_json(cut(text, most))) for text in texts) > room:
        most //= 2
    for holder, text in zip(holders, texts, strict=True):
        holder["output"] = cut(text, most)
