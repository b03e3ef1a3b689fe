"""The files of a class run: sheet, reports, summary; students' texts are shown and never run."""

import base64
import csv
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import toy

from autograder.classroom import outputs, pages, rows
from autograder.classroom.rows import Row
from autograder.classroom.sheet import cell, sheet
from autograder.classroom.summary import summary
from autograder.lab import Graded, Report, Visibility
from autograder.reports import text_report

EVIL = "<script>alert(1)</script>"


def plain(score: float, output: str = "", cause: str = "wrong result", hidden: bool = False) -> dict:
    seen = Visibility.HIDDEN if hidden else Visibility.VISIBLE
    tests = (
        Graded("1.1", "the answer", score, 10, output, "ok" if score == 10 else cause),
        Graded("1.2", "the answer, extra", 2.1, 2.1, "", visibility=seen),
    )
    return text_report.plain(Report("toy", f"notes {EVIL}", tests, (("value", 42.0, "high"),)))


def row(student: str, found: dict | None, fault: str = "", refusal: str = "", late: bool = False) -> Row:
    return Row(student, f"{student} {EVIL}", 0.0, late, True, found, fault, refusal)


TRACE = f"Traceback (most recent call last):\n  File answer.py\nIndexError: {EVIL}\n\nTo see the same: python x"
ROWS = [
    row("ada", plain(10)),
    row("bob", plain(3, "expected 42, got 41"), late=True),
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
    assert lines[1]["1.1 the answer"] == "3" and lines[1]["value"] == "42.0" and lines[4]["1.1 the answer"] == ""
    assert lines[4]["fault"].startswith("OSError") and lines[5]["refused"] == "expected a zip, got a cat"
    assert [cell(value) for value in ("+1", "-x", "@a", "\tx", "a=b", -1.5)] == [
        "'+1",
        "'-x",
        "'@a",
        "'\tx",
        "a=b",
        -1.5,
    ]


def test_the_summary_counts_scores_checks_and_failures_and_sets_faults_apart() -> None:
    links = {each.student: f"reports/{outputs.file_name(each.student)}.html" for each in ROWS}
    source = summary(ROWS, toy.LAB, links)
    shown = Shown(source)
    captions = re.findall("<caption>(.*?)</caption>", source)
    assert captions == [
        "Grader failures, not the students&#39; fault. The same command tries again.", "Refused, so no points",
        "Scores (upper bound excluded, except in the top row)", "Checks", "The most common failures", "Students",
    ]  # fmt: skip
    assert "6 students, 5 graded, 1 late. 1 grader failure." in shown.words and "Mean 4.88, median 5.1" in shown.words
    failures = source[source.index("<caption>The most common failures") :]
    found = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td class="number">(\d+)</td>', failures)
    assert found[:2] == [("1.1 the answer", "wrong result", "2"), ("1.1 the answer", "exception", "1")]
    assert "expected 42, got 41" in failures and f"IndexError: {EVIL}" in shown.words
    assert shown.words.count(EVIL) >= 7


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


def test_pages_show_no_control_characters_and_escape_once() -> None:
    found = row("ada\x1b[2J", plain(3, "a & b\x07\u202e", "wrong & result"))
    links = {found.student: "reports/a&b.html"}
    for source in (pages.student(found, found.name), summary([found], toy.LAB, links)):
        assert not set("\x1b\x07\u202e") & set(source) and "a &amp; b\ufffd\ufffd" in source
        assert "wrong &amp; result" in source and "&amp;amp;" not in source and "{{" not in source


def test_a_summary_of_nobody_and_of_faults_alone_has_no_scores() -> None:
    assert "0 students, 0 graded, 0 late." in summary([], toy.LAB, {})
    source = summary([ROWS[4]], toy.LAB, {ROWS[4].student: "x"})
    assert re.findall("<caption>(.*?)</caption>", source)[1:] == ["Students"] and "Mean" not in source


def test_a_student_sees_no_hidden_check_nor_what_it_gave() -> None:
    found = row("ada", plain(3, "expected 42, got 41", hidden=True))
    for words in (Shown(pages.student(found, "x")).words, outputs.text(found, toy.LAB)):
        assert "3 of 10" in words and "extra" not in words and "12.1" not in words and "5.1" not in words
        assert "1 more checks are not shown" in words and "expected 42, got 41" in words


def test_each_student_has_files_of_an_own_name(tmp_path: Path) -> None:
    names = ["ada", "Ada", "a/da", "a\\da", "..", ".", "", "con dios", "x" * 300, "Zoë", "Zoe", "a\x00b"]
    files = [outputs.file_name(name) for name in names]
    assert len({name.lower() for name in files}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9@_-][A-Za-z0-9@._-]{0,80}", name) for name in files) and files[0] == "ada"
    table = outputs.write(tmp_path, toy.LAB, ROWS)
    assert table == tmp_path / "grades.csv" and len(list((tmp_path / "reports").iterdir())) == 12
    assert "not graded: the grader failed" in (tmp_path / f"reports/{outputs.file_name('=eve()')}.txt").read_text()
    practice = outputs.write(tmp_path, toy.LAB, ROWS, practice=True)
    assert "A toy, practice run" in (practice.parent / "summary.html").read_text()
