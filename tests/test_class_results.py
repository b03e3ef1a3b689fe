"""Everyone's result from the command line: late rules, points of staff, the course's sheets, a record's own grades."""

import csv
import zipfile
from pathlib import Path

import pytest
from course import course, grade_class, grades, hand_in
from graded import tier

from autograder.classroom import manual
from autograder.classroom.store import opened
from autograder.sandbox import tiers

RIGHT, NEARLY = "def answer(n): return 42", "def answer(n): return 41"
SHEET = """Identifier,Full name,Grade,Last modified (submission)
Participant 1,Ada Lovelace,,"Monday, 30 November 2026, 11:00 PM"
Participant 2,Bob By,,"Wednesday, 2 December 2026, 10:00 AM"
Participant 3,Emmy Noether,,-
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if tier() not in tiers.SAFE:
        pytest.skip("no safe tier of the sandbox on this machine")
    return course(tmp_path / "course")


def moodle(folder: Path) -> None:
    """Two students as Moodle exports them, and its sheet."""
    hand_in(folder, "Ada Lovelace_1_assignsubmission_file_", RIGHT)
    hand_in(folder, "Bob By_2_assignsubmission_file_", NEARLY)
    (folder / "sheet.csv").write_text(SHEET)


def test_a_late_rule_and_the_gradebook_from_one_command(folder: Path) -> None:
    moodle(folder)
    (folder / "extensions.csv").write_text("student,due\nBob By,2026-12-01T09:00\n")
    options = ["--due", "2026-11-30T23:59", "--moodle-csv", "sheet.csv", "--late-per-day", "10%", "--late-days", "3"]
    out = grade_class(folder, *options, "--grace", "15m", "--extensions", "extensions.csv")
    bob = grades(folder)["Bob By 2"]
    assert (bob["score"], bob["days late"], bob["deduction"], bob["total"]) == ("3.63", "2", "2.42", "1.21")
    assert bob["late"] == "yes" and grades(folder)["Ada Lovelace 1"]["late"] == ""
    with open(folder / "grades/moodle.csv", newline="") as file:
        assert [line["Grade"] for line in csv.DictReader(file)] == ["12.10", "1.21", ""]
    assert (folder / "sheet.csv").read_text() == SHEET and "moodle.csv" in out
    report = (folder / "grades/reports").glob("Bob*.txt")
    assert "2 days late: 2.42 points fewer" in next(report).read_text()


def test_without_a_platforms_time_nobody_is_late(folder: Path) -> None:
    hand_in(folder, "ada", RIGHT)
    with zipfile.ZipFile(folder / "all/bob.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("answer.py", (2026, 12, 5, 12, 0, 0)), RIGHT)
    out = grade_class(folder, "--due", "2001-01-01T00:00", "--late-per-day", "5")
    assert "late or not is unknown, so not marked, as no platform tells the time: ada" in out
    assert "which a student can change: bob" in out
    assert [(row["late"], row["received (UTC)"] != "") for row in grades(folder).values()] == [
        ("unknown", False), ("yes", True),
    ]  # fmt: skip


@pytest.mark.slow
def test_points_and_comments_of_staff_survive_a_regrade(folder: Path) -> None:
    hand_in(folder, "ada", RIGHT)
    (folder / "manual.csv").write_text("student,points,comment\nada,-1.5,see me\nzoe,1,\n")
    out = grade_class(folder, "--manual", "manual.csv")
    assert "manual points of students without a submission: zoe" in out
    (folder / "manual.csv").unlink()
    hand_in(folder, "bob", NEARLY)
    assert "1 jobs graded now" in grade_class(folder)
    assert "1 jobs graded now" in grade_class(folder, "--regrade", "ada")
    ada = grades(folder)["ada"]
    assert (ada["score"], ada["manual"], ada["comment"], ada["total"]) == ("12.1", "-1.5", "see me", "10.6")
    words = (folder / "grades/reports/ada.txt").read_text()
    assert "-1.5 points by the course staff" in words and "comment: see me" in words
    out = grade_class(folder, "--regrade", "carl", code=2)
    assert "expected --regrade to name a student of this class, got carl" in out


def test_a_copy_is_listed_for_staff_and_no_student_sees_it(folder: Path) -> None:
    long = "\n".join(f"def step_{k}(x):\n    return x * {k} + {k} // (x + {k + 1})" for k in range(12))
    hand_in(folder, "ada", f"{long}\n{RIGHT}")
    hand_in(
        folder,
        "bob",
        f"# my own\n{long.replace('step', 'walk').replace('(x', '(number').replace(' x', ' number')}\n{RIGHT}",
    )
    hand_in(folder, "cyd", RIGHT)
    grade_class(folder)
    with open(folder / "grades/same_work.csv", newline="") as file:
        assert [(line["student"], line["other student"]) for line in csv.DictReader(file)] == [("ada", "bob")]
    assert "equal or nearly equal" in (folder / "grades/summary.html").read_text()
    assert all("equal" not in path.read_text() for path in (folder / "grades/reports").iterdir())
    before = (folder / "grades/same_work.csv").read_bytes()
    grade_class(folder, "--db", "grades/class.sqlite", "--out", "again", submissions=False)
    assert (folder / "again/same_work.csv").read_bytes() == before


@pytest.mark.slow
def test_a_records_grades_are_written_without_grading(folder: Path, tmp_path: Path) -> None:
    hand_in(folder, "ada", NEARLY)
    grade_class(folder)
    hand_in(folder, "ada", RIGHT)
    grade_class(folder)
    before = grades(folder)["ada"]
    out = grade_class(folder, "--db", "grades/class.sqlite", "--out", "again", submissions=False)
    assert "1 submissions of 1 students" in out
    again = grades(folder, "again")["ada"]
    assert again["score"] == before["score"] == "12.1" and (folder / "again/reports/ada.txt").is_file()
    out = grade_class(folder, "--db", "nothing.sqlite", "--out", "again", submissions=False, code=2)
    assert "got no such file: nothing.sqlite" in out and not (folder / "nothing.sqlite").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--grace", "15m"], "expected --due TIME with --late-days, --grace and --extensions"),
        (["--late-per-day", "200%"], "expected a number"),
        (["--due", "2026-11-30T23:59", "--grace", "soon"], "expected a time such as 90s, 15m"),
        (["--moodle-csv", "all/ada/answer.py"], "expected Moodle's sheet with the column Identifier"),
        (["--canvas-csv", "nowhere.csv"], "nowhere.csv"),
        (["--manual", "all/ada/answer.py"], "expected the columns student, points and comment"),
    ],
    ids=["grace without due", "over 100 %", "no time", "no sheet", "missing", "no points"],
)
def test_a_wrong_option_is_one_line_and_nothing_is_graded(folder: Path, options: list[str], words: str) -> None:
    hand_in(folder, "ada", RIGHT)
    out = grade_class(folder, *options, code=2)
    assert words in out and out.count("\n") == 1 and not (folder / "grades/class.sqlite").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [("student,points\nada,many\n", "line 2: expected a number"), ("student,points\nada,1\nada,2\n", "got ada twice")],
    ids=["no number", "twice"],
)
def test_a_wrong_file_of_points_changes_nothing(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "right.csv").write_text("student,points,comment\nada,2,\x1b[2Jfine\n")
    (tmp_path / "wrong.csv").write_text(text)
    with opened(tmp_path / "class.sqlite") as store:
        first = manual.kept(store, tmp_path / "right.csv")
        with pytest.raises(ValueError, match=words):
            manual.kept(store, tmp_path / "wrong.csv")
        assert manual.kept(store, None) == first == {"ada": manual.Manual(2.0, "fine")}
