"""The submissions of a class with their results, as the sheet, the reports and the summary show them."""

import dataclasses
import datetime
import hashlib
import math
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.classroom import grading, jobs, similarity
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.lateness import Lateness, Rule, lateness
from autograder.classroom.manual import Manual, of
from autograder.classroom.received import Source
from autograder.classroom.similarity import Work
from autograder.classroom.store import Store
from autograder.gradescope.words import refused
from autograder.grading import pipeline
from autograder.intake.take_in import expect_files, take_in
from autograder.lab import Lab, Report, Submission, Visibility
from autograder.reports import text_report
from autograder.sandbox.copy_in import copy_job_files
from autograder.text import clean
from smallnets import zipping


@dataclasses.dataclass(frozen=True)
class Registered:
    """A submission after intake: the hash of its files, or why it was refused, or a grader failure.

    `notes` name the files that were left out or found under another name; `works` are its files as they are compared.
    """

    handed_in: HandedIn
    sha256: str = ""
    notes: tuple[str, ...] = ()
    refusal: str = ""
    fault: str = ""
    works: Mapping[str, Work] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the sheet; `report` comes from `jobs.total`; it is None if the grader failed, and `fault` says why."""

    handed_in: HandedIn
    counts: bool
    report: dict[str, Any] | None
    lateness: Lateness = Lateness()
    manual: Manual = Manual()
    fault: str = ""
    refusal: str = ""

    @property
    def student(self) -> str:
        """Unique for each student."""
        return self.handed_in.student

    @property
    def name(self) -> str:
        """As people say it."""
        return self.handed_in.name

    @property
    def score(self) -> float | None:
        """The points of the grader; None if nothing was judged."""
        return None if self.report is None else self.report["score"]

    @property
    def deduction(self) -> float:
        """The points that lateness takes."""
        return 0.0 if self.report is None else round(self.lateness.cost * self.report["max_score"], 2)

    @property
    def total(self) -> float | None:
        """The points for the gradebook: at least 0 after the deduction, then those that staff add."""
        if self.score is None:
            return None
        return round(math.fsum((max(0.0, self.score - self.deduction), self.manual.points)), 2)

    @property
    def when(self) -> str:
        """The time of handing in, UTC; "" if nothing tells it."""
        if self.handed_in.source is Source.DISK:
            return ""
        return datetime.datetime.fromtimestamp(self.handed_in.received, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def report_page(self) -> str:
        """The student's report in the folder of the results; beside it lies the same as text."""
        return f"reports/{file_name(self.student)}.html"

    @property
    def changes(self) -> list[str]:
        """Lines for the student on the time of handing in, and on points beside those of the checks."""
        lines = [f"handed in {self.when} UTC"] if self.when else []
        if self.lateness.word == "late":
            days = f"{self.lateness.days} day{'' if self.lateness.days == 1 else 's'} late"
            lines.append(f"{days}: {self.deduction:g} points fewer" if self.deduction else days)
        if self.manual.points:
            lines.append(f"{self.manual.points:+g} points by the course staff")
        if (self.deduction or self.manual.points) and self.report and not _hidden(self.report):
            lines.append(f"so {self.total:g} points in all")  # with hidden checks, a sum would reveal theirs
        return lines + ([f"comment: {self.manual.comment}"] if self.manual.comment else [])


def file_name(student: str) -> str:
    """A file name for a student; no two students have the same, also on Windows."""
    plain = re.sub(r"[^A-Za-z0-9@._-]+", "_", student).strip(".")[:60]
    if plain and plain == student == student.lower():
        return plain
    return f"{plain or 'student'}-{hashlib.sha256(student.encode(errors='surrogateescape')).hexdigest()[:8]}"


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
            kept = bool(handed_in.loose) or clean(str(path)) != str(path)  # such a path cannot be recorded
            taken = take_in(path, lab, folder / "files")
            expect_files(taken, lab)
            if kept:
                zipping.write(folder / "work.zip", taken.files, lab.root)
                store.store_archive(taken.sha256, (folder / "work.zip").read_bytes())
            works = similarity.of_files(taken.files)
    except ValueError as error:
        return Registered(handed_in, refusal=str(error))
    except OSError as error:
        return Registered(handed_in, fault=grading.failed(error)["fault"])
    late = bool(handed_in.late)
    store.add(handed_in.student, handed_in.received, taken.sha256, late, None if kept else path.absolute())
    return Registered(handed_in, taken.sha256, taken.notes, works=works)


def rows(
    registered: Iterable[Registered], counting: Sequence[HandedIn], lab: Lab, rule: Rule,
    manual: Mapping[str, Manual], total: Callable[[str], dict[str, Any] | None],
) -> list[Row]:  # fmt: skip
    """A row for each submission.

    Args:
        counting: the submissions that count, one for each student.
        manual: student -> points that staff add.
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
        late, counts = lateness(handed_in, rule), handed_in in counting
        found.append(Row(handed_in, counts, plain, late, of(handed_in, manual), fault, each.refusal))
    return found


def nothing(lab: Lab, words: str) -> dict[str, Any]:
    """The report on a refused submission."""
    applicable = pipeline.applicable(lab, Submission({}, (), ""))
    return jobs.merged([(text_report.plain(refused(applicable, words)), "")])


def _hidden(plain: Mapping[str, Any]) -> int:
    """The number of checks that students do not see."""
    return sum(test["visibility"] == Visibility.HIDDEN for test in plain["tests"])


def for_student(plain: dict[str, Any]) -> Report:
    """A report as its student may see it: without hidden checks, and without the sum that would reveal their points."""
    shown = [test for test in plain["tests"] if test["visibility"] != Visibility.HIDDEN]
    hidden = _hidden(plain)
    words = f"\n{hidden} more checks are not shown and not counted below." if hidden else ""
    return jobs.as_report(plain | {"tests": shown, "output": plain["output"] + words})
