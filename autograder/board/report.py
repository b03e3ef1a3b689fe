"""A report as the board shows it to its student: it reveals less of the hidden data than the full report."""

import datetime
from typing import Any, NamedTuple

from autograder.board.declared import columns, deciding
from autograder.board.ranking import shown_values
from autograder.board.record import Record, Upload
from autograder.board.rows import capital, number_text, value_text
from autograder.board.uploads import Rules
from autograder.lab import Lab, Visibility
from autograder.reports import plain_data


class Test(NamedTuple):
    """A line of the report; its score is "" where it is kept back."""

    number: str
    name: str
    score: str
    most: str
    outcome: str
    output: str


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


def shown(record: Record, upload: Upload, rules: Rules, staff: bool) -> Shown | None:
    """The report on an upload as a person may see it; None while there is none."""
    report = record.report(upload.sha256)
    if report is None:
        return None
    everything = staff or rules.final
    tests = [test for test in report["tests"] if staff or _seen(test, rules)]
    tells = () if everything else _tells(record.lab, report)
    told = [test for test in tests if test["number"] not in tells]
    lines = tuple(_line(test, test["number"] in tells) for test in tests)
    points = plain_data.total((test["score"], test["max_score"], test.get("extra", False)) for test in told)
    extra = f"extra credit {number_text(points.extra)} of {number_text(points.most_extra)}" if points.most_extra else ""
    values = tuple(_columns(record, upload, report, everything))
    return Shown(report.get("output", ""), lines, number_text(points.score), number_text(points.most), extra, values)


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
        return Test(test["number"], test["name"], "", most, "kept back", "")
    passed = test["score"] >= test["max_score"] if test["max_score"] else test["cause"] == "ok"
    outcome = "passed" if passed else test["cause"]
    return Test(test["number"], test["name"], number_text(test["score"]), most, outcome, test["output"])


def _columns(record: Record, upload: Upload, report: dict[str, Any], everything: bool) -> list[tuple[str, str]]:
    """The columns' values; the ranking column's only as the board shows it, unless everything may be seen."""
    values = {column["name"]: column["value"] for column in report["columns"]}
    found = []
    for column in record.lab.columns if everything else columns(record.lab, False):
        if column.name not in values:
            continue
        value = values[column.name]
        text = value_text(record.lab, column, value) if isinstance(value, int | float) else "none"
        if not everything and record.lab.ranking and column.name == record.lab.ranking.column:
            text = step_text(record, upload)
        found.append((capital(column.name), text))
    return found


def step_text(record: Record, upload: Upload) -> str:
    """The effect of an upload on the board: the value shown for it, or words that it is no step up."""
    steps = steps_of(record, upload.student)
    value, step = steps.get(upload.id), record.lab.ranking.step if record.lab.ranking else 0.0
    if value is not None:
        return value_text(record.lab, deciding(record.lab, False), value)
    if upload.id not in steps:
        return "none"
    return f"no step up: not better by more than {number_text(step)}" if step else "no step up: not better"


def steps_of(record: Record, student: str) -> dict[int, float | None]:
    """Id of each of a student's uploads with a value -> the value that it put on the board, None if none."""
    everything = record.entries(student)
    on_time, late = ([entry for entry in everything if entry.late == kind] for kind in (False, True))
    groups = (shown_values(record.lab, group) for group in (on_time, late))
    return {entry.number: value for group in groups for entry, value in group}
