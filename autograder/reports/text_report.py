"""A report for people, as text for a terminal, and for programs, as plain data."""

import math
import shutil
import textwrap
from typing import Any

from autograder.explanations import explain
from autograder.lab import Graded, Report, Visibility
from autograder.reports import plain_data
from autograder.sandbox.job import Cause, Limits
from autograder.text import clean, cut
from smallnets import tables

NARROWEST = 40
MOST_LINES = 40  # of one check: a title, a paragraph and a traceback of some frames
LONGEST_LINE = 1000
INDENT = "    "


def text(report: Report, width: int) -> str:
    """The report in lines of at most `width` characters, without colours; students' texts are made safe to print.

    A check's text is shown if it lost points. Its lines are wrapped one by one, so that a traceback keeps its shape. Of
    more than MOST_LINES the middle is left out and counted; a line over LONGEST_LINE is cut. In a narrow table names
    and outcomes are shortened, numbers never. If the grader failed, no points are claimed.

    Raises:
        ValueError: width under 40.
    """
    if width < NARROWEST:
        raise ValueError(f"expected a width of at least {NARROWEST} characters, got {width}")
    # where another check has the text, the table is enough
    lost = [test for test in report.tests if not plain_data.passed(test) and not test.output.startswith("see ")]
    blocks = [
        _head(report, width),
        _table(report, width),
        *[_explanation(test, width) for test in lost if test.output.strip()],
        _scoreboard(report, width),
        _sum(report),
    ]
    return "\n\n".join(block for block in blocks if block)


def plain(report: Report) -> dict[str, Any]:
    """Everything of a report as plain data, outputs in full length, texts cleaned; see `plain_data.data`.

    `score`, which extra credit adds to, is null if the grader failed; `max_score` is without extra credit.
    """
    total = _total(report)
    score = math.fsum((total.score, total.extra))
    columns = [{"name": name, "value": value, "better": better} for name, value, better in report.columns]
    found = {"score": None if report.fault else score, "max_score": total.most, "columns": columns}
    return plain_data.data(report) | plain_data.data(found)


def _total(report: Report) -> plain_data.Total:
    """Sums of the points and of the attainable points, as far as they are finite."""
    return plain_data.total((*plain_data.points(test), test.extra) for test in report.tests)


def _head(report: Report, width: int) -> str:
    """The lab, the number of checks passed or the grader's failure, and the notes."""
    passed = f"{sum(plain_data.passed(test) for test in report.tests)} of {len(report.tests)} checks passed"
    lines = [_short(f"{report.lab}: {'not graded' if report.fault else passed}", width)]
    if report.fault:
        fault = explain(Cause.GRADER_FAULT, Limits())
        lines += _wrapped(f"{fault.title}. {fault.paragraph}", width)
    if report.output.strip():
        lines += _wrapped(report.output, width)
    return "\n".join(lines)


def _table(report: Report, width: int) -> str:
    """Number, name, points and outcome of each check."""
    tests = report.tests
    if not tests:
        return ""
    numbers = ["", *[_short(test.number, 8) for test in tests]]
    points = ["points", *[_points(test, report.fault) for test in tests]]
    outcomes = ["outcome", *[_short(_outcome(test), width // 3) for test in tests]]
    first, second, last = (max(len(cell) for cell in column) for column in (numbers, points, outcomes))
    room = max(8, width - first - second - last - 6)  # two spaces between columns
    names = ["check", *[_short(test.name, room) for test in tests]]
    heads = [f"{number:<{first}}  {name}" for number, name in zip(numbers, names, strict=True)]
    # padded, as the table aligns cells to the right and words read better from the left
    padded = [f"{outcome:<{last}}" for outcome in outcomes]
    return tables.aligned(list(zip(heads, points, padded, strict=True)))


def _points(test: Graded, fault: bool) -> str:
    """Points such as "7.5 of 10"; a dash if none are claimed."""
    if not test.max_score:
        return "-"
    return f"{'-' if fault else _number(test.score)} of {_number(test.max_score)}"


def _outcome(test: Graded) -> str:
    """The cause and, if students see the check later, when."""
    hidden = "" if test.visibility is Visibility.VISIBLE else f" ({test.visibility.replace('_', ' ')})"
    return test.cause + hidden


def _explanation(test: Graded, width: int) -> str:
    """The text of a check that lost points, indented under its name."""
    lines = _wrapped(test.output, width, INDENT)
    return "\n".join([_short(f"{test.number} {test.name}", width), *lines])


def _scoreboard(report: Report, width: int) -> str:
    """The values for the scoreboard, a line each; none if the grader failed."""
    if report.fault or not report.columns:
        return ""
    room = max(8, width - 32)  # for the name; the rest is a number and "high is better"
    rows = [(_short(name, room), _number(value), f"{better} is better") for name, value, better in report.columns]
    return "scoreboard\n" + textwrap.indent(tables.aligned(rows), INDENT)


def _sum(report: Report) -> str:
    """Time and, on the last line, the sum of the points."""
    claimed = "none, as the grader failed" if report.fault else _total(report).words(_number)
    return f"time: {report.seconds:.1f} s\nscore: {claimed}"


def _number(value: float) -> str:
    """A number with at most five significant digits and no superfluous zeros."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.5g}"


def _short(words: str, most: int) -> str:
    """Words in one line of at most `most` characters."""
    line = " ".join(clean(words).split())
    return line if len(line) <= most else line[: most - 3] + "..."


def _wrapped(words: str, width: int, indent: str = "") -> list[str]:
    """The lines of a text, each wrapped at its own indentation; at most MOST_LINES of them are shown."""
    lines = clean(words).strip("\n").split("\n")
    head, left_out = MOST_LINES // 2, len(lines) - MOST_LINES
    if left_out > 0:
        lines[head : head + left_out] = [f"... {left_out} lines left out ..."]
    return [row for line in lines for row in _rows(cut(line, LONGEST_LINE), width, indent)]


def _rows(line: str, width: int, indent: str) -> list[str]:
    """One line as rows of at most `width` characters."""
    margin = indent + line[: len(line) - len(line.lstrip())].expandtabs()[: width // 2]
    return textwrap.wrap(line.strip(), width, initial_indent=margin, subsequent_indent=margin) or [""]


def show(graded: Report) -> None:
    """Print a report as wide as the terminal."""
    print(text(graded, max(NARROWEST, shutil.get_terminal_size((100, 24)).columns)))
