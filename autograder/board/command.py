"""Serve a course's scoreboard: students hand in on a web page, and see their report and their place.

python -m autograder serve --lab mp6 --add-students roster.csv   make accounts and print their tokens
python -m autograder serve --lab mp6 --staff /srv/staff          serve, and grade in another process

Exit code 0: done. 2: a mistake on the command line. 130: interrupted.
"""

import argparse
import csv
import math
import socket
import sys
from pathlib import Path

from autograder import registry
from autograder.board import accounts, confinement, roster, supervise, uploads
from autograder.board.declared import checked, ranked_by
from autograder.board.record import Record, opened
from autograder.lab import Lab
from autograder.sandbox.readable import expect_unreadable
from smallnets import cli


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder serve`."""
    parser.add_argument("--lab", required=True, choices=registry.names(), help="which assignment")
    parser.add_argument("--db", type=Path, default=Path("board.sqlite"), help="the record, one file; made if missing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=cli.whole_number(0, 65535), default=8000, help="port to listen on; 0: any")
    parser.add_argument("--proxy", default="", help="address of a reverse proxy whose X-Forwarded headers are believed")
    parser.add_argument("--staff", type=Path, help="folder of hidden data, for the grading process only")
    parser.add_argument("--workers", type=cli.whole_number(1, 1024), default=2, help="how many are graded at a time")
    parser.add_argument("--uploads", type=cli.whole_number(1), help="each student has; left out: the lab's")
    seconds = cli.number(0, 366 * 86_400)
    parser.add_argument("--cool-down", type=seconds, metavar="SECONDS", help="between uploads; left out: the lab's")
    words = "such as 2026-12-01T23:59; later uploads are late"
    parser.add_argument("--deadline", type=cli.moment, metavar="TIME", help=words)
    words = "rank by this column, without the rules and points of the lab's own ranking"
    parser.add_argument("--rank-by", metavar="COLUMN", help=words)
    parser.add_argument("--final", action="store_true", help="show the final ranking to all")
    parser.add_argument("--no-grading", action="store_true", help="serve only; `class --watch` grades elsewhere")
    parser.add_argument("--i-trust-this", action="store_true", help="grade even where there is no safe sandbox")
    instead = parser.add_argument_group("instead of serving").add_mutually_exclusive_group()
    instead.add_argument("--add-students", type=Path, metavar="CSV", help="with the columns student, name, kind")
    instead.add_argument("--new-token", metavar="STUDENT", help="print a new token; the old one stops working")
    instead.add_argument("--revoke", metavar="STUDENT", help="make a student's token stop working")
    instead.add_argument("--export", type=Path, metavar="DIR", help="write the ranking as HTML")
    instead.add_argument("--points", type=Path, metavar="CSV", help="write final places and points, for staff")
    instead.add_argument("--backup", type=Path, metavar="FILE", help="copy the record while it is in use")
    instead.add_argument("--restore", type=Path, metavar="FILE", help="replace the record by a copy")


def command(args: argparse.Namespace) -> int:
    """Serve, or do one of the other tasks; returns the exit code."""
    expect_unreadable(args.db, "--db")
    lab = checked(registry.load(args.lab))
    if args.rank_by is not None:
        lab = ranked_by(lab, args.rank_by)
    deadline = math.inf if args.deadline is None else args.deadline
    chosen = uploads.rules_of(lab, args.uploads, args.cool_down, deadline, args.final)
    if any(given is not None for given in (args.add_students, args.new_token, args.revoke)):
        with opened(args.db, lab) as record:
            change_accounts(record, args)
    elif args.backup:
        from autograder.board import backup

        backup.back_up(args.db, args.backup)
    elif args.restore or args.export or args.points:
        with opened(args.db, lab) as record:
            files(record, args, chosen)
    elif args.no_grading:
        serve(lab, args, chosen)
    else:
        return both(lab, args, chosen)
    return 0


def change_accounts(record: Record, args: argparse.Namespace) -> None:
    """Add people or change a token; tokens are shown only once."""
    with record.transaction():  # nothing changes if the tokens cannot be written to stdout, as on a full disk
        if args.revoke is not None:
            accounts.revoke(record, args.revoke)
        elif args.new_token is not None:
            print(accounts.new_token(record, args.new_token))
        else:
            added = accounts.add(record, list(roster.read(args.add_students)))
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(["student", "name", "kind", "token"])
            writer.writerows((person.student, person.name, person.kind, token) for person, token in added)
        sys.stdout.flush()


def files(record: Record, args: argparse.Namespace, chosen: uploads.Rules) -> None:
    """Write the board or the points, or restore a copy."""
    from autograder.board import backup, export

    if args.restore:
        if revived := backup.restore(args.restore, record):
            shown = ", ".join(revived[:3]) + (f" and {len(revived) - 3} more" if len(revived) > 3 else "")
            cli.note(
                f"{args.db} did not know {shown}: their tokens come from {args.restore} and work again, even if you "
                "have replaced or revoked them since"
            )
    elif args.points:
        print(f"{export.points(record, args.points)} students in {args.points}")
    else:
        print(f"{export.pages(record, args.export, chosen)} rows in {args.export / 'index.html'}")


def both(lab: Lab, args: argparse.Namespace, chosen: uploads.Rules) -> int:
    """Serve in one process and grade in another."""
    if args.staff is not None:
        if not args.staff.is_dir():
            raise FileNotFoundError(f"expected a folder of hidden data, got {args.staff}")
        expect_unreadable(args.staff, "--staff", [*confinement.readable(), args.db.resolve().parent])
    import uvicorn  # noqa: F401  a missing uvicorn is reported here, not by a server that is started again and again

    with opened(args.db, lab) as record:
        uploads.remember_all_files(record, chosen)
        record.enqueue_everything()  # uploads that the current grader has not graded
        seed = record.seed
    return supervise.run(*supervise.commands(args, seed))


def serve(lab: Lab, args: argparse.Namespace, chosen: uploads.Rules) -> None:
    """Serve until told to stop, confined to the board's own files."""
    from autograder.board import app, connections

    files = connections.raise_limit()
    family = socket.AF_INET6 if ":" in args.host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((args.host, args.port))
        except OSError as error:
            error.filename = f"{args.host}:{args.port}"
            raise
        listening.listen(app.BACKLOG)  # so that a reader of the address below can connect at once
        application = app.application(args.db, lab, chosen)
        if not confinement.shut_in(args.db):
            print("no Landlock here: the server can read all files that its user can read", file=sys.stderr)
        host, port = listening.getsockname()[:2]
        print(f"http://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)
        app.server(application, args.proxy, files).run(sockets=[listening])
