"""Texts for students on the platform beside the report, and reports without grading."""

import dataclasses
from datetime import datetime

from autograder.gradescope.metadata import Metadata
from autograder.gradescope.quota import WINDOW
from autograder.gradescope.settings import HOURS, Settings
from autograder.lab import Lab, Report
from autograder.reports import gradescope_results


class OutOfTime(Exception):
    """The grader was about to exceed the platform's time limit."""


def refused(lab: Lab, reason: str) -> Report:
    """The report on a refused submission."""
    tests = [dataclasses.replace(test, cause="no submission") for test in gradescope_results.provisional(lab).tests]
    return Report(lab.name, f"This cannot be graded: {reason}", tuple(tests))


def failed(lab: Lab, error: Exception) -> Report:
    """The report of a failed grader; the error itself goes to stdout, for staff."""
    words = f"The grader stopped with {type(error).__name__}, and nothing was judged."
    if isinstance(error, OutOfTime):
        words = f"The grading was not done in time, and nothing was judged: {error}"
    return dataclasses.replace(gradescope_results.provisional(lab), output=words, audit={"error": type(error).__name__})


def on_quota(counted: int, chosen: Settings) -> list[str]:
    """A line on the use of the quota with this submission; none without a quota."""
    if chosen.per_day is None:
        return []
    return [f"submission {counted + 1} of {chosen.per_day} graded within {HOURS} hours"]


def on_time(known: Metadata, lab: Lab) -> list[str]:
    """A line on a late submission, in a lab whose places on the scoreboard give points."""
    if not known.late or lab.ranking is None or not lab.ranking.points:
        return []
    return [f"handed in after the deadline: its place on the scoreboard is worth {lab.ranking.late:g} points at most"]


def spent(times: list[datetime], per_day: int) -> str:
    """The text for a student whose submission is not graded."""
    again = (min(times) + WINDOW).strftime("%Y-%m-%d %H:%M:%S %z")
    return (
        f"This submission was not graded: expected at most {per_day} within {HOURS} hours, got one more. The"
        f" results below are those of the submission before it. The next one is graded from {again} on."
    )
