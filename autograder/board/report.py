"""A report as the board shows it to its student: it reveals less of the hidden data than the full report."""

import datetime
import re
from typing import Any, NamedTuple

from autograder.board.declared import columns, deciding
from autograder.board.ranking import Entry, shown_values
from autograder.board.record import Record, Upload
from autograder.board.rows import capital, number_text, value_text
from autograder.board.uploads import Rules
from autograder.lab import Lab, Visibility
from autograder.reports import plain_data

SEE = re.compile(r"see ([\d.]+\d)")  # the text of a check that another one explains


class Test(NamedTuple):
    """A line of the report; its score is "" where it is kept back.

    `look` is passed, failed or kept; `target` is the check whose text explains a failure, "" if there is none.
    """

    number: str
    name: str
    score: str
    most: str
    outcome: str
    output: str
    look: str
    target: str


class Shown(NamedTuple):
    """A report: its notes, tests, the sum of the scores shown, words on extra credit, and the columns' values."""

    notes: str
    tests: tuple[Test, ...]
    score: str
    most: str
    extra: str
    columns: tuple[tuple[str, str], ...]

    def plain(self) -> dict[str, Any]:
        """The same as plain data, for programs."""
        return self._asdict() | {"tests": [test._asdict() for test in self.tests]}


Steps = dict[int, float | None]  # id of an upload -> the value that it put on the board, None if none


def shown(record: Record, upload: Upload, rules: Rules, staff: bool, steps: Steps | None = None) -> Shown | None:
    """The report on an upload as a person may see it; None while there is none.

    Args:
        staff: the person may see everything.
        steps: the result of `steps_of` the upload's student; left out, it is computed.
    """
    report = record.report(upload.sha256)
    if report is None:
        return None
    everything = staff or rules.final
    tests = [test for test in report["tests"] if staff or _seen(test, rules)]
    tells = () if everything else _tells(record.lab, report)
    told = [test for test in tests if test["number"] not in tells]
    lines = [_line(test, test["number"] in tells) for test in tests]
    explained = {line.number for line in lines if line.target == line.number}
    # a check that is kept back explains nothing
    lines = [line if line.target in explained or not line.target else line._replace(target="") for line in lines]
    points = plain_data.total((test["score"], test["max_score"], test.get("extra", False)) for test in told)
    extra = f"extra credit {number_text(points.extra)} of {number_text(points.most_extra)}" if points.most_extra else ""
    steps = steps_of(record, upload.student) if steps is None else steps
    values = tuple(_columns(record.lab, upload, report, everything, steps))
    score, most = number_text(points.score), number_text(points.most)
    return Shown(report.get("output", ""), tuple(lines), score, most, extra, values)


def _tells(lab: Lab, report: dict[str, Any]) -> tuple[str, ...]:
    """The checks to keep back; none where no value was measured, as they then say only what went wrong."""
    ranking, valued = lab.ranking, {column["name"] for column in report["columns"]}
    return ranking.tells if ranking and {ranking.column, ranking.final} & valued else ()


def _seen(test: dict[str, Any], rules: Rules) -> bool:
    """Whether students may see a check at this time."""
    match test.get("visibility", Visibility.VISIBLE):
        case Visibility.VISIBLE:
            return True
        case Visibility.AFTER_DUE_DATE:
            return rules.final or datetime.datetime.now().timestamp() > rules.deadline
        case Visibility.AFTER_PUBLISHED:
            return rules.final
    return False


def _line(test: dict[str, Any], held_back: bool) -> Test:
    most = number_text(test["max_score"])
    if held_back:
        return Test(test["number"], test["name"], "", most, "kept back", "", "kept", "")
    score, output = number_text(test["score"]), test["output"]
    if test["score"] >= test["max_score"] if test["max_score"] else test["cause"] == "ok":
        return Test(test["number"], test["name"], score, most, "passed", output, "passed", "")
    elsewhere = SEE.fullmatch(output.strip())
    target = elsewhere[1] if elsewhere else test["number"] if output else ""
    return Test(test["number"], test["name"], score, most, test["cause"], output, "failed", target)


def _columns(lab: Lab, upload: Upload, report: dict[str, Any], everything: bool, steps: Steps) -> list[tuple[str, str]]:
    """The columns' values; the ranking column's only as the board shows it, unless everything may be seen."""
    values = {column["name"]: column["value"] for column in report["columns"]}
    found = []
    for column in lab.columns if everything else columns(lab, False):
        if column.name not in values:
            continue
        value = values[column.name]
        text = value_text(lab, column, value) if isinstance(value, int | float) else "none"
        ranking = lab.ranking
        if not everything and ranking and ranking.step and column.name == ranking.column:
            text = step_text(lab, upload, steps)
        found.append((capital(column.name), text))
    return found


def step_text(lab: Lab, upload: Upload, steps: Steps) -> str:
    """The effect of an upload on the board: the value shown for it, or words that it is no step up."""
    value, step = steps.get(upload.id), lab.ranking.step if lab.ranking else 0.0
    if value is not None:
        return value_text(lab, deciding(lab, False), value)
    return f"no step up: not better by more than {number_text(step)}" if upload.id in steps else "none"


def steps_of(record: Record, student: str) -> Steps:
    """The step of each of a student's uploads with a value.

    Uploads that can get no place, and late ones, climb by themselves, as the board ranks them apart.
    """
    groups: dict[tuple[bool, bool], list[Entry]] = {}
    for entry in record.entries(student):
        groups.setdefault((entry.late, bool(entry.note)), []).append(entry)
    return {entry.number: value for group in groups.values() for entry, value in shown_values(record.lab, group)}
