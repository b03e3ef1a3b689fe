"""The results of a class as one HTML page for staff: scores, checks, the most common failures, grader failures."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from autograder.classroom import pages
from autograder.classroom.rows import Row
from autograder.explanations import TO_SEE
from autograder.grading import pipeline
from autograder.lab import Check, Lab
from smallnets import tracebacks

BINS = 10
MOST_FAILURES = 20


def summary(rows: Sequence[Row], lab: Lab, links: Mapping[str, str]) -> str:
    """The page on submissions that count.

    Args:
        links: student -> address of the student's report.
    """
    graded = [row for row in rows if row.score is not None]
    points = [row.score or 0.0 for row in graded]
    return pages.page(
        "summary.html",
        f"{lab.title}: the class",
        rows=rows,
        links=links,
        mean=statistics.mean(points) if points else None,
        median=statistics.median(points) if points else None,
        scores=_scores(graded),
        checks=_checks(graded, lab),
        failures=_failures(graded),
    )


def _scores(graded: Sequence[Row]) -> list[tuple[float, float, int, float]]:
    """Spans of points from the highest to the lowest: bounds, number of students, share of the largest number."""
    most = max((row.report["max_score"] for row in graded if row.report), default=0) or 1.0
    counts = Counter(min(int(BINS * (row.score or 0.0) / most), BINS - 1) for row in graded)
    tallest = max(counts.values(), default=0)
    spans = range(BINS - 1, -1, -1) if graded else ()
    return [(k * most / BINS, (k + 1) * most / BINS, counts[k], counts[k] / tallest) for k in spans]


def _checks(graded: Sequence[Row], lab: Lab) -> list[tuple[Check, float, int, int]]:
    """Each check with the mean share of its points, the number of full scores and of students judged."""
    found = []
    for check in sorted(lab.checks, key=pipeline.order):
        tests = [test for row in graded if row.report for test in row.report["tests"] if test["number"] == check.number]
        if tests:
            share = statistics.mean(test["score"] / (test["max_score"] or 1.0) for test in tests)
            full = sum(test["score"] >= test["max_score"] for test in tests)
            found.append((check, share, full, len(tests)))
    return found


def _failures(graded: Sequence[Row]) -> list[tuple[str, str, str, int, str]]:
    """The most common causes of lost points: number and name of the check, cause, students, most common text."""
    counts: Counter[tuple[str, str, str]] = Counter()
    words: dict[tuple[str, str, str], Counter[str]] = {}
    for row in graded:
        for test in row.report["tests"] if row.report else ():
            if test["score"] < test["max_score"] and not test["output"].startswith("see "):
                key = (test["number"], test["name"], test["cause"])
                counts[key] += 1
                words.setdefault(key, Counter())[_telling(test["output"])] += 1
    return [(*key, count, words[key].most_common(1)[0][0]) for key, count in counts.most_common(MOST_FAILURES)]


def _telling(output: str) -> str:
    """The most informative line: the last one of a traceback, else the first."""
    lines = [line.strip() for line in output.partition(TO_SEE)[0].split("\n")]
    lines = [line for line in lines if line and not line.startswith(tracebacks.HINT)]
    if not lines:
        return ""
    return (lines[-1] if any(line.startswith("Traceback") for line in lines) else lines[0])[:200]
