"""The course's own sheets: only the cells of matched students change, and who could not be matched is listed."""

import csv
import datetime
import io
from pathlib import Path

import pytest
import toy

from autograder.classroom import csv_files, gradebook
from autograder.classroom.gradebook import CANVAS, MOODLE
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.received import Source
from autograder.classroom.rows import Row

CANVAS_TEXT = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,A toy (901),MP9 (902),Final Score\r
    Points Possible,,,,,100,100,(read only)\r
"Lovelace, Ada",17,u1,ada@example.edu,"Mon, 9:00",,12,=1+1\r
"O'Brien, Zoë",18,u2,zoe@example.edu,Tue,3,,\r
"Noether, Emmy",19,u3,emmy@example.edu,Tue,,,\r
"Student, Test",20,,,,,,\r
"""
MOODLE_TEXT = """Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Last modified (submission),Feedback comments
Participant 12345,Ada Lovelace,u1,ada@example.edu,Submitted for grading,,100.00,"Tuesday, 14 October 2025, 5:34 PM",
Participant 12346,Zoë O'Brien,u2,zoe@example.edu,Submitted for grading,3.00,100.00,-,"good, so far"
Participant 12347,Emmy Noether,u3,emmy@example.edu,No submission,,100.00,-,
"""  # noqa: E501, as Moodle writes it
REPORT = {"score": 87.5, "max_score": 100.0, "tests": [], "columns": [], "output": "", "fault": False}


def person(student: str, name: str, platform: str = "", ids: tuple[str, ...] = ()) -> HandedIn:
    return HandedIn(student, name, Path(), 0.0, platform=platform, ids=ids)


def row(handed_in: HandedIn, score: float | None = 87.5) -> Row:
    return Row(handed_in, True, None if score is None else {**REPORT, "score": score})


def table(tmp_path: Path, text: str) -> csv_files.Table:
    path = tmp_path / "sheet.csv"
    path.write_bytes(text.encode())
    return csv_files.read(path)


def changed(before: str, after: str) -> dict[tuple[str, str], str]:
    """(first cell of the line, column) -> new cell, of the cells that differ."""
    old, new = (list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) for text in (before, after))
    assert len(old) == len(new)
    return {
        (line[0].strip(), old[0][k]): cell
        for line, filled in zip(old, new, strict=True)
        for k, cell in enumerate(filled)
        if (line[k] if k < len(line) else "") != cell
    }


ADA = [
    person("lovelaceada 17", "lovelaceada", "Canvas", ("17",)),
    person("Ada Lovelace 12345", "Ada Lovelace", "Moodle", ("12345",)),
    person("ada@example.edu", "A. L.", "Gradescope", ("ada@example.edu", "u1")),
    person("u1", "somebody", "Gradescope", ("u1",)),
    person("Ada Lovelace", "Ada Lovelace"),
    person("lovelace_ada", "lovelace_ada"),
]
EXPORTS = ["Canvas's file", "Moodle's folder", "Gradescope's address", "Gradescope's id", "folder", "login"]


@pytest.mark.parametrize("ada", ADA, ids=EXPORTS)
def test_canvas_gets_the_points_of_a_matched_student_and_nothing_else(tmp_path: Path, ada: HandedIn) -> None:
    sheet = table(tmp_path, CANVAS_TEXT)
    head = gradebook.column(sheet, CANVAS, toy.LAB)
    assert gradebook.fill(sheet, CANVAS, head, [row(ada)]) == []
    csv_files.write(sheet, tmp_path / "canvas.csv")
    text = (tmp_path / "canvas.csv").read_bytes().decode()
    assert changed(CANVAS_TEXT, text) == {("Lovelace, Ada", "A toy (901)"): "87.5"}
    assert text.startswith("\ufeffStudent") and text.count("\r\n") == 6
    assert sheet.path.read_bytes().decode() == CANVAS_TEXT  # the export itself stays


@pytest.mark.parametrize("ada", ADA, ids=EXPORTS)
def test_moodle_gets_the_points_of_a_matched_student_and_nothing_else(tmp_path: Path, ada: HandedIn) -> None:
    sheet = table(tmp_path, MOODLE_TEXT)
    assert gradebook.fill(sheet, MOODLE, gradebook.column(sheet, MOODLE, toy.LAB), [row(ada)]) == []
    assert changed(MOODLE_TEXT, sheet.text()) == {("Participant 12345", "Grade"): "87.50"}


def test_students_who_are_in_no_line_in_two_or_not_graded_are_listed(tmp_path: Path) -> None:
    text = CANVAS_TEXT + '"Byron, George",21,,,,,,\r\n"Byron, George",22,,,,,,\r\n'
    sheet = table(tmp_path, text)
    everyone = [
        person("byrongeorge", "byrongeorge"), person("stranger", "stranger"), person("Emmy Noether", "Emmy Noether"),
        person("anon x1", "anon", "Canvas", ("x1",)), person("12", "u17", "Moodle", ("17",)),
    ]  # fmt: skip
    rows = [row(each) for each in everyone]
    rows[2] = row(everyone[2], None)
    lines = gradebook.fill(sheet, CANVAS, "A toy (901)", rows)
    assert lines == [
        "sheet.csv: not in the sheet: byrongeorge, stranger, anon x1, 12",
        "sheet.csv: not graded, so left as it was: Emmy Noether",
    ]
    assert changed(text, sheet.text()) == {}


def test_two_students_of_one_name_are_told_apart_by_their_ids_alone(tmp_path: Path) -> None:
    text = CANVAS_TEXT + '"Lovelace, Ada",23,u9,,,,,\r\n'
    sheet = table(tmp_path, text)
    twins = [row(person("a", "Ada Lovelace", "Gradescope", ("u9",)), 1), row(person("b", "Ada Lovelace"), 2)]
    assert gradebook.fill(sheet, CANVAS, "A toy (901)", twins) == []
    assert [line[5] for line in sheet.lines] == ["100", "2", "3", "", "", "1"]
    assert gradebook.match(sheet, CANVAS, [person("b", "Ada Lovelace"), person("c", "Lovelace Ada")]) == {}


@pytest.mark.parametrize("ids", [("", ""), ("u1", "u1")], ids=["name", "id"])
def test_a_line_that_two_students_could_mean_is_given_to_neither(tmp_path: Path, ids: tuple[str, str]) -> None:
    sheet = table(tmp_path, CANVAS_TEXT)
    names = ("Ada Lovelace", "Lovelace Ada") if ids[0] == "" else ("x", "y")
    both = [row(person(name, name, "Gradescope", (id,))) for name, id in zip(names, ids, strict=True)]
    assert gradebook.fill(sheet, CANVAS, "A toy (901)", both) == [f"sheet.csv: not in the sheet: {', '.join(names)}"]
    assert changed(CANVAS_TEXT, sheet.text()) == {}


@pytest.mark.parametrize(
    ("chosen", "head"), [("MP9", "MP9 (902)"), ("MP9 (902)", "MP9 (902)"), ("", "A toy (901)")], ids=str
)
def test_the_column_is_the_one_named_or_the_labs(tmp_path: Path, chosen: str, head: str) -> None:
    assert gradebook.column(table(tmp_path, CANVAS_TEXT), CANVAS, toy.LAB, chosen) == head


@pytest.mark.parametrize("chosen", ["MP", "Final Score"])
def test_a_column_that_is_none_is_named_with_those_there(tmp_path: Path, chosen: str) -> None:
    with pytest.raises(ValueError, match=r"--canvas-column .* got .*: A toy \(901\), MP9 \(902\)"):
        gradebook.column(table(tmp_path, CANVAS_TEXT), CANVAS, toy.LAB, chosen)
    several = table(tmp_path, CANVAS_TEXT.replace("A toy (901)", "MP8 (901)"))
    with pytest.raises(ValueError, match="got none: MP8"):
        gradebook.column(several, CANVAS, toy.LAB)


@pytest.mark.parametrize("platform", [CANVAS, MOODLE], ids=["Canvas", "Moodle"])
def test_a_sheet_of_another_platform_is_refused(tmp_path: Path, platform: gradebook.Platform) -> None:
    other = MOODLE_TEXT if platform is CANVAS else CANVAS_TEXT
    with pytest.raises(ValueError, match=f"expected {platform.title}'s sheet with the column"):
        gradebook.expect(table(tmp_path, other), platform)


def test_moodles_sheet_tells_the_times_of_handing_in(tmp_path: Path) -> None:
    ada, zoe = ADA[1], person("Zoë O'Brien 12346", "Zoë O'Brien", "Moodle", ("12346",))
    found, lines = gradebook.with_times([ada, zoe], table(tmp_path, MOODLE_TEXT))
    assert found[0].received == datetime.datetime(2025, 10, 14, 17, 34).timestamp()
    assert [each.source for each in found] == [Source.PLATFORM, Source.DISK]
    assert lines == ["sheet.csv tells no time for: Zoë O'Brien 12346"]


@pytest.mark.parametrize("text", ["", "-", "mardi 14 octobre 2025, 17:34", "99999999999999999999"], ids=str)
def test_a_time_that_cannot_be_read_is_none(text: str) -> None:
    assert gradebook.moment(text) is None
