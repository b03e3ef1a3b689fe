"""Grade a submission: a folder or a zip, as handed in.

python -m autograder grade SUBMISSION --lab mp6                          report on the terminal
python -m autograder grade SUBMISSION --lab mp6 --results results.json   also Gradescope's file

Exit code 0: graded, whatever the score. 1: the grader failed at something, so the score is no judgement.
"""

import argparse
import json
import math
import platform
import resource
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autograder import labs, report, results
from autograder.causes import Finding, explain
from autograder.intake import take_in
from autograder.lab import Check, Done, Graded, Lab, Report, Run, Step, StepFailed, Submission
from autograder.look import look
from autograder.parcel import grader_hash
from autograder.sandbox.job import Cause, Limits, Outcome, Tier
from autograder.sandbox.place import own_folder
from autograder.sandbox.run import Launch
from autograder.sandbox.run import run as run_job
from autograder.sandbox.tiers import SAFE, best, detect
from smallnets import cli, files

TAIL = 3000  # characters of its error output that a student is shown


def grade(
    path: Path,
    lab: Lab,
    tier: Tier,
    staff: Path | None = None,
    seed: int = 0,
    trust: bool = False,
    seconds: float = math.inf,
) -> Report:
    """Run and judge a submission.

    Args:
        path: folder or zip.
        staff: folder of hidden data, see the lab's `load`.
        seed: of order, draw and training.
        trust: the caller vouches for the code; without it the practice tier refuses.
        seconds: on the clock, after which steps are cut short or not begun; what was done by then is judged.

    Raises:
        ValueError: not a submission; data that is not as it should be; the practice tier without trust.
        OSError: data that is not there.
    """
    start = time.perf_counter()
    loaded = lab.load(staff, seed)
    with own_folder("handed-in-") as folder:
        submission = take_in(path, lab, folder)
        return judge(submission, lab, loaded, tier, seed, trust, seconds - (time.perf_counter() - start))


def judge(
    submission: Submission, lab: Lab, loaded: tuple[Any, str], tier: Tier, seed: int, trust: bool = False,
    seconds: float = math.inf, launch: Launch | None = None,
) -> Report:  # fmt: skip
    """Run and judge what has been taken in; `loaded` is what the lab's `load` returns, the rest is as for `grade`.

    Args:
        launch: how the sandbox starts its processes, if not anew for each job.
    """
    start = time.perf_counter()
    data, source = loaded
    # both may have the same to say about a file that is no text
    notes = dict.fromkeys([*submission.notes, *look(submission.files, lab.hand_in)])
    lab = held(lab, submission)
    run = Run(submission, data, seed)
    for step in lab.steps:
        left = seconds - (time.perf_counter() - start)
        run.done[step.name] = do(step, run, step.limits or lab.limits, tier, trust, left, launch)
    tests = tuple(judged(lab, run))
    columns = tuple(scoreboard(lab, run))
    return Report(
        lab=lab.name,
        output="\n".join([f"{lab.title}: {source}; sandbox: {tier}", *notes]),
        tests=tests,
        columns=columns,
        seconds=time.perf_counter() - start,
        audit=audit(lab, run, tier),
        fault=any(done.cause == Cause.GRADER_FAULT for done in run.done.values()),
    )


def only(lab: Lab, beginning: str) -> Lab:
    """The lab with those checks alone whose numbers begin so, such as "2.", and the steps they need.

    Raises:
        ValueError: there are none.
    """
    checks = tuple(check for check in lab.checks if check.number.startswith(beginning))
    if not checks:
        raise ValueError(f"expected a beginning of the numbers of {lab.name}'s checks, got {beginning!r}")
    return reduced(lab, checks)


def held(lab: Lab, submission: Submission) -> Lab:
    """The lab without the checks that are held only with a file that was not handed in."""
    checks = tuple(check for check in lab.checks if all(name in submission.files for name in check.only_with))
    return lab if checks == lab.checks else reduced(lab, checks)


def reduced(lab: Lab, checks: tuple[Check, ...]) -> Lab:
    """The lab with these of its checks alone, the steps they need, and the columns that these steps fill."""
    needed = {name for check in checks for name in check.steps}
    for step in reversed(lab.steps):
        needed |= set(step.after) if step.name in needed else set()
    # a step that follows a needed one may add to what a check has to say
    needed |= {step.name for step in lab.steps if step.after and set(step.after) <= needed}
    steps = tuple(step for step in lab.steps if step.name in needed)
    columns = tuple(column for column in lab.columns if set(column.steps) <= needed)
    return replace(lab, checks=checks, steps=steps, columns=columns)


def do(
    step: Step, run: Run, limits: Limits, tier: Tier, trust: bool, left: float = math.inf, launch: Launch | None = None
) -> Done:
    """Run one step, if what it needs is there and some seconds are left; it is stopped when they are over."""
    if missing := [name for name in step.files if name not in run.submission.files]:
        return Done(cause=Finding.MISSING, text=f"expected {', '.join(missing)}, got no such file")
    if failed := [name for name in step.after if run.done[name].cause != Cause.OK]:
        return Done(cause=run.done[failed[0]].cause, text=f"not run, as {failed[0]} came to nothing")
    if left <= 0:
        return Done(cause=Finding.NO_TIME, text="not run")
    hurried, limits = left < limits.wall_seconds, replace(limits, wall_seconds=min(left, limits.wall_seconds))
    outcome = None
    try:
        outcome = run_job(replace(step.job(run), limits=limits), tier, trust, launch)
        if hurried and outcome.cause is Cause.WALL_TIME:
            return Done(cause=Finding.NO_TIME, text=f"stopped after {left:.0f} s")
        if outcome.cause is not Cause.OK:
            return Done(None, outcome.cause, failure(outcome, limits), outcome)
        # what was read stays; the message itself, megabytes of it, need not
        return Done(step.read(run, outcome.result), outcome=replace(outcome, result=b""))
    except StepFailed as error:
        return Done(None, error.cause, str(error), outcome)
    except ValueError as error:
        if outcome is None:
            raise
        return Done(None, Cause.PROTOCOL, f"{explain(Cause.PROTOCOL, limits).paragraph}\n({error})", outcome)


def failure(outcome: Outcome, limits: Limits) -> str:
    """What a student is told about a run that came to no result."""
    words = explain(outcome.cause, limits, outcome.exit_code)
    text = f"{words.title}\n{words.paragraph}"
    tail = outcome.stderr[-TAIL:].strip()
    return f"{text}\n\nThe end of its error output:\n{tail}" if tail and outcome.cause != Cause.GRADER_FAULT else text


def judged(lab: Lab, run: Run) -> Iterator[Graded]:
    """Each check's outcome, by number; what came of a step is told once, at the first check that needs it."""
    steps = {step.name: step for step in lab.steps}
    told: dict[str, str] = {}
    for check in sorted(lab.checks, key=order):
        failed = next((name for name in check.steps if run.done[name].cause != Cause.OK), None)
        if failed is None:
            yield from_verdict(check, run, lab)
            continue
        done = run.done[failed]
        text = f"see {told[failed]}" if failed in told else why(steps[failed], done, lab.limits)
        told.setdefault(failed, check.number)
        yield Graded(check.number, check.name, 0.0, check.points, text, done.cause, check.visibility, check.tags)


def order(check: Check) -> tuple[int, ...]:
    """1.2 comes before 1.10."""
    return tuple(int(part) for part in check.number.split("."))


def why(step: Step, done: Done, limits: Limits) -> str:
    """Why a step came to nothing, and how to see the same."""
    text, limits = done.text, step.limits or limits
    if done.outcome is None or done.outcome.cause is Cause.OK:  # otherwise the text explains already
        words = explain(done.cause, limits)
        text = f"{words.title}\n{words.paragraph}\n\n{text}"
    return f"{text}\n\nTo see the same: {step.reproduce}" if step.reproduce else text


def from_verdict(check: Check, run: Run, lab: Lab) -> Graded:
    """A check whose steps have succeeded."""
    verdict = check.judge(run)
    score = round(check.points * verdict.share, 2)
    if verdict.share == 1:
        cause, text = str(Cause.OK), verdict.text
    else:
        part = check.number.split(".")[0]
        command = f"python -m autograder check --lab {lab.name} --only {part}. --seed {run.seed}"
        cause, text = verdict.cause, f"{verdict.text}\n\nTo see the same: {command}"
    return Graded(check.number, check.name, score, check.points, text, cause, check.visibility, check.tags)


def scoreboard(lab: Lab, run: Run) -> Iterator[tuple[str, float, str]]:
    """The columns that have a value."""
    for column in lab.columns:
        if all(run.done[name].cause == Cause.OK for name in column.steps):
            value = column.value(run)
            if value is not None:
                yield column.name, value, column.better


def audit(lab: Lab, run: Run, tier: Tier) -> dict[str, object]:
    """What a second run needs to be the same: hashes, seed, limits, versions; and what steps and grader used."""
    used = {name: {"cause": str(done.cause)} for name, done in run.done.items()}
    for name, done in run.done.items():
        if done.outcome is not None:
            used[name] |= asdict(done.outcome.usage)
        if done.outcome is not None and done.cause == Cause.GRADER_FAULT:
            used[name]["detail"] = done.outcome.detail  # for staff, who have to mend it
    return {
        "submission_sha256": run.submission.sha256,
        "grader_sha256": grader_hash(lab),
        "seed": run.seed,
        "tier": str(tier),
        "limits": {"lab": asdict(lab.limits)} | {s.name: asdict(s.limits) for s in lab.steps if s.limits},
        # torch is not imported here, but by the students' code
        "versions": {"python": platform.python_version()} | {name: version(name) for name in ("numpy", "torch")},
        "steps": used,
        "grader_maxrss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder grade`."""
    parser.add_argument("submission", type=Path, help="folder or zip")
    parser.add_argument("--lab", required=True, choices=labs.names(), help="which assignment")
    parser.add_argument("--staff", type=Path, help="folder of hidden data, such as prepare.py --staff writes")
    parser.add_argument(
        "--seed", type=cli.whole_number(0), help="of order, draw and training; left out: another each time"
    )
    parser.add_argument("--only", metavar="NUMBER", help="checks whose numbers begin so, such as 2.")
    parser.add_argument("--results", type=Path, help="write Gradescope's results.json here")
    parser.add_argument("--json", type=Path, help="write everything as plain data here")
    parser.add_argument("--tier", choices=list(Tier), type=str, help="this tier of the sandbox instead of the best one")
    parser.add_argument("--i-trust-this", action="store_true", help="run it even where there is no safe sandbox")


def command(args: argparse.Namespace) -> int:
    """Grade, print, write; returns the exit code."""
    lab = labs.load(args.lab) if args.only is None else only(labs.load(args.lab), args.only)
    tier = chosen_tier(args.tier, args.i_trust_this)
    seed = secrets.randbits(31) if args.seed is None else args.seed
    if args.results is not None:
        results.write(args.results, results.document(results.provisional(lab)))
    if args.json is not None:
        files.expect_file(args.json)
    graded = grade(args.submission, lab, tier, args.staff, seed, args.i_trust_this)
    try:  # files first, as whoever reads the output may go at any moment; and what is found is shown in any case
        if args.results is not None:
            results.write(args.results, results.document(graded))
        if args.json is not None:
            files.write_text(args.json, json.dumps(report.plain(graded), indent=1, allow_nan=False) + "\n")
    finally:
        show(graded)
    return 1 if graded.fault else 0


def show(graded: Report) -> None:
    """Print a report as wide as the terminal."""
    print(report.text(graded, max(report.NARROWEST, shutil.get_terminal_size((100, 24)).columns)))


def chosen_tier(name: str | None, trust: bool) -> Tier:
    """The tier asked for, or the best one; ValueError if it cannot be had, or is not safe and nobody vouches."""
    detection = detect() if name else best()
    tier = Tier(name) if name else detection.tier
    if reason := detection.reasons[tier]:
        raise ValueError(f"expected the {tier} tier on this machine, got: {reason}")
    if tier not in SAFE and not trust:
        better = "; ".join(f"{other}: {detection.reasons[other]}" for other in SAFE if detection.reasons[other])
        raise ValueError(
            f"expected a safe sandbox, or --i-trust-this for code of your own, got the {tier} tier"
            + (f" ({better})" if better else "")
        )
    return tier
