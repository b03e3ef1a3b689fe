"""Grade the submission on the platform.

python -m autograder.platform BASE    BASE, /autograder there, has source, submission, submission_metadata.json

Whatever happens, BASE/results/results.json says it: the score, or that nothing was judged and why.
"""

import dataclasses
import hashlib
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder import grade, labs, results
from autograder.intake import take_in
from autograder.lab import Lab, Report
from autograder.platform import memory, metadata, quota, settings
from autograder.platform.metadata import Metadata
from autograder.platform.settings import Settings

STEPS_END, GRADER_ENDS = 60.0, 25.0  # seconds before the platform would stop the grading without a word


class OutOfTime(Exception):
    """The grader was still at work when the platform would soon have stopped it."""


def main(argv: list[str]) -> int:
    """Grade what lies in a folder like the platform's /autograder; returns 0, as the results say what failed."""
    base = Path(argv[0])
    chosen = settings.read(base / "source" / settings.FILE)
    lab = labs.load(chosen.lab)
    path = base / "results" / "results.json"
    results.write(path, results.document(results.provisional(lab)))
    try:
        with ending(60 * chosen.minutes - GRADER_ENDS):
            found = graded(base, lab, chosen)
    except Exception as error:  # any at all, as silence would be a score of 0
        traceback.print_exc()
        found = results.document(failed(lab, error))
    results.write(path, found)
    return 0


def graded(base: Path, lab: Lab, chosen: Settings) -> dict[str, Any]:
    """The document for the submission: its own results or, when its quota is spent, the last ones."""
    known = metadata.read(base / metadata.FILE)
    counted = quota.spent(known, chosen.per_day)
    if chosen.per_day is not None and len(counted) >= chosen.per_day:
        return quota.repeated(known.earlier, quota.words(counted, chosen.per_day))
    submission, staff = base / "submission", base / "source" / "staff"
    if reason := refusal(submission, lab):
        return results.document(refused(lab, reason))
    lab = dataclasses.replace(lab, limits=memory.within(lab.limits, chosen.memory, memory.container()))
    report = grade.grade(
        submission,
        lab,
        grade.chosen_tier(None, chosen.trust),
        staff if staff.is_dir() else None,
        seed(chosen.salt, known.id),
        chosen.trust,
        60 * chosen.minutes - STEPS_END,
    )
    notes = [*note_on_quota(len(counted), chosen), *note_on_time(known, lab), report.output]
    audit = {**report.audit, "submission": known.id, "late": known.late}
    return results.document(dataclasses.replace(report, output="\n".join(notes), audit=audit))


def seed(salt: str, submission: str) -> int:
    """The seed of a submission: the same whenever it is graded, and known to nobody without the salt."""
    return int.from_bytes(hashlib.sha256(f"{salt}\0{submission}".encode()).digest()[:4], "big") % 2**31


def refusal(path: Path, lab: Lab) -> str:
    """Why what was handed in cannot be taken in, which is not the grader's fault; or ""."""
    try:
        with tempfile.TemporaryDirectory(prefix="submission-") as folder:
            take_in(path, lab, Path(folder))
    except ValueError as error:
        return str(error)
    return ""


def refused(lab: Lab, reason: str) -> Report:
    """The report on a submission that cannot be taken in."""
    tests = [dataclasses.replace(test, cause="no submission") for test in results.provisional(lab).tests]
    return Report(lab.name, f"This cannot be graded: {reason}", tuple(tests))


def failed(lab: Lab, error: Exception) -> Report:
    """The report of a grader that failed; what went wrong is for the staff, on stdout."""
    words = f"The grader stopped with {type(error).__name__}, and nothing was judged."
    if isinstance(error, OutOfTime):
        words = f"The grading was not done in time, and nothing was judged: {error}"
    return dataclasses.replace(results.provisional(lab), output=words, audit={"error": type(error).__name__})


def note_on_quota(counted: int, chosen: Settings) -> list[str]:
    if chosen.per_day is None:
        return []
    return [f"submission {counted + 1} of {chosen.per_day} that are graded within {settings.HOURS} hours"]


def note_on_time(known: Metadata, lab: Lab) -> list[str]:
    """A word on a late submission, in a lab whose places on the scoreboard are worth points."""
    if not known.late or lab.ranking is None:
        return []
    return [f"handed in after the deadline: its place on the scoreboard is worth {lab.ranking.late:g} points at most"]


@contextmanager
def ending(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block when it has taken so long."""

    def stop(*_: object) -> None:
        raise OutOfTime(f"expected it to end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
