"""Run a lab's steps on a submission, and judge its checks."""

import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.explanations import Reason, explain, room, to_see, where
from autograder.grading import withheld
from autograder.lab import Check, Graded, Lab, Report, Run, Step, StepFailed, StepResult, Submission, Verdict
from autograder.lint.files import lint_files
from autograder.packaging.imports import version
from autograder.runner import whereabouts
from autograder.runner.protocol import MOST_TEXT
from autograder.sandbox.job import Cause, Job, Limits, Outcome
from autograder.text import cut

Execute = Callable[[Job], Outcome]


def judge(
    submission: Submission, lab: Lab, loaded: tuple[Any, str], execute: Execute, tier: str, seed: int,
    seconds: float = math.inf, grader: str = "", hidden: bool = False,
) -> Report:  # fmt: skip
    """Run and judge a submission.

    Args:
        loaded: the result of the lab's `load`.
        execute: runs one job.
        tier: the tier of `execute`, as the report names it.
        seed: of order, draw and training.
        grader: the grader's hash, for the audit.
        hidden: students do not have the data.
        seconds: wall time, after which steps are stopped or not begun; the steps finished by then are judged.

    Raises:
        ValueError: files that may not be shown to a job.
        ModuleNotFoundError: NumPy or PyTorch is not installed.
    """
    start = time.perf_counter()
    versions = {name: version(name) for name in ("numpy", "torch")}  # only students' code imports torch
    data, source = loaded
    # intake and lint may both report a file that is no text
    notes = dict.fromkeys([*submission.notes, *lint_files(submission.files, lab.hand_in)])
    lab = applicable(lab, submission)
    run = Run(submission, data, seed, hidden)
    with np.errstate(all="ignore"):  # sums of a student's numbers may overflow; inf and nan earn nothing
        for step in lab.steps:
            left = seconds - (time.perf_counter() - start)
            run.results[step.name] = run_step(step, run, step.limits or lab.limits, execute, left)
        fault = any(done.cause == Cause.GRADER_FAULT for done in run.results.values())
        tests = tuple(unjudged(lab) if fault else graded_checks(lab, run))
        columns = () if fault else tuple(scoreboard(lab, run))
    return Report(
        lab=lab.name,
        output="\n".join([f"{lab.title}: {source}; sandbox: {tier}", *notes]),
        tests=tests,
        columns=columns,
        seconds=time.perf_counter() - start,
        audit=audit(lab, run, tier, versions) | {"grader_sha256": grader},
        fault=fault,
    )


def only(lab: Lab, beginning: str) -> Lab:
    """The lab with only one check, such as "2.3", or those whose numbers begin so, such as "2."; and their steps.

    Raises:
        ValueError: there are none.
    """
    numbers = [check.number for check in lab.checks if check.number == beginning]  # 1.1 is not the beginning of 1.10
    numbers = numbers or [check.number for check in lab.checks if check.number.startswith(beginning)]
    if not numbers:
        raise ValueError(f"expected a beginning of the numbers of {lab.name}'s checks, got {beginning!r}")
    checks = tuple(check for check in lab.checks if check.number in numbers)
    return reduced(lab, checks)


def applicable(lab: Lab, submission: Submission) -> Lab:
    """The lab without the checks that need a file that was not handed in (`Check.only_with`)."""
    checks = tuple(check for check in lab.checks if all(name in submission.files for name in check.only_with))
    return lab if checks == lab.checks else reduced(lab, checks)


def reduced(lab: Lab, checks: tuple[Check, ...]) -> Lab:
    """The lab with only these checks, the steps they need, and the columns that these steps fill."""
    needed = {name for check in checks for name in check.steps}
    for step in reversed(lab.steps):
        needed |= set(step.after) if step.name in needed else set()
    # a step that follows a needed one may add to a check's text
    needed |= {step.name for step in lab.steps if step.after and set(step.after) <= needed}
    steps = tuple(step for step in lab.steps if step.name in needed)
    columns = tuple(column for column in lab.columns if set(column.steps) <= needed)
    return replace(lab, checks=checks, steps=steps, columns=columns)


def run_step(step: Step, run: Run, limits: Limits, execute: Execute, left: float = math.inf) -> StepResult:
    """Run one step if its files and earlier steps are there and time is left; it is stopped when `left` is over."""
    if missing := [name for name in step.files if name not in run.submission.files]:
        return StepResult(cause=Reason.MISSING, text="\n".join(map(run.submission.missing, missing)))
    if failed := [name for name in step.after if run.results[name].cause != Cause.OK]:
        return StepResult(cause=run.results[failed[0]].cause, text=f"not run, as {failed[0]} failed")
    if left <= 0:
        return StepResult(cause=Reason.NO_TIME, text="not run")
    hurried, limits = left < limits.wall_seconds, replace(limits, wall_seconds=min(left, limits.wall_seconds))
    outcome = None
    try:
        if (job := step.job(run)) is None:
            return StepResult()
        outcome = execute(replace(job, limits=limits))
        if hurried and outcome.cause is Cause.WALL_TIME:
            return StepResult(cause=Reason.NO_TIME, text=f"stopped after {left:.0f} s")
        if outcome.cause is not Cause.OK:
            secret = withheld.is_secret(run, step.sees_hidden)
            text, said = failure(outcome, limits, secret, run.submission.files)
            return StepResult(None, outcome.cause, text, outcome, said)
        # the value is kept; the result it was read from, megabytes of it, is not
        return StepResult(step.read(run, outcome.result), outcome=replace(outcome, result=b""))
    except StepFailed as error:
        if outcome is None:
            return StepResult(None, error.cause, str(error))
        return StepResult(None, error.cause, "", outcome, str(error))
    except ValueError as error:
        if outcome is None:
            raise
        return StepResult(None, Cause.PROTOCOL, "", outcome, f"({error})")


def failure(outcome: Outcome, limits: Limits, secret: bool, files: Mapping[str, Path]) -> tuple[str, str]:
    """Our text for a student on a run without a result, and the end of its error output.

    Args:
        secret: the program got hidden data, which its exit code could tell.
        files: those handed in, by name.
    """
    code = None if secret and outcome.cause is Cause.EXIT_CODE else outcome.exit_code
    words = explain(outcome.cause, limits, code, outcome.usage)
    said, calls = whereabouts.split(outcome.stderr)
    place = whereabouts.line(calls, files) if outcome.cause in (Cause.CPU_TIME, Cause.WALL_TIME) else ""
    tail = "" if outcome.cause is Cause.GRADER_FAULT else said[-MOST_TEXT:].strip()
    return f"{words.title}\n{where(place, outcome.cause, outcome.usage)}{words.paragraph}", tail


def graded_checks(lab: Lab, run: Run) -> Iterator[Graded]:
    """Each check's outcome, by number; a failed step is explained once, at the first check that needs it."""
    steps = {step.name: step for step in lab.steps}
    told: dict[str, str] = {}
    absent = not_handed_in(lab, run)
    for check in sorted(lab.checks, key=order):
        if check.number in absent:
            yield absent[check.number]
        if check.extra and run.results[check.steps[0]].cause == Reason.MISSING:
            continue
        failed = next((name for name in check.steps if run.results[name].cause != Cause.OK), None)
        if failed is None:
            yield from_verdict(check, run, lab)
            continue
        done = withheld.run_to_tell(run, lab, check).results[failed]
        text = (
            f"see {told[failed]}"
            if failed in told
            else why(steps[failed], done, lab.limits) + to_see(lab.name, check.number, run.seed, run.hidden)
        )
        told.setdefault(failed, check.number)
        yield as_graded(check, 0.0, text, done.cause)


def unjudged(lab: Lab) -> Iterator[Graded]:
    """All checks after a fault of the grader: no points, and not a figure of the steps that did run."""
    words = explain(Cause.GRADER_FAULT, lab.limits)
    for check in sorted(lab.checks, key=order):
        yield as_graded(check, 0.0, f"{words.title}\n{words.paragraph}", Cause.GRADER_FAULT)


def as_graded(check: Check, score: float, text: str, cause: str) -> Graded:
    """The outcome of a check."""
    return Graded(check.number, check.name, score, check.points, text, cause, check.visibility, check.tags, check.extra)


def not_handed_in(lab: Lab, run: Run) -> dict[str, Graded]:
    """Number -> the one line that stands for all checks of a part of extra credit that was not handed in, at its first
    check; the part's other checks have none."""
    steps = {step.name: step for step in lab.steps}
    groups: dict[str, list[Check]] = {}
    for check in sorted(lab.checks, key=order):
        if check.extra and run.results[check.steps[0]].cause == Reason.MISSING:
            groups.setdefault(check.number.partition(".")[0], []).append(check)
    lines = {}
    for part, checks in groups.items():
        files = dict.fromkeys(name for check in checks for name in steps[check.steps[0]].files)
        name, most = f"{checks[0].number} to {checks[-1].number}", math.fsum(check.points for check in checks)
        refused = "\n".join(run.submission.missing(name) for name in files if name in run.submission.refused)
        text = refused or f"{', '.join(files)} was not handed in; it is for extra credit"
        lines[checks[0].number] = Graded(part, f"{name}, extra credit", 0.0, most, text, "not handed in", extra=True)
    return lines


def order(check: Check) -> tuple[int, ...]:
    """The sort key of a check: 1.2 comes before 1.10."""
    return tuple(int(part) for part in check.number.split("."))


def why(step: Step, done: StepResult, limits: Limits) -> str:
    """Why a step failed."""
    text, limits = done.text, step.limits or limits
    if done.outcome is None or done.outcome.cause is Cause.OK:  # else the text explains it already
        words = explain(done.cause, limits)
        text = "\n\n".join(filter(None, [f"{words.title}\n{words.paragraph}", text, done.said]))
    elif done.said:
        text += f"\n\nThe end of its error output:\n{done.said}"
    return text + room(text, limits)


def from_verdict(check: Check, run: Run, lab: Lab) -> Graded:
    """A check whose steps have succeeded."""
    verdict = check.judge(run)
    words = words_of(check, run, lab, verdict)
    score = round(check.points * verdict.share, 2)
    if verdict.share == 1:
        cause, text = str(Cause.OK), words
    else:
        own = (step.limits for step in lab.steps if step.name in check.steps and step.limits)
        text = words + room(words, next(own, lab.limits))
        cause, text = verdict.cause, text + to_see(lab.name, check.number, run.seed, run.hidden)
    return as_graded(check, score, text, cause)


def words_of(check: Check, run: Run, lab: Lab, verdict: Verdict) -> str:
    """The text of a verdict, or the one that its judge gives for the texts which may be shown; points never depend on
    those."""
    shown = withheld.run_to_tell(run, lab, check)
    return cut(verdict.text, MOST_TEXT) if shown is run else cut(check.judge(shown).text, withheld.MOST_TEXT)


def scoreboard(lab: Lab, run: Run) -> Iterator[tuple[str, float, str]]:
    """The scoreboard's columns that have a value."""
    for column in lab.columns:
        if all(run.results[name].cause == Cause.OK for name in column.steps):
            value = column.value(run)
            if value is not None:
                yield column.name, value, column.better


def audit(lab: Lab, run: Run, tier: str, versions: dict[str, str]) -> dict[str, object]:
    """All that a second run needs (hashes, seed, limits, versions), and the usage of steps and grader."""
    used = {name: {"cause": str(done.cause)} for name, done in run.results.items()}
    for name, done in run.results.items():
        if done.outcome is not None:
            used[name] |= asdict(done.outcome.usage)
        if done.outcome is not None and done.cause == Cause.GRADER_FAULT:
            used[name]["detail"] = done.outcome.detail  # for staff, who have to fix it
    return {
        "submission_sha256": run.submission.sha256,
        "seed": run.seed,
        "tier": tier,
        "limits": {"lab": asdict(lab.limits)} | {s.name: asdict(s.limits) for s in lab.steps if s.limits},
        "versions": {"python": platform.python_version()} | versions,
        "steps": used,
        "grader_maxrss": _largest(),
    }


def _largest() -> int | None:
    """The largest resident set of this process in bytes; None where the system does not report it (Windows)."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
