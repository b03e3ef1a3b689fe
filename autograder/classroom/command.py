"""Grade a whole class in parallel; run again, it grades only changed submissions.

python -m autograder class SUBMISSIONS --lab mp6 --out grades/     a folder of folders and zips
python -m autograder class --watch --db FILE --lab mp6             the jobs waiting in a record, until Ctrl-C

Exit code 0: every submission has a grade. 1: the grader failed at some, which are listed. 2: a mistake on the command
line. 130: interrupted; the same command continues.
"""

import argparse
import contextlib
import functools
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder import registry
from autograder.classroom import fast, grading, handed_in, jobs, outputs, scheduler
from autograder.classroom.rows import Row, register, rows
from autograder.classroom.store import Store, opened
from autograder.grading import grade
from autograder.lab import Lab
from autograder.sandbox.job import Tier
from smallnets import cli, executors, files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder class`."""
    parser.add_argument("submissions", metavar="SUBMISSIONS", nargs="?", type=Path, help="folder of the submissions")
    parser.add_argument("--lab", required=True, choices=registry.names(), help="which assignment")
    parser.add_argument("--out", type=Path, help="folder for grades.csv, summary.html and reports")
    parser.add_argument("--staff", type=Path, help="folder of hidden data, such as prepare.py --staff writes")
    parser.add_argument("--seed", type=cli.whole_number(0), help="the same for all; left out: the record's or random")
    parser.add_argument("--due", type=cli.moment, metavar="TIME", help="later is late, such as 2026-11-30T23:59")
    parser.add_argument("--all", action="store_true", help="also grade submissions that a later one replaced")
    parser.add_argument(
        "--workers", type=cli.whole_number(1, 1024), default=2, help="jobs graded at a time on this machine"
    )
    parser.add_argument("--fast", action="store_true", help="practice run: fork the sandbox's jobs, see CLASS.md")
    parser.add_argument("--db", type=Path, metavar="FILE", help="the record; left out: OUT/class.sqlite")
    parser.add_argument("--watch", action="store_true", help="grade the jobs waiting in the record and those that come")
    parser.add_argument("--tier", choices=list(Tier), type=str, help="this tier of the sandbox instead of the best one")
    parser.add_argument("--i-trust-this", action="store_true", help="run it even where there is no safe sandbox")
    executors.add_arguments(parser)


def command(args: argparse.Namespace) -> int:
    """Grade, write, print; returns the exit code."""
    lab = registry.load(args.lab)
    if args.fast and (args.scheduler is not None or args.tier not in (None, Tier.CONTAINER)):
        raise ValueError("expected --fast alone, as it grades on this machine in the container tier; got more")
    if args.watch:
        if args.db is None:
            raise ValueError("expected --db FILE, the record to watch")
        with opened(args.db) as store:
            # the server never sees the hidden data: jobs it enqueued for any grader become this one's
            run(args, store, lab, args.seed, jobs.grader_hash(lab, args.staff, args.fast), lambda counts: None)
        return 0
    if args.submissions is None or args.out is None:
        raise ValueError("expected SUBMISSIONS and --out FOLDER, got only one of them or none")
    files.expect_folder(args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    with opened(args.db or args.out / "class.sqlite") as store:
        return grade_class(args, store, lab)


def grade_class(args: argparse.Namespace, store: Store, lab: Lab) -> int:
    """Grade the new submissions in a folder, and write everyone's grade; returns the exit code."""
    found, notes = handed_in.find(args.submissions, args.out)
    counting = handed_in.latest(found)
    registered = [register(store, lab, each) for each in (found if args.all else counting)]
    seed = store.last_seed(lab.name) if args.seed is None else args.seed
    seed = secrets.randbits(31) if seed is None else seed
    grader = jobs.grader_hash(lab, args.staff, args.fast)
    for sha256 in dict.fromkeys(each.sha256 for each in registered if each.sha256):
        jobs.enqueue_all(store, lab, sha256, seed, grader, again=True)
    before = store.counts()
    with progress(before) as on_progress:
        run(args, store, lab, seed, grader, on_progress)
    after = store.counts()
    everyone = rows(registered, counting, lab, args.due, lambda sha256: jobs.total(store, lab, sha256, seed, grader))
    table = outputs.write(args.out, lab, everyone, practice=args.fast)
    for line in notes:
        print(line)
    new = after["done"] - before["done"]
    print(f"{len(everyone)} submissions of {len(counting)} students, {new} jobs graded now, seed {seed}")
    return told(everyone, table)


def told(everyone: Sequence[Row], table: Path) -> int:
    """Print the outcome and the files written; returns the exit code."""
    failed = [row for row in everyone if row.score is None]
    refused = [row for row in everyone if row.refusal]
    for row in refused:
        print(f"refused, so no points: {row.student}: {row.refusal}")
    for row in failed:
        print(f"not graded: {row.student}: {row.fault}")
    print(f"{len(everyone) - len(failed)} graded, {len(failed)} grader failure{'' if len(failed) == 1 else 's'}")
    print(f"written: {table}, {table.parent / 'summary.html'}, {table.parent / 'reports'}")
    return 1 if failed else 0


def run(
    args: argparse.Namespace, store: Store, lab: Lab, seed: int | None, grader: str,
    on_progress: Callable[[dict[str, int]], None],
) -> None:  # fmt: skip
    """Grade the waiting jobs, here or on a cluster."""
    stop = threading.Event()
    with executors.chosen(args, args.workers) as crew, how(args, stop) as (function, tier):
        scheduler.run(
            store, lab, crew.executor, args.staff, seed, stop, on_progress, watch=args.watch, slots=crew.slots,
            grader=grader, function=function, tier=tier, trust=args.i_trust_this,
        )  # fmt: skip


@contextlib.contextmanager
def how(args: argparse.Namespace, stop: threading.Event) -> Iterator[tuple[scheduler.Function, Tier | None]]:
    """The function that grades a job, and its tier; None is the best tier of the machine it runs on."""
    if args.fast:
        with fast.workers(args.workers, stop) as function:
            yield function, Tier.CONTAINER
    elif args.scheduler is not None:
        yield grading.grade_one, args.tier and Tier(args.tier)
    else:
        yield functools.partial(grading.grade_one, stop=stop), grade.chosen_tier(args.tier, args.i_trust_this)


@contextlib.contextmanager
def progress(before: dict[str, int]) -> Iterator[Callable[[dict[str, int]], None]]:
    """A bar with rate and time left, on a terminal only."""
    from tqdm import tqdm  # not needed by the other commands

    bar: Any = tqdm(total=before["waiting"] + before["running"], desc="grading", unit="job", dynamic_ncols=True,
                    smoothing=0.1, disable=not sys.stderr.isatty())  # fmt: skip

    def show(counts: dict[str, int]) -> None:
        bar.update(sum(counts[state] - before[state] for state in ("done", "fault")) - bar.n)

    with bar:
        yield show
