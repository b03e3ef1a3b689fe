"""What students are told on the platform besides the report, and reports where there was no grading."""

import dataclasses
from datetime import datetime

from autograder.gradescope.metadata import Metadata
from autograder.gradescope.quota import WINDOW
from autograder.gradescope.settings import HOURS, Settings
from autograder.lab import Lab, Report
from autograder.reports import gradescope_results


class OutOfTime(Exception):
    """The grader was still at work when the platform would soon have stopped it."""


def refused(lab: Lab, reason: str) -> Report:
    """The report on a submission that cannot be taken in."""
    tests = [dataclasses.replace(test, cause="no submission") for test in gradescope_results.provisional(lab).tests]
    return Report(lab.name, f"This cannot be graded: {reason}", tuple(tests))


def failed(lab: Lab, error: Exception) -> Report:
    """The report of a grader that failed; what went wrong is for the staff, on stdout."""
    words = f"The grader stopped with {type(error).__name__}, and nothing was judged."
    if isinstance(error, OutOfTime):
        words = f"The grading was not done in time, and nothing was judged: {error}"
    return dataclasses.replace(gradescope_results.provisional(lab), output=words, audit={"error": type(error).__name__})


def on_quota(counted: int, chosen: Settings) -> list[str]:
    """A line on how much of the quota is spent with this submission; none where there is no quota."""
    if chosen.per_day is None:
        return []
    return [f"submission {counted + 1} of {chosen.per_day} that are graded within {HOURS} hours"]


def on_time(known: Metadata, lab: Lab) -> list[str]:
    """A word on a late submission, in a lab whose places on the scoreboard are worth points."""
    if not known.late or lab.ranking is None:
        return []
    return [f"handed in after the deadline: its place on the scoreboard is worth {lab.ranking.late:g} points at most"]


def spent(times: list[datetime], per_day: int) -> str:
    """What a student is told whose submission is not graded."""
    again = (min(times) + WINDOW).strftime("%Y-%m-%d %H:%M:%S %z")
    return (
        f"This submission was not graded: expected at most {per_day} within {HOURS} hours, got one more. What you see"
        f" is what the one before it got. The next one is graded from {again} on."
    )
