"""The files of a class run: sheet, reports, summary; students' texts are shown and never run."""

import base64
import csv
import dataclasses
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import toy

from autograder.classroom import outputs, pages, rows
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.lateness import Lateness
from autograder.classroom.manual import Manual
from autograder.classroom.received import Source
from autograder.classroom.rows import Row
from autograder.classroom.sheet import cell, sheet
from autograder.classroom.summary import summary
from autograder.lab import Check, Graded, Report, Visibility
from autograder.reports import text_report

AUDIT = {"steps": {"run": {"cause": "ok", "maxrss": 440e6}, "other": {"cause": "missing file"}}}
EVIL = "<script>alert(1)</script>"


def plain(score: float, output: str = "", cause: str = "wrong result", hidden: bool = False) -> dict:
    seen = Visibility.HIDDEN if hidden else Visibility.VISIBLE
    tests = (
        Graded("1.1", "the answer", score, 10, output, "ok" if score == 10 else cause),
        Graded("1.2", "the answer, extra", 2.1, 2.1, "", visibility=seen),
    )
    return text_report.plain(Report("toy", f"notes {EVIL}", tests, (("value", 42.0, "high"),)))


def row(
    student: str, found: dict | None, fault: str = "", refusal: str = "",
    late: Lateness | None = None, manual: Manual | None = None,
) -> Row:  # fmt: skip
    handed_in = HandedIn(student, f"{student} {EVIL}", Path(), 0.0, Source.PLATFORM)
    return Row(handed_in, True, found, late or Lateness(), manual or Manual(), fault, refusal)


TRACE = f"Traceback (most recent call last):\n  File answer.py\nIndexError: {EVIL}\n\nTo see the same: python x"
ROWS = [
    row("ada", plain(10)),
    row(
        "bob",
        plain(3, "expected 42, got 41"),
        late=Lateness("late", 2, 0.2),
        manual=Manual(1.5, f"well explained {EVIL}"),
    ),
    row("cyd", plain(3, "expected 42, got 41")),
    row("dan", plain(0, TRACE, "exception")),
    row("=eve()", None, fault=f"OSError: {EVIL}"),
    row("fay", rows.nothing(toy.LAB, "expected a zip, got a cat"), refusal="expected a zip, got a cat"),
]


class Shown(HTMLParser):
    """Checks that a page is well-formed, and keeps its tags and texts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_sheet_has_points_where_they_are_and_nothing_a_spreadsheet_would_run() -> None:
    lines = list(csv.DictReader(io.StringIO(sheet(ROWS, toy.LAB))))
    assert [(line["student"], line["score"], line["max_score"]) for line in lines] == [
        ("ada", "12.1", "12.1"), ("bob", "5.1", "12.1"), ("cyd", "5.1", "12.1"), ("dan", "2.1", "12.1"),
        ("'=eve()", "", ""), ("fay", "0.0", "12.1"),
    ]  # fmt: skip
    assert [line["late"] for line in lines] == ["", "yes", "", "", "", ""]
    kept = ("total", "days late", "deduction", "manual", "comment")
    assert [lines[1][name] for name in kept] == ["4.18", "2", "2.42", "1.5", f"well explained {EVIL}"]
    assert lines[0]["total"] == "12.1" and lines[4]["total"] == ""
    assert lines[1]["1.1 the answer"] == "3" and lines[1]["value"] == "42.0" and lines[4]["1.1 the answer"] == ""
    assert lines[4]["fault"].startswith("OSError") and lines[5]["refused"] == "expected a zip, got a cat"
    hidden = (" =1", "\ufeff=1", "\u200b\u00a0=1", "\uff1d1", " \uff0b1")
    assert all(cell(value).startswith("'") for value in hidden)
    assert [cell(value) for value in ("+1", "-x", "@a", "\tx", "a=b", -1.5)] == [
        "'+1",
        "'-x",
        "'@a",
        "'\tx",
        "a=b",
        -1.5,
    ]


def test_the_summary_counts_scores_checks_and_failures_and_sets_faults_apart() -> None:
    links = {each.student: f"reports/{rows.file_name(each.student)}.html" for each in ROWS}
    source = summary(ROWS, toy.LAB, links)
    shown = Shown(source)
    captions = re.findall("<caption>(.*?)</caption>", source)
    assert captions == [
        "Grader failures, not the students&#39; fault. The same command tries again.",
        "No submission that can be graded, so no points",
        "Students by score (upper bound excluded, except in the top row)", "Checks, the hardest first",
        "Causes of lost points", "Students",
    ]  # fmt: skip
    assert "6 students, 4 judged, 1 late. 1 without a submission that can be graded" in shown.words
    assert "1 grader failure." in shown.words and "Mean 5.87, median 4.64" in shown.words
    failures = source[source.index("<caption>Causes of lost points") :]
    found = re.findall(r'<tr><th scope="row">(.*?)</th><td class="number">(\d+)</td><td>(.*?)</td>', failures)
    assert found[:2] == [("wrong result", "2", "1.1 (2)"), ("exception", "1", "1.1 (1)")]
    assert "expected 42, got 41" in failures and f"IndexError: {EVIL}" in shown.words
    assert shown.words.count(EVIL) >= 7


def test_the_summary_has_a_histogram_of_each_part_and_the_hardest_check_first() -> None:
    tests = [Graded("1.1", "easy", 4, 4, ""), Graded("2.1", "hard", 1, 4, "no"), Graded("2.10", "middle", 3, 4, "no")]
    found = row("ada", text_report.plain(Report("toy", "", tuple(tests), seconds=7.0)) | {"audit": [AUDIT]})
    lab = dataclasses.replace(toy.LAB, checks=tuple(
        Check(test.number, test.name, 4, ("run",), toy.judge) for test in tests
    ))  # fmt: skip
    source = summary([found], lab, {"ada": "x"})
    assert '<th scope="col">part 1</th><th scope="col">part 2</th>' in source
    rows = re.findall(r'<tr><th scope="row">(\d+ to \d+)</th>(.*)</tr>', source)
    counts = {span: re.findall(r"<td class=\"count\">(\d+)", cells) for span, cells in rows}
    assert counts["90 to 100"] == ["0", "1", "0"] and counts["60 to 70"] == ["1", "0", "0"]
    assert counts["50 to 60"] == ["0", "0", "1"]
    hardest = source[source.index("Checks, the hardest first") :]
    assert re.findall(r'<th scope="row">([\d.]+) ', hardest)[:3] == ["2.1", "2.10", "1.1"]
    assert '<td class="number">7</td><td class="number">440</td>' in source


@pytest.mark.parametrize("source", [summary(ROWS, toy.LAB, dict.fromkeys([r.student for r in ROWS], "x")),
                                    *[pages.student(each, f"{each.name}") for each in ROWS]])  # fmt: skip
def test_pages_stand_alone_run_nothing_and_are_well_formed(source: str) -> None:
    shown = Shown(source)
    assert {tag for tag, _ in shown.tags} & {"script", "link", "img", "iframe", "form", "object"} == set()
    assert not re.search(r"https?:|url\(|@import|\bon\w+=|style=", source)
    meta = [attributes for tag, attributes in shown.tags if tag == "meta"]
    (style,) = re.findall("<style>(.*?)</style>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert meta[1]["content"] == f"default-src 'none'; style-src 'sha256-{digest}'"
    assert ("html", {"lang": "en"}) in shown.tags and [tag for tag, _ in shown.tags].count("h1") == 1
    for attributes in [attributes for tag, attributes in shown.tags if tag == "th"]:
        assert attributes["scope"] in ("row", "col")


@pytest.mark.parametrize("hidden", [False, True], ids=["all visible", "a hidden check"])
def test_a_student_sees_a_deduction_and_the_total_unless_it_reveals_a_hidden_check(hidden: bool) -> None:
    found = row("bob", plain(3, hidden=hidden), late=Lateness("late", 2, 0.2), manual=Manual(1.5, "well explained"))
    for words in (Shown(pages.student(found, "x")).words, outputs.text(found, toy.LAB)):
        assert "2 days late: 2.42 points fewer" in words and "comment: well explained" in words
        assert ("so 4.18 points in all" in words) is not hidden and ("4.18" in words) is not hidden


def test_pages_show_no_control_characters_and_escape_once() -> None:
    found = row("ada\x1b[2J", plain(3, "a & b\x07\u202e", "wrong & result"))
    links = {found.student: "reports/a&b.html"}
    for source in (pages.student(found, found.name), summary([found], toy.LAB, links)):
        assert not set("\x1b\x07\u202e") & set(source) and "a &amp; b\ufffd\ufffd" in source
        assert "wrong &amp; result" in source and "&amp;amp;" not in source and "{{" not in source


def test_a_summary_of_nobody_and_of_faults_alone_has_no_scores() -> None:
    assert "0 students, 0 judged, 0 late." in summary([], toy.LAB, {})
    source = summary([ROWS[4]], toy.LAB, {ROWS[4].student: "x"})
    assert re.findall("<caption>(.*?)</caption>", source)[1:] == ["Students"] and "Mean" not in source


def test_a_student_sees_no_hidden_check_nor_what_it_gave() -> None:
    found = row("ada", plain(3, "expected 42, got 41", hidden=True))
    for words in (Shown(pages.student(found, "x")).words, outputs.text(found, toy.LAB)):
        assert "3 of 10" in words and "extra" not in words and "12.1" not in words and "5.1" not in words
        assert "1 more checks are not shown" in words and "expected 42, got 41" in words


def test_each_student_has_files_of_an_own_name(tmp_path: Path) -> None:
    names = ["ada", "Ada", "a/da", "a\\da", "..", ".", "", "con dios", "x" * 300, "Zoë", "Zoe", "a\x00b"]
    files = [rows.file_name(name) for name in names]
    assert len({name.lower() for name in files}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9@_-][A-Za-z0-9@._-]{0,80}", name) for name in files) and files[0] == "ada"
    table = outputs.write(tmp_path, toy.LAB, ROWS)
    assert table == tmp_path / "grades.csv" and len(list((tmp_path / "reports").iterdir())) == 12
    assert "not graded: the grader failed" in (tmp_path / f"reports/{rows.file_name('=eve()')}.txt").read_text()
