"""How far the grading of a class is, a line for each submission."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograder.classroom.rows import Registered
from autograder.classroom.scheduler import OnProgress
from autograder.classroom.store import Job
from autograder.reports import progress
from autograder.text import one_line

LONGEST = 200  # characters of the names of all students who handed in the same files


@contextlib.contextmanager
def told(
    before: dict[str, int], registered: Sequence[Registered], total: Callable[[str], dict[str, Any] | None]
) -> Iterator[OnProgress]:
    """Show each job that is done, and each submission whose jobs are: its students, score and seconds."""
    students: dict[str, list[str]] = {}
    for each in registered:
        students.setdefault(each.sha256, []).append(each.handed_in.student)
    with progress.shown(before["waiting"] + before["running"], "grading", "job") as show:

        def on_progress(counts: dict[str, int], job: Job) -> None:
            done, report = sum(counts[state] - before[state] for state in ("done", "fault")), total(job.sha256)
            show(done, "grading", report_line(students.get(job.sha256, []), report) if report else "")

        yield on_progress


def report_line(students: Sequence[str], report: dict[str, Any]) -> str:
    """A submission in one line."""
    names = one_line(", ".join(students), LONGEST)
    if report["score"] is None:
        return f"{names}: the grader failed"
    return f"{names}: {report['score']:g} of {report['max_score']:g}, {report['seconds']:.1f} s"
