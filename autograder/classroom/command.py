"""Grade a whole class in parallel; run again, it grades only changed submissions.

python -m autograder class SUBMISSIONS --lab mp6 --out grades/     a folder of folders and zips
python -m autograder class --db FILE --lab mp6 --out grades/       write the grades in a scoreboard's record
python -m autograder class --watch --db FILE --lab mp6             the jobs waiting in a record, until Ctrl-C

Exit code 0: every submission has a grade. 1: the grader failed at some, which are listed. 2: a mistake on the command
line. 130: interrupted; the same command continues.
"""

import argparse
import functools
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path

from autograder import registry
from autograder.classroom import grading, handed_in, jobs, lateness, progress, recorded, results, scheduler
from autograder.classroom.rows import Registered, register
from autograder.classroom.store import Store, opened
from autograder.grading import grade
from autograder.lab import Lab
from autograder.packaging.checkout_files import grader_hash
from autograder.sandbox.job import Tier
from autograder.sandbox.readable import expect_unreadable
from smallnets import cli, executors, files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder class`."""
    parser.add_argument("submissions", metavar="SUBMISSIONS", nargs="?", type=Path, help="folder of the submissions")
    parser.add_argument("--lab", required=True, choices=registry.names(), help="which assignment")
    parser.add_argument("--out", type=Path, help="folder for grades.csv, summary.html and reports")
    parser.add_argument("--staff", type=Path, help="folder of hidden data, such as prepare.py --staff writes")
    parser.add_argument("--seed", type=cli.whole_number(0), help="the same for all; left out: the record's or random")
    lateness.add_arguments(parser)
    results.add_arguments(parser)
    parser.add_argument("--regrade", action="append", default=[], metavar="STUDENT", help="grade this student again")
    parser.add_argument("--all", action="store_true", help="also grade submissions that a later one replaced")
    parser.add_argument(
        "--workers", type=cli.whole_number(1, 1024), default=2, help="jobs graded at a time on this machine"
    )
    parser.add_argument("--db", type=Path, metavar="FILE", help="the record; left out: OUT/class.sqlite")
    parser.add_argument("--watch", action="store_true", help="grade the jobs waiting in the record and those that come")
    parser.add_argument("--tier", choices=list(Tier), type=str, help="this tier of the sandbox instead of the best one")
    parser.add_argument("--i-trust-this", action="store_true", help="run it even where there is no safe sandbox")
    executors.add_arguments(parser)


def command(args: argparse.Namespace) -> int:
    """Grade, write, print; returns the exit code."""
    for path, name in ((args.staff, "--staff"), (args.db, "--db"), (args.out, "--out")):
        if path is not None:
            expect_unreadable(path, name)
    lab = registry.load(args.lab)
    if args.watch:
        if args.db is None:
            raise ValueError("expected --db FILE, the record to watch")
        with opened(args.db) as store:
            # the server never sees the hidden data: jobs it enqueued for any grader become this one's
            run(args, store, lab, args.seed, grader_hash(lab, args.staff), lambda counts, job: None)
        return 0
    if args.out is None or (args.submissions is None and args.db is None):
        raise ValueError("expected SUBMISSIONS and --out FOLDER, or --db FILE and --out FOLDER; got less")
    files.expect_folder(args.out)
    wanted = results.Wanted.of(args, lab)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.submissions is None and not args.db.is_file():
        raise ValueError(f"expected the record of a scoreboard or class, got no such file: {args.db}")
    with opened(args.db or args.out / "class.sqlite") as store:
        act = write_recorded if args.submissions is None else grade_class
        return act(args, store, lab, wanted)


def write_recorded(args: argparse.Namespace, store: Store, lab: Lab, wanted: results.Wanted) -> int:
    """Write everyone's grade in a record, as its latest grader gave it; returns the exit code."""
    registered = recorded.everyone(store, lab)
    if not registered:
        raise ValueError(f"expected a record with submissions, got none in {args.db}")
    counting = handed_in.latest([each.handed_in for each in registered])
    registered = [each for each in registered if args.all or each.handed_in in counting]
    print(f"{len(registered)} submissions of {len(counting)} students in {args.db}")
    total = functools.partial(recorded.latest_report, store, lab)
    return results.write(args.out, store, lab, wanted, registered, counting, total)


def grade_class(args: argparse.Namespace, store: Store, lab: Lab, wanted: results.Wanted) -> int:
    """Grade the new submissions in a folder, and write everyone's grade; returns the exit code."""
    found, notes = handed_in.find(args.submissions, args.out)
    found, unknown = wanted.with_times(found)
    counting = handed_in.latest(found)
    registered = [register(store, lab, each) for each in (found if args.all else counting)]
    seed = store.last_seed(lab.name) if args.seed is None else args.seed
    seed = secrets.randbits(31) if seed is None else seed
    grader = grader_hash(lab, args.staff)
    for sha256 in dict.fromkeys(each.sha256 for each in registered if each.sha256):
        jobs.enqueue_all(store, lab, sha256, seed, grader, again=True)
    for sha256 in to_regrade(registered, args.regrade):
        for key in jobs.keys(lab, sha256, seed, grader):
            store.regrade(key)
    before = store.counts()
    total = functools.partial(jobs.total, store, lab, seed=seed, grader=grader)
    with progress.told(before, registered, total) as on_progress:
        run(args, store, lab, seed, grader, on_progress)
    after = store.counts()
    for line in [*notes, *unknown]:
        print(line)
    new = after["done"] - before["done"]
    print(f"{len(registered)} submissions of {len(counting)} students, {new} jobs graded now, seed {seed}")
    return results.write(args.out, store, lab, wanted, registered, counting, total)


def to_regrade(registered: Sequence[Registered], students: Sequence[str]) -> list[str]:
    """The hashes of what these students handed in, each named by address, id or name; ValueError for an unknown one."""
    for student in students:
        if not any(student in each.handed_in.called for each in registered):
            raise ValueError(f"expected --regrade to name a student of this class, got {student}")
    chosen = [each for each in registered if set(each.handed_in.called) & set(students)]
    return list(dict.fromkeys(each.sha256 for each in chosen if each.sha256))


def run(
    args: argparse.Namespace, store: Store, lab: Lab, seed: int | None, grader: str,
    on_progress: scheduler.OnProgress,
) -> None:  # fmt: skip
    """Grade the waiting jobs, here or on a cluster."""
    stop = threading.Event()
    function: scheduler.Function = grading.grade_one  # a cluster gets it as plain data, and can be sent no event
    tier = args.tier and Tier(args.tier)  # None is the best tier of the machine that a job runs on
    if args.scheduler is None:
        function = functools.partial(grading.grade_one, stop=stop)
        tier = grade.chosen_tier(args.tier, args.i_trust_this)
    with executors.chosen(args, args.workers) as crew:
        scheduler.run(
            store, lab, crew.executor, args.staff, seed, stop, on_progress, watch=args.watch, slots=crew.slots,
            grader=grader, function=function, tier=tier, trust=args.i_trust_this,
        )  # fmt: skip
