"""The results of a class as one HTML page for staff: scores, checks, the most common failures, grader failures."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from autograder.classroom import pages
from autograder.classroom.pages import bar, number, table, text
from autograder.classroom.rows import Row
from autograder.grading import pipeline
from autograder.lab import Lab

BINS = 10
MOST_FAILURES = 20


def summary(rows: Sequence[Row], lab: Lab, links: Mapping[str, str]) -> str:
    """The page on submissions that count.

    Args:
        links: student -> address of the student's report.
    """
    graded = [row for row in rows if row.score is not None]
    blocks = [*_head(rows, graded), _failed(rows), _refused(rows)]
    if graded:
        blocks += [_scores(graded), _checks(graded, lab), _failures(graded)]
    return pages.page(f"{lab.title}: the class", [block for block in [*blocks, _students(rows, links)] if block])


def _head(rows: Sequence[Row], graded: Sequence[Row]) -> list[str]:
    """The numbers that one wants first."""
    late, failed = sum(row.late for row in rows), len(rows) - len(graded)
    words = f"{len(rows)} students, {len(graded)} graded, {late} late."
    words += f" <strong>{failed} not graded, as the grader failed.</strong>" if failed else ""
    scores = [row.score or 0.0 for row in graded]
    found = (
        f"Mean {number(statistics.mean(scores))}, median {number(statistics.median(scores))} points." if scores else ""
    )
    return [f"<p>{words} {found}</p>"]


def _failed(rows: Sequence[Row]) -> str:
    """What the grader failed at."""
    cells = [(text(row.student), text(row.fault)) for row in rows if row.score is None]
    caption = "Not graded: no fault of the student's. The same command tries again."
    return table(caption, ("student", "what happened"), cells) if cells else ""


def _refused(rows: Sequence[Row]) -> str:
    """What was no submission."""
    cells = [(text(row.student), text(row.refusal)) for row in rows if row.refusal]
    return table("No submission, so no points", ("student", "why"), cells) if cells else ""


def _scores(graded: Sequence[Row]) -> str:
    """How many students have how many points."""
    most = max(row.report["max_score"] for row in graded if row.report) or 1.0
    counts = Counter(min(int(BINS * (row.score or 0.0) / most), BINS - 1) for row in graded)
    tallest = max(counts.values())
    cells = []
    for k in range(BINS - 1, -1, -1):
        span = f"{number(k * most / BINS)} to {number((k + 1) * most / BINS)}"
        cells.append((span, counts[k], bar(counts[k] / tallest)))
    return table("Scores (upper bound excluded, except in the top row)", ("points", "students", "share"), cells)


def _checks(graded: Sequence[Row], lab: Lab) -> str:
    """How each check went."""
    cells: list[tuple[str | float, ...]] = []
    for check in sorted(lab.checks, key=pipeline.order):
        tests = [test for row in graded if row.report for test in row.report["tests"] if test["number"] == check.number]
        if not tests:
            continue
        share = statistics.mean(test["score"] / (test["max_score"] or 1.0) for test in tests)
        full = sum(test["score"] >= test["max_score"] for test in tests)
        name = f"{text(check.number)} {text(check.name)}"
        cells.append((name, check.points, 100 * share, bar(min(share, 1.0)), full, len(tests)))
    return table("Checks", ("check", "points", "mean, %", "share", "all points", "students"), cells)


def _failures(graded: Sequence[Row]) -> str:
    """The most common causes of lost points at each check, with one student's words on it."""
    counts: Counter[tuple[str, str, str]] = Counter()
    words: dict[tuple[str, str, str], Counter[str]] = {}
    for row in graded:
        for test in row.report["tests"] if row.report else ():
            if test["score"] < test["max_score"] and not test["output"].startswith("see "):
                key = (test["number"], test["name"], test["cause"])
                counts[key] += 1
                words.setdefault(key, Counter())[_telling(test["output"])] += 1
    cells = []
    for key, count in counts.most_common(MOST_FAILURES):
        check, cause = f"{text(key[0])} {text(key[1])}", text(key[2])
        cells.append((check, cause, count, f"<code>{text(words[key].most_common(1)[0][0])}</code>"))
    return table("The most common failures", ("check", "cause", "students", "most often said"), cells) if cells else ""


def _telling(output: str) -> str:
    """The line that says most: the last one of a traceback, else the first."""
    lines = [line.strip() for line in output.partition("\n\nTo reproduce:")[0].split("\n") if line.strip()]
    if not lines:
        return ""
    return (lines[-1] if any(line.startswith("Traceback") for line in lines) else lines[0])[:200]


def _students(rows: Sequence[Row], links: Mapping[str, str]) -> str:
    """Everyone, with a link to the report."""
    cells: list[tuple[str | float, ...]] = []
    for row in rows:
        link = f'<a href="{text(links[row.student])}">{text(row.student)}</a>'
        score = "not graded" if row.score is None else row.score
        cells.append((link, text(row.name), score, row.when, "late" if row.late else ""))
    return table("Students", ("student", "name", "points", "handed in (UTC)", "late"), cells)
