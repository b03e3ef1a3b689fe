"""Grade a submission, a folder or a zip.

python -m autograder grade SUBMISSION --lab mp6                          report on the terminal
python -m autograder grade SUBMISSION --lab mp6 --results results.json   also writes Gradescope's file

Exit code 0: graded, whatever the score. 1: the grader failed, so the score is no judgement.
"""

import argparse
import json
import secrets
from pathlib import Path

from autograder import registry
from autograder.grading.grade import chosen_tier, grade
from autograder.grading.pipeline import only
from autograder.lab import Lab
from autograder.reports import gradescope_results, text_report
from autograder.sandbox.job import Tier
from smallnets import cli, files, own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder grade`."""
    parser.add_argument("submission", type=Path, help="folder or zip")
    parser.add_argument("--lab", required=True, choices=registry.names(), help="which assignment")
    parser.add_argument("--staff", type=Path, help="folder of hidden data, such as prepare.py --staff writes")
    parser.add_argument("--seed", type=cli.whole_number(0), help="of order, draw and training; left out: a random one")
    parser.add_argument(
        "--only", metavar="NUMBER", help="one check, such as 2.3, or those whose numbers begin so, such as 2."
    )
    parser.add_argument("--results", type=Path, help="write Gradescope's results.json here")
    parser.add_argument("--json", type=Path, help="write everything as plain data here")
    parser.add_argument("--tier", choices=list(Tier), type=str, help="this tier of the sandbox instead of the best one")
    parser.add_argument("--i-trust-this", action="store_true", help="run it even without a safe sandbox")


def command(args: argparse.Namespace) -> int:
    """Grade, print, write; returns the exit code."""
    for path in (args.json, args.results):
        if path is not None:
            files.expect_file(path, *files.JSON)
    lab = registry.load(args.lab) if args.only is None else only(registry.load(args.lab), args.only)
    tier = chosen_tier(args.tier, args.i_trust_this)
    seed = secrets.randbits(31) if args.seed is None else args.seed
    with own.keeping(*([] if args.results is None else [args.results])):
        return graded_and_written(args, lab, tier, seed)


def graded_and_written(args: argparse.Namespace, lab: Lab, tier: Tier, seed: int) -> int:
    """Grade, write, print; returns the exit code."""
    if args.results is not None:
        gradescope_results.write(args.results, gradescope_results.document(gradescope_results.provisional(lab)))
    graded = grade(args.submission, lab, tier, args.staff, seed, args.i_trust_this)
    try:  # files first, as the reader of a pipe may leave; the report is printed in any case
        if args.results is not None:
            gradescope_results.write(args.results, gradescope_results.document(graded))
        if args.json is not None:
            files.write_text(args.json, json.dumps(text_report.plain(graded), indent=1, allow_nan=False) + "\n")
    finally:
        text_report.show(graded)
    return 1 if graded.fault else 0
