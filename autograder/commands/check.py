"""Run the checks on your own work before you hand it in: the same as in the grading, on images that you have.

python -m autograder check            all checks
python -m autograder check --only 1.  checks whose numbers begin with 1.

Exit code 0: all points, apart from extra credit. 1: points or files are missing.
"""

import argparse
import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder import registry
from autograder.grading import pipeline
from autograder.intake.copy_files import copy_own
from autograder.intake.own_folder import gather
from autograder.lab import Lab, Run, Step, Submission
from autograder.registry import located
from autograder.reports import progress, text_report
from autograder.sandbox import direct
from autograder.sandbox.job import Job
from smallnets import cli


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder check`."""
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="the folder of your files")
    registry.add_option(parser)
    parser.add_argument(
        "--only", metavar="NUMBER", help="one check, such as 2.3, or those whose numbers begin so, such as 2."
    )
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of the random inputs")


@contextlib.contextmanager
def told(lab: Lab, submission: Submission) -> Iterator[Lab]:
    """The lab, each of whose steps shows that it begins, with its number among those whose files are there."""
    steps = [step for step in lab.steps if all(name in submission.files for name in step.files)]
    with progress.shown(len(steps), lab.name, "step") as show:

        def begins(step: Step, done: int) -> Step:
            def job(run: Run) -> Job | None:
                if found := step.job(run):
                    title = step.title or step.name
                    show(done, title, f"{title} ({done + 1} of {len(steps)})")
                return found

            return dataclasses.replace(step, job=job)

        numbers = {step.name: number for number, step in enumerate(steps)}
        yield dataclasses.replace(lab, steps=tuple(begins(step, numbers.get(step.name, 0)) for step in lab.steps))


def command(args: argparse.Namespace) -> int:
    """Take the files that `pack` would take, grade them, print; returns the exit code.

    Raises:
        ValueError: an unknown lab, or none of the lab's files is there.
    """
    lab = registry.load(args.lab)
    folder = args.folder or located(lab.handout.folder if lab.handout else "")
    with tempfile.TemporaryDirectory(prefix="check-") as temporary:
        found = gather(lab, folder)
        for line in (*found.missing, *found.faults, *found.notes):
            print(line)
        chosen = lab if args.only is None else pipeline.only(lab, args.only)
        submission = copy_own(found.files, lab.hand_in, Path(temporary))
        loaded = lab.loaded(None, args.seed)
        with told(pipeline.applicable(chosen, submission), submission) as chosen:
            graded = pipeline.judge(submission, chosen, loaded, direct.run, "none, as the work is yours", args.seed)
    text_report.show(graded)
    return int(graded.fault or any(test.score < test.max_score and not test.extra for test in graded.tests))
