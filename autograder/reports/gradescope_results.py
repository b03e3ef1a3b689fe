"""Gradescope's results.json.

What the platform does with it is documented at https://gradescope-autograders.readthedocs.io/en/latest/specs/ and
written down in `results_schema.json`, with which the tests check every document.

While any test is hidden from students they see no total there. So a lab whose students should see one keeps every
check visible, and a lab with hidden checks says in words, in the visible ones, what a student may know. No sum is
written into our own words: it would tell what the hidden checks gave.
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

# the platform names no limit for the whole, but its harness keeps several copies in the container's memory, 768 MB if
# nobody asks for more, and posts it within 60 s: this needs 0.5 Mbit/s and has room for 40 outputs of full length
MOST_BYTES = 4_000_000
ORDERS = {"high": "desc", "low": "asc"}


def document(report: Report) -> dict[str, Any]:
    """The report as Gradescope wants it: plain data, valid JSON, of at most MOST_BYTES.

    All text is shown as plain text, never as HTML, Markdown or with ANSI codes, as some of it is the student's. It is
    cleaned of what is not safe to show and cut in the middle, at 100,000 characters or earlier where all together would
    be too much. Names, tags and `audit` are cut at 100,000 only: they are the staff's and taken to be short.

    A check with no points to be had is informational: it has a status, but no score. The document has a score of its
    own, 0, only if no test has one, or if the grader failed: then no points are claimed for any test, each says so, and
    the first words, as well as `extra_data`, say that 0 means "not graded". The platform has no way to give no score.

    Numbers that are not finite: such a score counts as 0, and the test says whose fault that is; points to be had, time
    and leaderboard values are left out, as all of them may be missing; in `audit` they become text, see `values.data`.

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
    """What to write before grading begins, and to be replaced after it: if the grader is killed, this is what is left.

    It is a report of a failed grader, so its score of 0 comes with the words that say that nothing was judged;
    `audit` says that it is provisional. (A grader over the platform's time limit has its file overwritten there.)
    """
    tests = [
        Graded(check.number, check.name, 0.0, check.points, "", "not finished", check.visibility, check.tags)
        for check in lab.checks
    ]
    words = (
        "Grading was begun and did not finish: the grader was stopped before it could write its results. That is not"
        " your fault, and the score of 0 says nothing about your work."
    )
    return Report(lab.name, words, tuple(tests), audit={"provisional": True}, fault=True)


def write(path: str | Path, document: dict[str, Any]) -> None:
    """Write a document as JSON, whole or not at all; the folder is created when it is missing.

    Whatever has that name is replaced, be it a link, a pipe or someone else's file: it is neither followed nor opened.
    The new file is on the disk before it gets its name.

    Raises:
        ValueError: it is not plain data; the file is left as it was.
        OSError: it cannot be written, or a folder has that name; likewise.
    """
    content = _json(document).encode() + b"\n"
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = open(temporary, "xb")  # neither opens nor, as it is not yet in the try, removes what someone put there
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
    """The words above all tests."""
    if not report.fault:
        return report.output
    fault = explain(Cause.GRADER_FAULT, Limits())
    words = f'{fault.title}\n{fault.paragraph}\nThe score of 0 stands for "not graded".'
    return f"{words}\n\n{report.output}".rstrip()


def _test(test: Graded, fault: bool) -> dict[str, Any]:
    """One test; where the grader failed it claims nothing."""
    score, most = plain_data.points(test)
    words = test.output
    if fault:
        score, words = 0.0, f"Not judged, as the grader failed.\n\n{words}".rstrip()
    elif most is None or not math.isfinite(test.score):
        words = f"The grader got {test.score} of {test.max_score} points, which is its fault, not yours.\n\n{words}"
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
    """Cut all outputs to one length with which the document fits into MOST_BYTES."""
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
