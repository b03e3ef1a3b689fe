"""Late rules: a platform's word first, then its time, then the student's clock with a warning, else nothing."""

import os
import tarfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from autograder.classroom import lateness
from autograder.classroom.handed_in import HandedIn, find
from autograder.classroom.lateness import DAY, Lateness, Rule
from autograder.classroom.received import Source, archived, received
from smallnets import cli

DUE = 1_800_000_000.0
RULE = Rule(DUE, 0.1, 3, 900.0)


def handed_in(after: float = 0.0, source: Source = Source.PLATFORM, late: bool | None = None) -> HandedIn:
    return HandedIn("ada", "Ada Lovelace", Path(), DUE + after, source, late, ids=("17",))


@pytest.mark.parametrize(
    ("after", "word", "days", "cost"),
    [
        (-1.0, "", 0, 0.0), (0.0, "", 0, 0.0), (900.0, "", 0, 0.0), (901.0, "late", 1, 0.1),
        (DAY, "late", 1, 0.1), (DAY + 1, "late", 2, 0.2), (3 * DAY, "late", 3, 0.3), (3 * DAY + 1, "late", 4, 1.0),
    ],
    ids=["early", "at the deadline", "within grace", "after grace", "a day", "over a day", "last day", "too late"],
)  # fmt: skip
def test_each_day_begun_costs_its_share_until_nothing_is_left(after: float, word: str, days: int, cost: float) -> None:
    found = lateness.lateness(handed_in(after), RULE)
    assert (found.word, found.days) == (word, days) and found.cost == pytest.approx(cost) and not found.guessed


def test_a_time_on_this_disk_makes_nobody_late() -> None:
    late = lateness.lateness(handed_in(9 * DAY, Source.DISK), RULE)
    assert late == Lateness("unknown", guessed=True)
    lines = lateness.notes([(handed_in(9 * DAY, Source.DISK), late)], RULE)
    assert lines == ["late or not is unknown, so not marked, as no platform tells the time: Ada Lovelace"]
    assert lateness.lateness(handed_in(9 * DAY, Source.DISK), Rule()) == Lateness()


def test_a_students_own_clock_counts_with_a_warning() -> None:
    late = lateness.lateness(handed_in(2 * DAY, Source.ARCHIVE), RULE)
    assert (late.word, late.days, late.guessed) == ("late", 2, True)
    (line,) = lateness.notes([(handed_in(2 * DAY, Source.ARCHIVE), late)], RULE)
    assert "which a student can change: Ada Lovelace" in line


@pytest.mark.parametrize("rule", [Rule(), RULE], ids=["no rule", "a rule"])
def test_a_platforms_mark_decides_whatever_the_clocks_say(rule: Rule) -> None:
    on_time = handed_in(9 * DAY, Source.ARCHIVE, late=False)
    assert lateness.lateness(on_time, rule) == Lateness()
    marked = lateness.lateness(handed_in(-9 * DAY, Source.DISK, late=True), rule)
    assert (marked.word, marked.days, marked.cost) == ("late", 1, rule.per_day)
    assert ("decides over --due" in "".join(lateness.notes([(on_time, Lateness())], rule))) == (rule is RULE)


@pytest.mark.parametrize("called", ["ada", "17", "Ada Lovelace"])
@pytest.mark.parametrize("late", [None, True, False], ids=["no mark", "marked late", "marked on time"])
def test_an_extension_is_a_students_own_deadline(called: str, late: bool | None) -> None:
    rule = Rule(DUE, 0.1, 3, 0.0, {called: DUE + 5 * DAY})
    assert lateness.lateness(handed_in(4 * DAY, late=late), rule) == Lateness()
    assert lateness.lateness(handed_in(6 * DAY, late=late), rule).days == 1


@pytest.mark.parametrize(
    ("head", "cell"), [("due", "2027-01-20T08:00:00+00:00"), ("days", "5")], ids=["time", "number of days"]
)
def test_extensions_are_read_from_a_csv(tmp_path: Path, head: str, cell: str) -> None:
    path = tmp_path / "extensions.csv"
    path.write_text(f"\ufeffstudent;{head}\r\nAda Lovelace; {cell}\r\n", encoding="utf-8")
    assert lateness.read_extensions(path, DUE) == {"Ada Lovelace": DUE + 5 * DAY}


@pytest.mark.parametrize(
    ("text", "words"),
    [("name,due\nada,x\n", "expected the columns student and due or days"), 
     ("student,due\nada,soon\n", "line 2: expected a time"),
     ("student,days\nada,9e9\n", "line 2: expected a number"), ("", "expected a CSV file with a head"),
     ("\0", "expected a CSV file in UTF-8")],
    ids=["columns", "time", "number", "empty", "binary"],
)  # fmt: skip
def test_a_wrong_file_of_extensions_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        lateness.read_extensions(tmp_path / "x.csv", DUE)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("1.5h", 5400), ("2d", 2 * DAY)])
def test_a_grace_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert lateness.duration(text) == seconds


def zipped(path: Path, at: tuple[int, int, int, int, int, int]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("old.py", (2020, 1, 1, 0, 0, 0)), "x")
        archive.writestr(zipfile.ZipInfo("net.py", at), "x")


def tarred(path: Path, at: tuple[int, int, int, int, int, int]) -> None:
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("net.py")
        member.mtime = int(datetime(*at).timestamp())
        archive.addfile(member)


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
@pytest.mark.parametrize("inside", ["ada.zip", "ada/work.zip"], ids=["file", "alone in a folder"])
def test_an_archive_tells_the_time_of_its_latest_file(
    tmp_path: Path, pack: Callable[[Path, tuple[int, ...]], None], inside: str
) -> None:
    (tmp_path / "ada").mkdir()
    pack(tmp_path / inside, (2026, 11, 30, 23, 59, 58))
    os.utime(tmp_path / inside, (DUE, DUE))
    expected = datetime(2026, 11, 30, 23, 59, 58).timestamp()
    assert received(tmp_path / Path(inside).parts[0]) == (expected, Source.ARCHIVE)


@pytest.mark.parametrize("year", [1980, 2107], ids=["no time in it", "beyond the calendar of others"])
def test_an_archive_without_times_and_a_damaged_one_tell_none(tmp_path: Path, year: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("net.py", (year, 1, 1, 0, 0, 0)), "x")
    (tmp_path / "torn.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:-10])
    assert archived(tmp_path / "torn.zip") is None
    at = archived(tmp_path / "a.zip")
    assert at is None if year == 1980 else at is not None and at <= cli.LAST


def test_each_platform_tells_what_it_knows(tmp_path: Path) -> None:
    zipped(tmp_path / "lovelaceada_LATE_17_901_work.zip", (2026, 11, 30, 12, 0, 0))
    (tmp_path / "noetheremmy_18_902_net.py").write_text("x")
    (tmp_path / "Bob By_777_assignsubmission_file_").mkdir()
    (tmp_path / "Bob By_777_assignsubmission_file_/net.py").write_text("x")
    (tmp_path / "cyd").mkdir()
    found = {each.name: (each.late, each.source, each.platform) for each in find(tmp_path)[0]}
    assert found == {
        "lovelaceada": (True, Source.ARCHIVE, "Canvas"), "noetheremmy": (False, Source.DISK, "Canvas"),
        "Bob By": (None, Source.DISK, "Moodle"), "cyd": (None, Source.DISK, ""),
    }  # fmt: skip
