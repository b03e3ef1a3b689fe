"""The results of a class as one HTML page for staff: scores by part, hardest checks, causes of failures, usage."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.classroom import pages
from autograder.classroom.rows import Row
from autograder.classroom.shared_work import Shared
from autograder.explanations import TO_SEE
from autograder.grading import pipeline
from autograder.lab import Check, Lab
from smallnets import tracebacks

BINS = 10
MOST_FAILURES = 20
MOST_NUMBERS = 5


def summary(rows: Sequence[Row], lab: Lab, links: Mapping[str, str], shared: Sequence[Shared] = ()) -> str:
    """The page on submissions that count; those without a submission that can be graded are in no figure.

    Args:
        links: student -> address of the student's report.
    """
    judged = [row for row in rows if row.report is not None and not row.refusal]
    totals = [row.total or 0.0 for row in judged]
    return pages.page(
        "summary.html",
        f"{lab.title}: the class",
        rows=rows,
        links=links,
        judged=len(judged),
        mean=statistics.mean(totals) if totals else None,
        median=statistics.median(totals) if totals else None,
        parts=_parts(judged),
        scores=_scores(judged),
        checks=_checks(judged, lab),
        failures=_failures(judged),
        shared=shared,
        usage={row.student: _usage(row) for row in judged},
    )


def _parts(judged: Sequence[Row]) -> list[str]:
    """The first numbers of the checks, such as "1" and "2"; none if there is only one."""
    found = list(dict.fromkeys(_part(test) for row in judged for test in _tests(row)))
    return sorted(found, key=int) if len(found) > 1 else []


def _part(test: Mapping[str, Any]) -> str:
    return str(test["number"]).partition(".")[0]


def _tests(row: Row) -> list[dict[str, Any]]:
    return [] if row.report is None else row.report["tests"]


def _scores(judged: Sequence[Row]) -> list[tuple[int, int, list[tuple[int, float]]]]:
    """Spans of the attainable points in percent, the highest first: bounds; for all checks and for each part the number
    of students and its share of the largest number."""
    shares = [
        [_share([test for test in _tests(row) if part in ("", _part(test))]) for row in judged]
        for part in ["", *_parts(judged)]
    ]
    counts = [Counter(min(int(BINS * share), BINS - 1) for share in each) for each in shares]
    wide = 100 // BINS
    return [
        (k * wide, (k + 1) * wide, [(count[k], count[k] / max(count.values())) for count in counts])
        for k in range(BINS - 1, -1, -1) if judged
    ]  # fmt: skip


def _share(tests: Sequence[Mapping[str, Any]]) -> float:
    """The share of the attainable points."""
    return sum(test["score"] for test in tests) / (sum(test["max_score"] for test in tests) or 1.0)


def _checks(judged: Sequence[Row], lab: Lab) -> list[tuple[Check, float, int, int]]:
    """Each check with the mean share of its points, the number of full scores and of students; the hardest first."""
    found = []
    for check in sorted(lab.checks, key=pipeline.order):
        tests = [test for row in judged for test in _tests(row) if test["number"] == check.number]
        if tests:
            share = statistics.mean(test["score"] / (test["max_score"] or 1.0) for test in tests)
            full = sum(test["score"] >= test["max_score"] for test in tests)
            found.append((check, share, full, len(tests)))
    return sorted(found, key=lambda each: each[1])


def _failures(judged: Sequence[Row]) -> list[tuple[str, int, str, str]]:
    """The causes of lost points: cause, number of students, numbers of the checks, the text most often said."""
    students: dict[str, set[str]] = defaultdict(set)
    numbers: dict[str, Counter[str]] = defaultdict(Counter)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for row in judged:
        for test in _tests(row):
            if test["score"] < test["max_score"]:
                students[test["cause"]].add(row.student)
                numbers[test["cause"]][test["number"]] += 1
                if not test["output"].startswith("see "):
                    words[test["cause"]][_telling(test["output"])] += 1
    order = sorted(students, key=lambda cause: -len(students[cause]))
    return [
        (cause, len(students[cause]), _most(numbers[cause]), next((w for w, _ in words[cause].most_common(1)), ""))
        for cause in order[:MOST_FAILURES]
    ]


def _most(numbers: Counter[str]) -> str:
    """The numbers of the most frequent checks, each with its count, and how many others there are."""
    found = [f"{number} ({count})" for number, count in numbers.most_common(MOST_NUMBERS)]
    more = len(numbers) - len(found)
    return ", ".join(found) + (f" and {more} more" if more else "")


def _usage(row: Row) -> tuple[float, float]:
    """Seconds of grading, and megabytes of the largest step."""
    assert row.report is not None
    steps = [used for audit in row.report.get("audit", ()) for used in audit.get("steps", {}).values()]
    return row.report["seconds"], max((used.get("maxrss") or 0 for used in steps), default=0) / 1e6


def _telling(output: str) -> str:
    """The most informative line: the last one of a traceback, else the first."""
    lines = [line.strip() for line in output.partition(TO_SEE)[0].split("\n")]
    lines = [line for line in lines if line and not line.startswith(tracebacks.HINT)]
    if not lines:
        return ""
    return (lines[-1] if any(line.startswith("Traceback") for line in lines) else lines[0])[:200]
