"""Grade the submission on the platform.

python -m autograder.gradescope BASE    BASE, /autograder there, has source, submission, submission_metadata.json

In any case BASE/results/results.json has the score, or says that nothing was judged and why.
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

from autograder import registry
from autograder.gradescope import memory, metadata, quota, settings, words
from autograder.gradescope.settings import Settings
from autograder.gradescope.words import OutOfTime
from autograder.grading import grade
from autograder.intake.take_in import take_in
from autograder.lab import Lab
from autograder.reports import gradescope_results

STEPS_END, GRADER_ENDS = 60.0, 25.0  # seconds before the platform stops the grading without a message


def main(argv: list[str]) -> int:
    """Grade the submission in a folder like the platform's /autograder; returns 0, as the results name failures."""
    base = Path(argv[0])
    chosen = settings.read(base / "source" / settings.FILE)
    lab = registry.load(chosen.lab)
    path = base / "results" / "results.json"
    gradescope_results.write(path, gradescope_results.document(gradescope_results.provisional(lab)))
    try:
        with ending(60 * chosen.minutes - GRADER_ENDS):
            found = graded(base, lab, chosen)
    except Exception as error:  # any exception: without results, the score would be 0
        traceback.print_exc()
        found = gradescope_results.document(words.failed(lab, error))
    gradescope_results.write(path, found)
    return 0


def graded(base: Path, lab: Lab, chosen: Settings) -> dict[str, Any]:
    """The document for the submission: its own results or, if its quota is used up, the last ones."""
    known = metadata.read(base / metadata.FILE)
    counted = quota.spent(known, chosen.per_day)
    if chosen.per_day is not None and len(counted) >= chosen.per_day:
        return quota.repeated(known.earlier, words.spent(counted, chosen.per_day))
    submission, staff = base / "submission", base / "source" / "staff"
    if reason := refusal(submission, lab):
        return gradescope_results.document(words.refused(lab, reason))
    report = grade.grade(
        submission,
        memory.within(lab, chosen.memory, memory.container()),
        grade.chosen_tier(None, chosen.trust),
        staff if staff.is_dir() else None,
        seed(chosen.salt, known.id),
        chosen.trust,
        60 * chosen.minutes - STEPS_END,
    )
    notes = [*words.on_quota(len(counted), chosen), *words.on_time(known, lab), report.output]
    audit = {**report.audit, "submission": known.id, "late": known.late}
    return gradescope_results.document(dataclasses.replace(report, output="\n".join(notes), audit=audit))


def seed(salt: str, submission: str) -> int:
    """The seed of a submission: the same at each grading, and unpredictable without the salt."""
    return int.from_bytes(hashlib.sha256(f"{salt}\0{submission}".encode()).digest()[:4], "big") % 2**31


def refusal(path: Path, lab: Lab) -> str:
    """Why a submission is refused, which is not the grader's fault; "" if it is not."""
    try:
        with tempfile.TemporaryDirectory(prefix="submission-") as folder:
            take_in(path, lab, Path(folder))
    except ValueError as error:
        return str(error)
    return ""


@contextmanager
def ending(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block after `seconds`."""

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
