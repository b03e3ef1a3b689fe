"""From graded submissions to everyone's result: late rule, points of staff, sheet, reports, the course's own sheets."""

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograder.classroom import csv_files, gradebook, manual, outputs
from autograder.classroom.csv_files import Table
from autograder.classroom.gradebook import CANVAS, MOODLE, Platform
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.lateness import Rule, notes, rule
from autograder.classroom.rows import Registered, Row, rows
from autograder.classroom.shared_work import shared_work
from autograder.classroom.store import Store
from autograder.lab import Lab


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options on results."""
    parser.add_argument("--moodle-sheet", type=Path, metavar="CSV", help="Moodle's grading worksheet, for the times")
    parser.add_argument(
        "--moodle-csv", type=Path, metavar="CSV", help="the same: fill in the grades, as OUT/moodle.csv"
    )
    parser.add_argument("--canvas-csv", type=Path, metavar="CSV", help="Canvas's gradebook: fill in, as OUT/canvas.csv")
    parser.add_argument("--canvas-column", default="", metavar="NAME", help="the assignment there; default: the lab's")
    parser.add_argument(
        "--manual", type=Path, metavar="CSV", help="points and comments of staff: columns student, points, comment"
    )


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The options on results, read and checked before anything is graded.

    Args:
        sheets: each with its platform, the column to fill, and the name of the filled sheet.
        manual: the file of points and comments.
    """

    rule: Rule
    times: Table | None
    sheets: tuple[tuple[Table, Platform, str, str], ...]
    manual: Path | None

    @classmethod
    def of(cls, args: argparse.Namespace, lab: Lab) -> "Wanted":
        """The options on a command line.

        Raises:
            ValueError: a sheet is of another kind, or options contradict each other.
            OSError: a file cannot be read.
        """
        times = args.moodle_sheet or args.moodle_csv
        sheets = []
        for path, platform, chosen in (
            (args.canvas_csv, CANVAS, args.canvas_column), (args.moodle_csv, MOODLE, "")
        ):  # fmt: skip
            if path is not None:
                table = csv_files.read(path)
                gradebook.expect(table, platform)
                head = gradebook.column(table, platform, lab, chosen)
                sheets.append((table, platform, head, f"{platform.title.lower()}.csv"))
        if args.manual is not None:
            manual.read(args.manual)
        return cls(rule(args), None if times is None else csv_files.read(times), tuple(sheets), args.manual)

    def with_times(self, found: list[HandedIn]) -> tuple[list[HandedIn], list[str]]:
        """The submissions with the times in Moodle's sheet, if one was given; and lines on those without."""
        return (found, []) if self.times is None else gradebook.with_times(found, self.times)


def write(
    out: Path, store: Store, lab: Lab, wanted: Wanted, registered: Sequence[Registered],
    counting: Sequence[HandedIn], total: Callable[[str], dict[str, Any] | None],
) -> int:  # fmt: skip
    """Write everyone's result and print the outcome; returns the exit code."""
    added = manual.kept(store, wanted.manual)
    everyone = rows(registered, counting, lab, wanted.rule, added, total)
    counting_works = [each for each in registered if each.handed_in in counting]
    shared = shared_work(counting_works, lab)
    table = outputs.write(out, lab, everyone, shared)
    counted = [row for row in everyone if row.counts]
    lines = [*notes(((row.handed_in, row.lateness) for row in counted), wanted.rule), *manual.unknown(added, counting)]
    filled = []
    for sheet, platform, head, name in wanted.sheets:
        lines += gradebook.fill(sheet, platform, head, counted)
        csv_files.write(sheet, table.parent / name)
        filled.append(table.parent / name)
    for line in lines:
        print(line)
    return told(everyone, [table, *filled])


def told(everyone: Sequence[Row], tables: Sequence[Path]) -> int:
    """Print the outcome and the files written; returns the exit code."""
    failed = [row for row in everyone if row.score is None]
    for row in everyone:
        if row.refusal:
            print(f"refused, so no points: {row.student}: {row.refusal}")
    for row in failed:
        print(f"not graded: {row.student}: {row.fault}")
    print(f"{len(everyone) - len(failed)} graded, {len(failed)} grader failure{'' if len(failed) == 1 else 's'}")
    folder = tables[0].parent
    print(f"written: {', '.join(map(str, tables))}, {folder / 'summary.html'}, {folder / 'reports'}")
    return 1 if failed else 0
