"""Late rules: which submissions are late, by how many days, and how many points that costs."""

import argparse
import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.classroom import csv_files
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.received import Source
from smallnets import cli

DAY = 86400.0
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}


@dataclasses.dataclass(frozen=True)
class Rule:
    """A course's late rule.

    Args:
        due: seconds since the epoch; None: nobody is late but those whom the platform marks.
        per_day: the share of the attainable points that each day begun after `due` costs, as in Canvas.
        most_days: later submissions have no points; None: any number of days.
        grace: seconds after `due` that are not late yet; beyond them, days count from `due`.
        extensions: address, id or name of a student -> the student's own `due`.
    """

    due: float | None = None
    per_day: float = 0.0
    most_days: int | None = None
    grace: float = 0.0
    extensions: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Lateness:
    """Whether a submission is late: "late", "unknown" or "" for on time.

    Args:
        days: begun after the deadline.
        cost: the share of the attainable points that this costs.
        guessed: the days come from the times of the student's files, or from none.
    """

    word: str = ""
    days: int = 0
    cost: float = 0.0
    guessed: bool = False


def lateness(handed_in: HandedIn, rule: Rule) -> Lateness:
    """The lateness of a submission. A platform's mark decides, unless the student has an extension."""
    own = next((rule.extensions[name] for name in handed_in.called if name in rule.extensions), None)
    due = rule.due if own is None else own
    marked = handed_in.late is not None and own is None
    if handed_in.late is False and marked:
        return Lateness()
    guessed = handed_in.source is not Source.PLATFORM
    known = handed_in.source is not Source.DISK and due is not None
    over = handed_in.received - due if known and due is not None else 0.0
    if marked:
        days = max(1, math.ceil(over / DAY))
    elif due is None:
        return Lateness()
    elif not known:
        return Lateness("unknown", guessed=True)
    elif over <= rule.grace:
        return Lateness(guessed=guessed)
    else:
        days = math.ceil(over / DAY)
    gone = rule.most_days is not None and days > rule.most_days
    return Lateness("late", days, 1.0 if gone else min(1.0, days * rule.per_day), guessed)


def notes(found: Iterable[tuple[HandedIn, Lateness]], rule: Rule) -> list[str]:
    """Lines for staff on students whose lateness is unknown or comes from their own clocks."""
    found = list(found)
    marks = {each.late for each, _ in found} - {None}
    lines = ["the platform marks nobody as late, which decides over --due"] if rule.due and marks == {False} else []
    groups = {
        "late or not is unknown, so not marked, as no platform tells the time": [
            each.name for each, late in found if late.word == "unknown"
        ],
        "the time is that of the student's own files, which a student can change": [
            each.name for each, late in found if late.guessed and late.word != "unknown"
            and each.source is Source.ARCHIVE
        ],
        "marked as late by the platform without a time, so counted as one day; name the days in --extensions": [
            each.name for each, late in found if late.word == "late" and each.source is Source.DISK
        ],
    }  # fmt: skip
    return lines + [f"{words}: {', '.join(sorted(names))}" for words, names in groups.items() if names]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a late rule."""
    parser.add_argument("--due", type=cli.moment, metavar="TIME", help="later is late, such as 2026-11-30T23:59")
    parser.add_argument(
        "--late-per-day", type=share, default=0.0, metavar="PERCENT",
        help="of the attainable points for each day begun, such as 10%%",
    )  # fmt: skip
    parser.add_argument("--late-days", type=cli.whole_number(0, 366), metavar="N", help="later still is worth nothing")
    parser.add_argument("--grace", type=duration, default=0.0, metavar="TIME", help="not late yet, such as 15m or 2h")
    parser.add_argument(
        "--extensions", type=Path, metavar="CSV", help="students' own deadlines: columns student and due, or days"
    )


def rule(args: argparse.Namespace) -> Rule:
    """The late rule on a command line; ValueError for options that need --due, or a wrong file of extensions."""
    if args.due is None and (args.late_days is not None or args.grace or args.extensions):
        raise ValueError("expected --due TIME with --late-days, --grace and --extensions, got none")
    extensions = {} if args.extensions is None else read_extensions(args.extensions, args.due)
    return Rule(args.due, args.late_per_day, args.late_days, args.grace, extensions)


def read_extensions(path: Path, due: float) -> dict[str, float]:
    """Student -> own deadline, from a CSV with the columns student and due (a time) or days (after `due`).

    Raises:
        ValueError: other columns, or a cell that is neither.
    """
    table = csv_files.read(path)
    column = next((name for name in ("due", "days") if name in table.head), None)
    if "student" not in table.head or column is None:
        raise ValueError(f"expected the columns student and due or days in {path}, got {', '.join(table.head)}")
    found = {}
    for number, line in enumerate(table.rows(), 2):
        try:
            found[line["student"]] = (
                cli.moment(line["due"]) if column == "due" else due + DAY * cli.number(0, 366)(line["days"])
            )
        except argparse.ArgumentTypeError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return found


def share(text: str) -> float:
    """An argparse type: a share of 1 from a percentage, such as 0.1 for "10%" or "10"."""
    return cli.number(0, 100)(text.removesuffix("%")) / 100


def duration(text: str) -> float:
    """An argparse type: seconds from a number and a unit, such as 900 for "15m"."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected a time such as 90s, 15m, 2h or 1d, got {text[:40]}")
    return float(match[1]) * UNITS[match[2]]
