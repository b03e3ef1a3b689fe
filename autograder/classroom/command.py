"""Grade a whole class: what every student has handed in, in parallel; run again, it grades only what changed.

python -m autograder class SUBMISSIONS --lab mp6 --out grades/     a folder of folders and zips
python -m autograder class --watch --db FILE --lab mp6             what waits in a record, until Ctrl-C

Exit code 0: every submission has its grade. 1: the grader failed at some, which are listed apart. 2: a mistake on the
command line. 130: interrupted; the same line again goes on.
"""

import argparse
import functools
import threading
from pathlib import Path

from autograder import grade, labs
from autograder.classroom import coordinate, grading
from autograder.classroom.store import Store
from autograder.lab import Lab
from autograder.sandbox.job import Tier
from smallnets import cli, executors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder class`."""
    parser.add_argument("submissions", metavar="SUBMISSIONS", nargs="?", type=Path, help="folder of what was handed in")
    parser.add_argument("--lab", required=True, choices=labs.names(), help="which assignment")
    parser.add_argument("--out", type=Path, help="folder for grades and reports")
    parser.add_argument("--db", type=Path, help="the record; left out: OUT/class.sqlite")
    parser.add_argument("--staff", type=Path, help="folder of hidden data")
    parser.add_argument("--seed", type=cli.whole_number(0), help="the same for all; left out: the record's, or drawn")
    parser.add_argument("--workers", type=cli.whole_number(1), default=2, help="how many are graded at a time here")
    parser.add_argument("--watch", action="store_true", help="grade what waits in the record, and what will")
    parser.add_argument("--tier", choices=list(Tier), type=str, help="this tier of the sandbox instead of the best one")
    parser.add_argument("--i-trust-this", action="store_true", help="run it even where there is no safe sandbox")
    executors.add_arguments(parser)


def command(args: argparse.Namespace) -> int:
    """Grade; returns the exit code."""
    lab = labs.load(args.lab)
    if args.watch:
        watch(args, lab)
    return 0


def watch(args: argparse.Namespace, lab: Lab) -> None:
    """Grade what waits, and what comes, until interrupted."""
    if args.db is None:
        raise ValueError("expected --db FILE, the record to watch")
    stop = threading.Event()
    store = Store(args.db)
    with executors.chosen(args, args.workers) as crew:
        local = args.scheduler is None
        coordinate.run(
            store,
            lab,
            crew.executor,
            args.staff,
            args.seed,
            stop,
            watch=True,
            slots=crew.slots,
            function=functools.partial(grading.grade_one, stop=stop) if local else grading.grade_one,
            tier=grade.chosen_tier(args.tier, args.i_trust_this) if local else None,
            trust=args.i_trust_this,
        )
