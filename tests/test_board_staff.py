"""The staff's page of the board: everyone by name, the queue, equal files, and decisions by plain forms."""

import csv
import dataclasses
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_client import OWN, Bench, get, hand_in, made, rows_of, sign_in
from scoreboard import LAB, RANKING, grade_all

from autograder.board import decisions
from autograder.board.app import application
from autograder.board.uploads import rules_of

RULED = dataclasses.replace(LAB, ranking=dataclasses.replace(RANKING, rules=("1.1",)))
POSTS = ("/staff/regrade", "/staff/hide", "/staff/agree")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A board on which s1 and s2 have handed in the same files, s2 another upload; boss is signed in."""
    for bench in made(tmp_path, RULED):
        for who, value in (("s1", 0.8), ("s2", 0.8), ("s2", 0.6)):
            hand_in(bench, who, value, 0.5)
        grade_all(bench[1])
        bench[1].refresh()
        sign_in(bench, "boss")
        yield bench


def page(bench: Bench) -> str:
    """The words of the staff's page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", bench[0].get("/staff").text)).split())


def names(bench: Bench) -> list[str]:
    return [row[1] for row in rows_of(bench[0].get("/final").text)]


def test_staff_see_everyone_by_name_with_uploads_scores_and_reports(bench: Bench) -> None:
    hand_in(bench, "s3", 0.7, 0.5)
    text = page(bench)
    assert "s1 Bird 1 1 0.80 8.8 1 Upload 1" in text and "s2 Bird 2 2 0.60 8.8 2 Upload 2" in text
    assert "s3 Bird 3 none none none 1 Upload 1" in text and "1 not graded. " in text and "s3 4 waiting" in text
    links = set(re.findall(r'href="(/uploads/\d+)"', bench[0].get("/staff").text))
    assert links == {f"/uploads/{number}" for number in range(1, 5)}
    assert all(bench[0].get(link).status_code == 200 for link in links)


@pytest.mark.parametrize("who", ["s1", "ours", ""], ids=["a student", "a baseline", "nobody"])
def test_the_staffs_addresses_do_not_exist_for_others(bench: Bench, who: str) -> None:
    bench[0].cookies.clear()
    if who:
        sign_in(bench, who)
    asked = [bench[0].get(url) for url in ("/staff", "/staff/scores.csv")]
    asked += [bench[0].post(url, data={"upload": "1", "student": "s1"}, headers=OWN) for url in POSTS]
    assert [answer.status_code for answer in asked] == [404] * 5
    assert "Bird 1" in names_after(bench) and bench[1].waiting() == 0


def names_after(bench: Bench) -> list[str]:
    bench[0].cookies.clear()
    sign_in(bench, "boss")
    return names(bench)


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.example"}, {"sec-fetch-site": "same-site"}],
                         ids=["no origin", "another site", "a sibling site"])  # fmt: skip
def test_another_site_can_decide_nothing_with_the_cookie(bench: Bench, headers: dict[str, str]) -> None:
    form = {"upload": "1", "student": "s1", "files": bench[1].uploads("s1")[0].sha256}
    assert [bench[0].post(url, data=form, headers=headers).status_code for url in POSTS] == [404] * 3
    assert "Bird 1" in names(bench) and bench[1].waiting() == 0 and "only s1 can have a place" in page(bench)


def test_a_hidden_row_leaves_the_board_and_its_student_is_told(bench: Bench) -> None:
    answer = bench[0].post("/staff/hide", data={"student": "s1"}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff#students")
    assert "Bird 1" not in names(bench) and "s1 Bird 1 hidden" in page(bench)
    assert "taken your row off the board" in get(bench, "/", "s1").text
    bench[0].post("/staff/hide", data={"student": "s1", "undo": "1"}, headers=OWN)
    assert "Bird 1" in names(bench)


def test_an_upload_is_graded_again_and_its_result_stays_meanwhile(bench: Bench) -> None:
    answer = bench[0].post("/staff/regrade", data={"upload": "1"}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff#queue")
    assert "1 not graded. " in page(bench) and "Bird 1" in names(bench)
    assert grade_all(bench[1]) == 1 and "Every upload is graded." in page(bench)


def test_staff_see_why_the_grader_failed_and_let_it_grade_again(bench: Bench) -> None:
    hand_in(bench, "s3", 0.7, 0.5)
    grade_all(bench[1], fault="OSError: no room")
    assert "could not be graded: OSError: no room Grade again" in page(bench)
    bench[0].post("/staff/regrade", data={"upload": "4"}, headers=OWN)
    assert "s3 4 waiting" in page(bench)


def test_the_same_files_get_a_place_when_staff_agree(bench: Bench) -> None:
    (same,) = decisions.same_files(bench[1])
    assert "answer.txt by s1, then s2: only s1 can have a place" in page(bench)
    for undo, words in (({}, "all can have a place"), ({"undo": "1"}, "only s1 can have a place")):
        assert bench[0].post("/staff/agree", data={"files": same.key} | undo, headers=OWN).status_code == 303
        assert f"s1, then s2: {words}" in page(bench)


@pytest.mark.parametrize(("url", "data", "code"), [
    ("/staff/hide", {"student": "eve"}, 400), ("/staff/hide", {}, 400), ("/staff/agree", {"files": "x"}, 400),
    ("/staff/regrade", {"upload": "99"}, 404), ("/staff/regrade", {"upload": "x"}, 404), ("/staff/regrade", {}, 404),
], ids=["no such student", "no student", "no such files", "no such upload", "no number", "no upload"])  # fmt: skip
def test_a_form_that_names_nothing_changes_nothing(bench: Bench, url: str, data: dict[str, str], code: int) -> None:
    before = page(bench)
    assert bench[0].post(url, data=data, headers=OWN).status_code == code and page(bench) == before


def test_scores_come_as_csv_with_no_empty_cell(bench: Bench) -> None:
    answer = bench[0].get("/staff/scores.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="toy-scores.csv"'
    lines = list(csv.DictReader(answer.text.splitlines()))
    assert [(line["student"], line["score"], line["handed in"] == "never") for line in lines] == [
        ("s1", "8.8", False), ("s2", "8.8", False), ("s3", "0", True),
    ]  # fmt: skip
    assert all(cell for line in lines for cell in line.values())


def test_a_student_is_told_why_there_is_no_place(tmp_path: Path) -> None:
    for bench in made(tmp_path, RULED):
        for who, *values in (("s1", 0.9, 0.5), ("s2", 0.9, 0.5), ("s3", "broken", 0, "ModuleNotFoundError")):
            hand_in(bench, who, *values)
        assert "You have no place yet: no upload of yours is graded." in get(bench, "/", "s3").text
        grade_all(bench[1])
        bench[1].refresh()
        with_rule = "No place: it does not pass 1.1 (it runs), which a place needs."
        after = application(bench[1].path, RULED, rules_of(RULED))
        told = {who: get((type(bench[0])(after), *bench[1:]), "/", who).text for who in ("s1", "s2", "s3")}
        assert "You are 1st." in told["s1"] and "someone else handed in a file of it before." in told["s2"]
        assert "your uploads have no accuracy. Their reports say why." in told["s3"]
        bench[1].connection.execute("UPDATE board_result SET broken = '1.1'")
        assert with_rule in get(bench, "/uploads/1", "s1").text and "rule 1.1" in get(bench, "/final", "boss").text
