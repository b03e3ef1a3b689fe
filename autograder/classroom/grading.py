"""Grade one job in a process of its own: plain data in, plain data out, so that any machine can do it.

Run as `python -m autograder.classroom.grading PARENT`, it reads a task from standard input and prints the result.
"""

import functools
import json
import marshal
import sys
import threading
from pathlib import Path
from typing import Any

from autograder import registry
from autograder.gradescope.words import refused
from autograder.grading import grade, pipeline
from autograder.intake.take_in import take_in
from autograder.lab import Lab
from autograder.packaging import checkout_files
from autograder.reports import text_report
from autograder.sandbox.forked import launcher
from autograder.sandbox.job import Tier
from autograder.sandbox.run import GRACE
from autograder.sandbox.run import run as run_job
from autograder.sandbox.workspace import own_folder
from smallnets import executors, faults

SPARE = 60.0  # seconds for the grader beyond those of its jobs


def task(
    lab: Lab, part: str, seed: int, archive: bytes, staff: Path | None = None, tier: Tier | None = None,
    trust: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """The task for `grade_one`, as data that marshal can write.

    Args:
        part: one of `jobs.parts(lab)`.
        archive: the submission, a zip.
        staff: the folder of hidden data, by its path on the grading machine.
        tier: of the sandbox; left out, the best one on the grading machine.
        trust: the caller trusts the code.
    """
    chosen = pipeline.only(lab, part) if part else lab
    seconds = sum((step.limits or lab.limits).wall_seconds + GRACE for step in chosen.steps) + SPARE
    return {
        "lab": lab.name,
        "part": part,
        "seed": seed,
        "archive": archive,
        "staff": None if staff is None else str(staff.absolute()),
        "tier": None if tier is None else str(tier),
        "trust": trust,
        "seconds": seconds,
    }


def grade_one(task: dict[str, Any], stop: threading.Event | None = None) -> dict[str, Any]:
    """Grade one job in a fresh process.

    Returns:
        "report", see `text_report.plain`, and "fault", a line for staff, "" if the grade is valid.
    """
    command = ["-m", "autograder.classroom.grading"]
    try:
        out = executors.fresh(command, marshal.dumps(task), task["seconds"], stop, registry.ROOT)
        found: dict[str, Any] = json.loads(out)
    except (OSError, ValueError) as error:
        return failed(error)
    return found


def failed(error: Exception) -> dict[str, Any]:
    """The result without a report."""
    named = "" if isinstance(error, OSError | ValueError) else f"{type(error).__name__}: "  # ours, for staff
    return {"report": {}, "fault": named + faults.words(error)}


def graded(task: dict[str, Any]) -> dict[str, Any]:
    """Grade one job in this process; returns as `grade_one` does."""
    lab = registry.load(task["lab"])
    chosen = pipeline.only(lab, task["part"]) if task["part"] else lab
    try:
        tier = Tier(task["tier"]) if task["tier"] else grade.chosen_tier(None, task["trust"])
        loaded = lab.loaded(Path(task["staff"]) if task["staff"] else None, task["seed"])
        with own_folder("handed-in-") as folder, launcher() as launch:
            (folder / "work.zip").write_bytes(task["archive"])
            try:
                submission = take_in(folder / "work.zip", lab, folder / "files")
            except ValueError as error:
                found = refused(chosen, str(error))
            else:
                execute = functools.partial(run_job, tier=tier, trust=task["trust"], launch=launch)
                found = pipeline.judge(
                    submission, chosen, loaded, execute, tier, task["seed"], grader=checkout_files.grader_hash(lab)
                )
    except (OSError, ValueError) as error:
        return failed(error)
    steps = found.audit.get("steps", {})
    details = [f"{name}: {used['detail']}" for name, used in steps.items() if "detail" in used]
    return {"report": text_report.plain(found), "fault": "; ".join(details) if found.fault else ""}


def main() -> None:
    """Grade the task on standard input."""
    executors.end_with(int(sys.argv[1]))
    print(json.dumps(graded(marshal.load(sys.stdin.buffer)), allow_nan=False))


if __name__ == "__main__":
    main()
