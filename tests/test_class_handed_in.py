"""Submissions in a folder: folders and zips under students' names, exports of Gradescope, Canvas and Moodle."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.classroom import received
from autograder.classroom.handed_in import find, latest
from smallnets import cli

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a file beneath the folder of submissions, last written at a time."""

    def write(name: str, at: float = 1000.0) -> Path:
        path = tmp_path / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        os.utime(path, (at, at))
        return tmp_path / "all"

    return write


def test_folders_and_zips_are_called_as_their_students(make: Make) -> None:
    make("ada/a.py", 5.0)
    make("ada/deeper/b.py", 7.0)
    make("bob.zip", 3.0)
    for name in ("grades.csv", ".DS_Store", "__MACOSX/x", "notes.txt"):
        make(name)
    folder = make("out/x")
    found, notes = find(folder, folder / "out")
    assert [(each.student, each.received) for each in found] == [("ada", 7.0), ("bob", 3.0)]
    assert notes == ["ignored: grades.csv, notes.txt"]


def test_names_that_look_alike_stay_apart(make: Make) -> None:
    for name in ("a\x01.zip", "a\x02/a.py", "a\\x01.tar", "a\x1b[2J.zip", "a.zip"):
        make(name)
    found, _ = find(make("b.zip"))
    students = [each.student for each in found]
    assert len(set(students)) == 6 and all(student.isprintable() for student in students)


def test_of_what_a_student_hands_in_twice_the_later_counts(make: Make) -> None:
    make("ada/a.py", 5.0)
    found, _ = find(make("ada.zip", 4.0))
    assert [each.path.name for each in found] == ["ada.zip", "ada"] and [e.path.name for e in latest(found)] == ["ada"]


def test_canvas_numbers_its_files_and_marks_late_ones(make: Make) -> None:
    make("lovelaceada_LATE_17_901_work-1.zip", 1.0)
    make("lovelaceada_17_345_work.zip", 2.0)
    found, _ = find(make("byrongeorge_18_346_my_net.zip"))
    assert [(each.student, each.name, each.late, each.rank) for each in found] == [
        ("byrongeorge 18", "byrongeorge", False, 346),
        ("lovelaceada 17", "lovelaceada", False, 345),
        ("lovelaceada 17", "lovelaceada", True, 901),
    ]
    assert [each.rank for each in latest(found)] == [346, 901]


def test_canvas_takes_files_apart_that_were_handed_in_together(make: Make) -> None:
    make("lovelaceada_17_345_answer.py", 1.0)
    make("lovelaceada_17_900_answer-1.py", 3.0)
    (found,), _ = find(make("lovelaceada_17_346_net_p1.model", 2.0))
    assert {name: path.name for name, path in found.loose} == {
        "answer.py": "lovelaceada_17_900_answer-1.py",
        "net_p1.model": "lovelaceada_17_346_net_p1.model",
    }
    assert (found.rank, found.received) == (900, 3.0)


def test_moodle_names_folders_and_files(make: Make) -> None:
    make("Ada Lovelace_12345_assignsubmission_file_/work.zip")
    make("Ada Lovelace_12345_assignsubmission_onlinetext_/onlinetext.html")
    found, notes = find(make("Bob_By_777_assignsubmission_file_net.zip"))
    assert [(each.student, each.name) for each in found] == [
        ("Ada Lovelace 12345", "Ada Lovelace"),
        ("Bob_By 777", "Bob_By"),
    ]
    assert [each.path.is_dir() for each in found] == [True, False]
    assert notes == ["ignored: Ada Lovelace_12345_assignsubmission_onlinetext_"]


@pytest.mark.parametrize(
    ("beginnings", "student"),
    [
        (["lovelaceada_17_345_", "lovelaceada_17_346_"], "lovelaceada 17"),
        (["LATE_anon_Qw9bB_347_", "LATE_anon_Qw9bB_348_"], "anon Qw9bB"),
        (["anon_LATE_Qw9bB_347_", "anon_LATE_Qw9bB_348_"], "anon Qw9bB"),
        (["team_1_17_345_", "team_1_17_346_"], "team_1 17"),
        (["team_1_LATE_17_345_", "team_1_LATE_17_346_"], "team_1 17"),
        (["Ada Lovelace_12_assignsubmission_file_", "Ada Lovelace_12_assignsubmission_file_"], "Ada Lovelace 12"),
        (["Group 1-Zoë_12_assignsubmission_file_", "Group 1-Zoë_12_assignsubmission_file_"], "Group 1-Zoë 12"),
    ],
    ids=["Canvas", "anonymous", "anonymous and late", "group", "late group", "Moodle", "Moodle's group"],
)
def test_several_files_of_a_student_are_one_submission(make: Make, beginnings: list[str], student: str) -> None:
    make(f"{beginnings[0]}answer.py")
    make("byrongeorge_18_900_answer.py")
    found, notes = find(make(f"{beginnings[1]}net_p1.model"))
    one = next(each for each in found if each.student != "byrongeorge 18")
    assert len(found) == 2 and notes == []
    assert one.student == student and bool(one.late) == ("LATE" in beginnings[0])
    assert {name: path.name for name, path in one.loose} == {
        "answer.py": f"{beginnings[0]}answer.py",
        "net_p1.model": f"{beginnings[1]}net_p1.model",
    }


def test_a_file_whose_own_name_begins_with_a_number_is_its_students(make: Make) -> None:
    for name in ("345_answer.py", "346_net.model", "347_2_layers.py"):
        folder = make(f"lovelaceada_17_{name}")
    (found,), _ = find(folder)
    assert found.student == "lovelaceada 17" and [name for name, _ in found.loose][-1] == "2_layers.py"


@pytest.mark.parametrize("beginning", ["lovelaceada_17_34{}_", "Ada_12_assignsubmission_file_"])
def test_an_archive_beside_a_report_is_one_submission(make: Make, beginning: str) -> None:
    make(beginning.format(5) + "work.zip")
    (found,), _ = find(make(beginning.format(6) + "report.pdf"))
    assert [name for name, _ in found.loose] in (["work.zip", "report.pdf"], ["report.pdf", "work.zip"])


def test_an_archive_is_called_as_its_student_whatever_its_ending(make: Make) -> None:
    for name in ("ada.tar.gz", "bob.TGZ", "zoe.7z"):
        folder = make(name)
    assert [each.student for each in find(folder)[0]] == ["ada", "bob", "zoe"]


EXPORT = ["lovelaceada_17_345_work.zip", "noetheremmy_18_346_work.zip"]


@pytest.mark.parametrize(
    "names",
    [EXPORT, [f"submissions/{name}" for name in EXPORT], ["export/submission_metadata.yml", "export/submission_1/a"]],
    ids=["Canvas", "in a folder", "Gradescope"],
)
def test_an_export_that_is_not_unpacked_is_named(tmp_path: Path, names: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    for path in (tmp_path, tmp_path / "submissions.zip"):
        with pytest.raises(ValueError, match="submissions.zip, the export of a platform: unpack it"):
            find(path)


def test_an_archive_of_a_student_is_not_taken_for_an_export(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        archive.writestr("answer.py", "x")
    assert [each.student for each in find(tmp_path)[0]] == ["ada"]


METADATA = """---
submission_1:
  :submitters:
  - :name: Ada Lovelace
    :sid: '17'
    :email: ada@example.edu
  - :name: "Zo\\u00eb O'Brien"
    :sid: '18'
  :created_at: 2026-11-01 12:00:00.500000000 Z
  :score: 10.0
  :results:
    tests:
    - output: |
        submission_9:
          :submitters: none
submission_2:
  :submitters: []
"""


def gradescope(make: Make) -> Path:
    for number in (1, 2, 3):
        make(f"export/submission_{number}/answer.py", 1000.0 + number)
    folder = make("export/submission_metadata.yml")
    (folder / "export/submission_metadata.yml").write_text(METADATA)
    return folder


def test_gradescopes_metadata_names_every_member_of_a_group(make: Make) -> None:
    pytest.importorskip("yaml", reason="the extra [gradescope] is not installed")
    found, notes = find(gradescope(make))
    assert [(each.student, each.name, each.path.name, each.received) for each in found] == [
        ("18", "Zoë O'Brien", "submission_1", 1793534400.5),
        ("ada@example.edu", "Ada Lovelace", "submission_1", 1793534400.5),
        ("submission_2", "submission_2", "submission_2", 1002.0),
        ("submission_3", "submission_3", "submission_3", 1003.0),
    ]
    assert [line.split(" is not in ")[0] for line in notes] == ["submission_2", "submission_3"]


def test_what_gradescopes_export_has_besides_is_listed(make: Make) -> None:
    make("export/notes/x")
    _, notes = find(gradescope(make))
    assert "ignored: notes" in notes


def test_gradescopes_metadata_that_is_damaged_is_named(make: Make) -> None:
    pytest.importorskip("yaml", reason="the extra [gradescope] is not installed")
    folder = gradescope(make)
    (folder / "export/submission_metadata.yml").write_text("a: [")
    with pytest.raises(ValueError, match="submission_metadata.yml, got no YAML"):
        find(folder)


def test_without_pyyaml_students_are_called_by_their_folders(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    found, notes = find(gradescope(make))
    assert [each.student for each in found] == ["submission_1", "submission_2", "submission_3"]
    (line,) = notes
    assert "pip install '.[gradescope]'" in line


def test_a_name_in_another_encoding_is_spelt_out(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/Andr\xe9")
    (found,), _ = find(tmp_path)
    assert found.student == "Andr\\udce9" and found.path.is_dir()


def test_a_folder_without_submissions_is_a_mistake(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ValueError, match="expected"):
            find(folder)


def test_links_are_not_followed(make: Make, tmp_path: Path) -> None:
    folder = make("ada/answer.py", 5.0)
    (folder / "ada/all").symlink_to("/")
    (folder / "bob").symlink_to("/etc")
    found, _ = find(folder)
    assert [each.student for each in found] == ["ada", "bob"]
    assert received.written(folder / "bob") == (folder / "bob").lstat().st_mtime


@pytest.mark.parametrize("seconds", [-1e10, 1e12], ids=["before 1970", "after 9999"])
def test_a_time_that_is_no_date_does_not_end_a_run(seconds: float, make: Make) -> None:
    (found,), _ = find(make("ada/a.py", seconds))  # as far as this disk holds it
    assert 0 <= found.received <= cli.LAST
