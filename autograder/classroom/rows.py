"""The submissions of a class with their results, as the sheet, the reports and the summary show them."""

import dataclasses
import datetime
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from autograder.classroom import grading, jobs, scheduler
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.store import Store
from autograder.gradescope.words import refused
from autograder.grading import pipeline
from autograder.intake.take_in import take_in
from autograder.lab import Lab, Report, Submission, Visibility
from autograder.reports import text_report
from autograder.sandbox.copy_in import copy_job_files
from autograder.text import clean


@dataclasses.dataclass(frozen=True)
class Registered:
    """A submission after intake: the hash of its files, or why it was refused, or a grader failure.

    `notes` name the files that were left out or found under another name.
    """

    handed_in: HandedIn
    sha256: str = ""
    notes: tuple[str, ...] = ()
    refusal: str = ""
    fault: str = ""


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the sheet; `report` comes from `jobs.total`; it is None if the grader failed, and `fault` says why."""

    student: str
    name: str
    received: float
    late: bool
    counts: bool
    report: dict[str, Any] | None
    fault: str = ""
    refusal: str = ""

    @property
    def score(self) -> float | None:
        """The points; None if nothing was judged."""
        return None if self.report is None else self.report["score"]

    @property
    def when(self) -> str:
        """The time of handing in, UTC."""
        return datetime.datetime.fromtimestamp(self.received, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def register(store: Store, lab: Lab, handed_in: HandedIn) -> Registered:
    """Check a submission, however bad it is, and record it."""
    path = handed_in.path
    try:
        with tempfile.TemporaryDirectory(prefix="class-") as name:
            folder = Path(name)
            if handed_in.loose:
                path = folder / "loose"
                path.mkdir()
                copy_job_files(dict(handed_in.loose), path)
            if kept := bool(handed_in.loose) or clean(str(path)) != str(path):  # such a path cannot be recorded
                archive, sha256, notes = scheduler.pack(path, lab)
                store.store_archive(sha256, archive)
            else:
                taken = take_in(path, lab, folder / "files")
                sha256, notes = taken.sha256, taken.notes
    except ValueError as error:
        return Registered(handed_in, refusal=str(error))
    except OSError as error:
        return Registered(handed_in, fault=grading.failed(error)["fault"])
    store.add(handed_in.student, handed_in.received, sha256, handed_in.late, None if kept else path.absolute())
    return Registered(handed_in, sha256, notes)


def rows(
    registered: Iterable[Registered], counting: Sequence[HandedIn], lab: Lab, due: float | None,
    total: Callable[[str], dict[str, Any] | None],
) -> list[Row]:  # fmt: skip
    """A row for each submission.

    Args:
        counting: the submissions that count, one for each student.
        due: seconds since the epoch.
        total: hash of a submission -> its report; None while it is not graded.
    """
    found = []
    for each in registered:
        handed_in, fault = each.handed_in, each.fault
        plain = None if fault else nothing(lab, each.refusal) if each.refusal else total(each.sha256)
        if plain is not None and plain["fault"]:
            fault, plain = "; ".join(plain["faults"]), None
        elif plain is None:
            fault = fault or "not graded yet"
        if plain is not None and each.notes:
            plain = plain | {"output": "\n".join([plain["output"], *each.notes])}
        late = handed_in.late or (due is not None and handed_in.received > due)
        counts = handed_in in counting
        found.append(
            Row(handed_in.student, handed_in.name, handed_in.received, late, counts, plain, fault, each.refusal)
        )
    return found


def nothing(lab: Lab, words: str) -> dict[str, Any]:
    """The report on a refused submission."""
    applicable = pipeline.applicable(lab, Submission({}, (), ""))
    return jobs.merged([(text_report.plain(refused(applicable, words)), "")])


def for_student(plain: dict[str, Any]) -> Report:
    """A report as its student may see it: without hidden checks, and without the sum that would reveal their points."""
    shown = [test for test in plain["tests"] if test["visibility"] != Visibility.HIDDEN]
    hidden = len(plain["tests"]) - len(shown)
    words = f"\n{hidden} more checks are not shown and not counted below." if hidden else ""
    return jobs.as_report(plain | {"tests": shown, "output": plain["output"] + words})
