"""The board over HTTP: rights, visibility, limits, headers, all without scripts."""

import dataclasses
import html
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_client import OWN, Bench, get, hand_in, made, rows_of, sign_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoreboard import LAB, grade_all, work

pytest.importorskip("starlette", reason="the extra [web] is not installed")
pytest.importorskip("httpx2", reason="the extra [dev] is not installed")
from starlette.testclient import TestClient

from autograder.board import accounts, guard, uploads
from autograder.board.app import application
from autograder.board.record import Record


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A client whose cookies are kept, the record behind the board, and tokens by student."""
    yield from made(tmp_path)


def settled(bench: Bench) -> list[list[str]]:
    """The rows of a board that has seen all that was graded."""
    with TestClient(application(bench[1].path, LAB, uploads.rules_of(LAB))) as fresh:
        return rows_of(fresh.get("/").text)


def test_from_an_upload_to_a_place(bench: Bench) -> None:
    for who, value in (("s1", 0.8), ("s2", 0.9)):
        answer = hand_in(bench, who, value, 0.7)
        assert answer.status_code == 202 and answer.json()["url"] == f"/uploads/{answer.json()['upload']}"
        assert get(bench, answer.json()["url"], who, "application/json").json() == {"state": "waiting", "report": None}
    assert grade_all(bench[1]) == 2
    assert [row[:4] for row in settled(bench)] == [
        ["1", "Bird 2", "0.90", "10"], ["2", "Bird 1", "0.80", "9"],
        ["\N{EN DASH}", "least for points", "0.50", ""], ["\N{EN DASH}", "random guess", "0.10", ""],
    ]  # fmt: skip


def test_everything_works_without_scripts(bench: Bench) -> None:
    client = bench[0]
    assert sign_in(bench, "s1").status_code == 303
    page = client.get("/").text
    assert "Bird 1" in page and 'action="/uploads" enctype="multipart/form-data"' in page
    answer = client.post("/uploads", files={"work": ("../../etc/passwd", work(0.8, 0.7))}, headers=OWN)
    assert answer.status_code == 303
    waiting = client.get(answer.headers["location"]).text
    assert "waiting to be graded" in waiting and "Look again" in waiting
    grade_all(bench[1])
    with TestClient(application(bench[1].path, LAB, uploads.rules_of(LAB)), cookies=client.cookies) as fresh:
        assert "of 4 points" in re.sub(r"<.*?>", "", fresh.get(answer.headers["location"]).text)
        page = fresh.get("/?sort=-name").text
    assert 'aria-current="true"' in page and "You are 1st." in page
    assert [row[1] for row in rows_of(page)] == ["random guess", "least for points", "Bird 1"]
    assert '<th scope="col" class="name" data-key="name" data-first="name" aria-sort="descending">' in page
    assert client.post("/sign-out", headers=OWN).status_code == 303
    assert "Your token" in client.get("/").text


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_the_page_says_what_to_hand_in_and_how_many_take_part(bench: Bench) -> None:
    hand_in(bench, "s1", 0.8, 0.7)
    grade_all(bench[1])
    with TestClient(application(bench[1].path, LAB, uploads.rules_of(LAB))) as fresh:
        text = words(fresh.get("/").text)
    for told in ("answer.txt", "python -m autograder pack --lab toy", "--data-binary @toy.zip", "1 of 3 students"):
        assert told in text, told


@pytest.mark.parametrize(("ahead", "left"), [(3 * 86_400 + 7200.5, "in 3 d 2 h"), (-5.0, "over")])
def test_deadline_and_next_upload_are_named_with_their_time_zone(tmp_path: Path, ahead: float, left: str) -> None:
    deadline = time.time() + ahead
    for bench in made(tmp_path, deadline=deadline, cool_down=3600):
        hand_in(bench, "s1", 0.8, 0.7)
        page = get(bench, "/", "s1").text
        zone = time.strftime("%Z")
        assert f"The deadline is {time.strftime('%a %d %b %Y %H:%M', time.localtime(deadline))} {zone}" in words(page)
        assert f"({left} )" in words(page).replace("( ", "(")
        assert re.search(rf"possible at \d\d:\d\d:\d\d {zone} \( ?in (1 h|59 min \d+ s) ?\)", words(page)), words(page)
        assert len(re.findall(r'data-left="-?\d+"', page)) == 3  # for the script that counts; two for the deadline


def test_ones_own_uploads_have_scores_and_a_curve(bench: Bench) -> None:
    for value in (0.6, 0.8, 0.801, 0.9):
        hand_in(bench, "s1", value, 0.7)
    grade_all(bench[1])
    bench[1].refresh()
    page = get(bench, "/", "s1").text
    assert "Upload 4" in page and "4 of 4 points, accuracy 0.90" in page
    assert "4 of 4 points, no step up: not better by more than 0.01" in page and "0.801" not in page
    assert 'role="img" aria-label="Accuracy by upload: 0.6, 0.8, 0.8, 0.9"' in page
    points = re.search(r'<polyline points="([^"]+)"', page)
    assert points is not None
    heights = [float(point.split(",")[1]) for point in points[1].split()]
    assert len(heights) == 4 and heights[0] > heights[1] == heights[2] > heights[3]
    assert "<svg" not in get(bench, "/", "s2").text


def test_a_row_that_lost_points_looks_so_and_leads_to_its_explanation(bench: Bench) -> None:
    hand_in(bench, "s1", "broken", 0, "ModuleNotFoundError")
    grade_all(bench[1])
    bench[1].refresh()
    page = get(bench, "/uploads/1", "s1").text
    assert page.count('<tr class="failed">') == 2 and page.count('<a href="#check-1.2">exception</a>') == 2
    assert page.count('<h2 id="check-1.2"') == 1 and "check-1.1" not in page  # 1.1 says "see 1.2"
    hand_in(bench, "s2", 0.8, 0.7)
    grade_all(bench[1])
    bench[1].refresh()
    page = get(bench, "/uploads/2", "s2").text
    assert '<tr class="passed">' in page and '<tr class="kept">' in page and "#check" not in page


def test_no_redirect_leads_to_a_host_that_a_request_names(bench: Bench) -> None:
    for url in ("/final/", "/uploads/", "/events/"):
        found = bench[0].get(url, headers={"host": "evil.example"}, follow_redirects=False)
        assert found.status_code in (400, 404) and "evil" not in found.text + found.headers.get("location", "")


def test_the_final_column_is_for_staff_until_it_is_for_all(bench: Bench, tmp_path: Path) -> None:
    hand_in(bench, "s1", 0.8, 0.61)
    hand_in(bench, "s2", 0.9, 0.60)
    grade_all(bench[1])
    bench[1].refresh()
    assert get(bench, "/final").status_code == get(bench, "/final", "s1").status_code == 404
    assert [row[:3] for row in rows_of(get(bench, "/final", "boss").text)][:2] == [
        ["1", "Bird 1", "0.6100"], ["2", "Bird 2", "0.6000"],
    ]  # fmt: skip
    for url in ("/", "/uploads/1"):
        assert "0.61" not in get(bench, url, "s1").text
    with TestClient(application(bench[1].path, LAB, uploads.rules_of(LAB, final=True))) as after:
        assert rows_of(after.get("/").text)[0][:3] == ["1", "Bird 1", "0.6100"]


def test_a_report_tells_no_more_than_the_board(bench: Bench) -> None:
    hand_in(bench, "s1", 0.8041, 0.7, "words", "<b>of</b>", "0.8041")
    hand_in(bench, "s1", 0.8099, 0.7)
    grade_all(bench[1])
    bench[1].refresh()
    first, second = (get(bench, f"/uploads/{number}", "s1").text for number in (1, 2))
    assert "0.8041" not in first and "0.80" in first and "kept back" in first and "it runs" in first
    assert "0.8099" not in second and "no step up: not better by more than 0.01" in second
    assert "0.8041" in get(bench, "/uploads/1", "boss").text
    plain = get(bench, "/uploads/1", "s1", "application/json").json()["report"]
    assert plain["score"] == "4" and plain["columns"] == [["Accuracy", "0.80"]]
    assert "8041" not in json.dumps(plain)


def test_what_went_wrong_before_there_was_a_value_is_not_kept_back(bench: Bench) -> None:
    hand_in(bench, "s1", "broken", 0, "ModuleNotFoundError")
    grade_all(bench[1])
    bench[1].refresh()
    page = get(bench, "/uploads/1", "s1").text
    assert "ModuleNotFoundError" in page and "kept back" not in page
    assert all(row[1] != "Bird 1" for row in settled(bench))


def test_one_student_cannot_see_anothers_report_nor_the_upload_itself(bench: Bench) -> None:
    hand_in(bench, "s1", 0.8, 0.7)
    assert get(bench, "/uploads/1", "s1").status_code == get(bench, "/uploads/1", "boss").status_code == 200
    others = [get(bench, "/uploads/1", who) for who in ("s2", "ours", "")]
    assert [answer.status_code for answer in others] == [404] * 3
    # as if there were none
    assert {answer.text for answer in others} == {get(bench, "/uploads/99", "s2").text}
    for url in ("/uploads", "/uploads/1/work.zip", "/uploads/1.zip", "/static/../app.py", "/static/%2e%2e%2fapp.py",
                "/uploads/..%2f..%2fetc%2fpasswd", "/board.sqlite", "/uploads/-1", f"/uploads/{10**30}"):  # fmt: skip
        assert get(bench, url, "s1").status_code in (404, 405), url


def test_names_and_reports_are_escaped(tmp_path: Path) -> None:
    for bench in made(tmp_path):
        (_, token), = accounts.add(bench[1], [("evil", "<script>alert(1)</script>", "student")])  # fmt: skip
        hand_in(bench, token, 0.8, 0.7, "<img src=x onerror=alert(2)>")
        grade_all(bench[1])
        bench[1].refresh()
        pages = [get(bench, "/final", "boss").text, get(bench, "/uploads/1", "boss").text]
        assert "&lt;script&gt;alert(1)" in pages[0] and "&lt;img src=x" in pages[1]
        assert not any("<script>" in page or "<img" in page for page in pages)


def test_the_cap_counts_each_content_once_and_not_what_failed(tmp_path: Path) -> None:
    for bench in made(tmp_path, uploads=2):
        first = hand_in(bench, "s1", 0.1, 0.1)
        assert hand_in(bench, "s1", 0.1, 0.1).json() == first.json()
        grade_all(bench[1], fault="no room")
        assert hand_in(bench, "s1", 0.2, 0.1).status_code == 202
        assert hand_in(bench, "s1", 0.3, 0.1).status_code == 202
        answer = hand_in(bench, "s1", 0.4, 0.1)
        assert answer.status_code == 400 and answer.json() == {"error": "You have used all of your 2 uploads."}
        assert hand_in(bench, "s2", 0.1, 0.1).status_code == 202


def test_between_two_uploads_one_has_to_wait(tmp_path: Path) -> None:
    for bench in made(tmp_path, cool_down=1000):
        assert hand_in(bench, "s1", 0.1, 0.1).status_code == 202
        answer = hand_in(bench, "s1", 0.2, 0.1)
        assert answer.status_code == 429 and re.fullmatch(r"Wait (1000|999) s before.*", answer.json()["error"])
        assert 998 < int(answer.headers["retry-after"]) <= 1001


def test_after_the_deadline_an_upload_is_late(tmp_path: Path) -> None:
    for bench in made(tmp_path, deadline=1.5e9):
        hand_in(bench, "s1", 0.8, 0.1)
        grade_all(bench[1])
        assert settled(bench)[0][:4] == ["late", "Bird 1", "0.80", "4"]


def test_the_score_before_stays_while_a_new_one_is_graded_and_after_a_fault(bench: Bench) -> None:
    hand_in(bench, "s1", 0.7, 0.7)
    grade_all(bench[1])
    hand_in(bench, "s1", 0.9, 0.7)
    assert settled(bench)[0][2] == "0.70"
    grade_all(bench[1], fault="the disk is full")
    assert settled(bench)[0][2] == "0.70"
    assert "not your code" in get(bench, "/uploads/2", "s1").text and "disk" not in get(bench, "/uploads/2", "s1").text


@pytest.mark.parametrize(
    "token",
    ["", "x", "\N{SNOWMAN}".encode().decode("latin-1"), "a" * 5000],
    ids=["empty", "another", "not ASCII", "long"],
)
def test_without_a_token_nothing_is_taken(bench: Bench, token: str) -> None:
    headers = {b"authorization": f"Bearer {token}".encode("latin-1")}
    answer = bench[0].post("/uploads", content=work(1, 1), headers=headers)
    assert answer.status_code == 401 and bench[1].waiting() == 0
    assert answer.json() == {"error": "This token is not known, or was revoked. Ask the staff for a new one."}
    assert sign_in(bench, token).status_code == 403 and not bench[0].cookies


def test_a_browser_reads_pages_and_a_program_json(bench: Bench) -> None:
    page = get(bench, "/uploads/7", accept="text/html,*/*")
    assert page.status_code == 404 and page.headers["content-type"].startswith("text/html")
    assert get(bench, "/uploads/7", "s1").json() == {"error": "There is no such page, or you may not see it."}
    without = bench[0].post("/uploads", content=work(1, 1), headers={"content-type": "application/zip"})
    assert (without.status_code, without.json()) == (401, {"error": "Sign in with your token to hand in."})


def test_a_revoked_token_is_worth_nothing_and_a_new_one_works(bench: Bench) -> None:
    sign_in(bench, "s1")
    new = accounts.new_token(bench[1], "s1")
    assert "Your token" in bench[0].get("/").text and hand_in(bench, "s1", 0.1, 0.1).status_code == 401
    assert hand_in(bench, new, 0.1, 0.1).status_code == 202
    accounts.revoke(bench[1], "s1")
    assert hand_in(bench, new, 0.2, 0.1).status_code == 401


@pytest.mark.parametrize("headers", [
    {"origin": "http://evil.example"}, {"origin": "null"}, {}, {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://testserver"}, {"sec-fetch-site": "none"},
])  # fmt: skip
def test_another_site_cannot_hand_in_with_the_cookie(bench: Bench, headers: dict[str, str]) -> None:
    cookie = sign_in(bench, "s1").headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    client = bench[0]
    assert client.post("/uploads", files={"work": ("a.zip", work(1, 1))}, headers=headers).status_code == 401
    assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.post("/sign-in", data={"token": bench[2]["s2"]}, headers=headers).status_code == 403
    assert client.get("/uploads").status_code == 405  # no change by a link
    assert client.post("/uploads", files={"work": ("a.zip", work(1, 1))}, headers=OWN).status_code == 303


def test_with_tls_the_cookie_goes_nowhere_else(bench: Bench) -> None:
    client = TestClient(bench[0].app, base_url="https://testserver", follow_redirects=False)
    answer = client.post("/sign-in", data={"token": bench[2]["s1"]}, headers={"origin": "https://testserver"})
    assert re.match(r"__Host-board_token=.*; Secure", answer.headers["set-cookie"])
    assert "Bird 1" in client.get("/").text and client.get("/").headers["strict-transport-security"]


def test_every_answer_has_strict_headers_and_asks_nobody_else(bench: Bench) -> None:
    sign_in(bench, "s1")
    for url in ("/", "/events-not", "/static/board.js", "/uploads/7"):
        answer = bench[0].get(url)
        for name, value in guard.HEADERS.items():
            assert answer.headers[name] == value
    policy = bench[0].get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "server" not in bench[0].get("/").headers
    page = bench[0].get("/").text
    assert not re.search(r"https?://|<style|style=|\son\w+=|<script(?! src=)", page)


def test_what_is_too_large_is_refused_before_it_is_read(bench: Bench) -> None:
    client, most = bench[0], uploads.rules_of(LAB).most_bytes
    headers = {"authorization": f"Bearer {bench[2]['s1']}"}
    read = []

    def blocks(n: int) -> Iterator[bytes]:
        for k in range(n):
            read.append(k)
            yield b"x" * 65536

    announced = client.post("/uploads", content=b"", headers=headers | {"content-length": str(most + 1)})
    assert announced.status_code == 413
    streamed = client.post("/uploads", content=blocks(most // 65536 + 2), headers=headers)
    assert streamed.status_code == 413
    form = client.post("/uploads", files={"work": ("a.zip", b"x" * (most + 1))}, headers=headers)
    assert form.status_code == 413
    assert client.post("/sign-in", data={"token": "x" * guard.SMALL}, headers=OWN).status_code == 413


@pytest.mark.parametrize(("content", "words"), [
    (b"no zip", "expected a folder or a zip archive"), (b"", "got nothing"), (work(1, 1)[:-30], "damage"),
], ids=["other content", "nothing", "a cut zip"])  # fmt: skip
def test_what_is_no_archive_is_named_and_not_counted(bench: Bench, content: bytes, words: str) -> None:
    headers = {"authorization": f"Bearer {bench[2]['s1']}"}
    answer = bench[0].post("/uploads", content=content, headers=headers)
    assert answer.status_code == 400 and words in answer.json()["error"]
    sign_in(bench, "s1")
    form = bench[0].post("/uploads", files={"work": ("a.zip", content)}, headers=OWN)
    assert form.status_code == 400 and "Not accepted" in form.text
    assert bench[1].uploads("s1") == []


NUMBERS = st.sampled_from(
    ["0", "-1", "1", "9" * 18, "9" * 19, "9" * 5000, "1e9", "\N{ARABIC-INDIC DIGIT ONE}", "x", "%00", " "]
)
PATHS = st.sampled_from(
    ["/uploads/{}", "/static/{}", "/{}", "/?sort={}", "/final?sort={}", "/uploads/{}?x=1", "/uploads"]
)
NAMES = st.sampled_from(
    ["content-length", "authorization", "cookie", "origin", "accept", "host", "if-none-match", "last-event-id",
     "content-type", "sec-fetch-site", "x-forwarded-for", "range"]
)  # fmt: skip
TEXTS = NUMBERS | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30).map("Bearer {}".format)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    path=PATHS,
    number=NUMBERS,
    headers=st.dictionaries(NAMES, TEXTS.filter(str.isascii), max_size=3),
    body=st.binary(max_size=40) | st.just(b"token=" + b"x" * 9000),
    signed_in=st.booleans(),
)
def test_no_request_is_an_error_of_ours(
    bench: Bench, method: str, path: str, number: str, headers: dict[str, str], body: bytes, signed_in: bool
) -> None:
    if signed_in:
        headers = headers | {"authorization": f"Bearer {bench[2]['s1']}"}
    answer = bench[0].request(method, path.replace("{}", number), headers=headers, content=body)
    assert answer.status_code < 500 or answer.status_code == 503


def test_a_record_that_cannot_be_read_is_said_and_nothing_is_taken(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Record, "uploads", broken)
        answer = hand_in(bench, "s1", 0.6, 0.5)
    assert answer.status_code == 503 and "no upload was accepted" in answer.text and "disk" not in answer.text
    assert "disk I/O error" in capsys.readouterr().err and bench[1].uploads("s1") == []


def test_a_form_without_an_archive_is_told_so(bench: Bench) -> None:
    sign_in(bench, "s1")
    for more in (
        {"data": {"work": "text"}},
        {"files": {"other": ("a", b"b")}},
        {"files": {"a": ("1", b""), "b": ("2", b"")}},
    ):
        assert bench[0].post("/uploads", headers=OWN, **more).status_code == 400


def test_who_asks_too_often_has_to_wait() -> None:
    bucket = guard.Buckets(rate=0.0, burst=3)
    assert [bucket.take("a") for _ in range(4)] == [True, True, True, False] and bucket.take("b")
    for k in range(2 * guard.MOST_KNOWN):
        bucket.take(str(k))
    assert len(bucket._known) == guard.MOST_KNOWN


def test_too_many_requests_from_one_address_are_answered_so(bench: Bench) -> None:
    assert isinstance(bench[0].app, guard.Guard)
    bench[0].app.buckets = guard.Buckets(rate=0.0, burst=2)
    assert [bench[0].get("/static/board.svg").status_code for _ in range(3)] == [200, 200, 429]


def test_files_of_the_page_are_known_by_their_tag(bench: Bench) -> None:
    first = bench[0].get("/static/board.css")
    again = bench[0].get("/static/board.css", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert bench[0].get("/static/other.css").status_code == 404


def test_a_board_of_another_lab_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="expected .*board.sqlite to be the board of other, got that of toy"):
        Record(bench[1].path, dataclasses.replace(LAB, name="other"))
