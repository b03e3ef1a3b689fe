"""The board's record and files: accounts, merged results, live events, the export, points, copies."""

import asyncio
import csv
import dataclasses
import io
import json
import re
import sqlite3
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from scoreboard import LAB, RANKING, board, grade_all, graded, work

from autograder import __main__ as autograder
from autograder import registry
from autograder.board import accounts, decisions, live, ranking, roster, supervise, uploads
from autograder.board.record import ANY, Record, broken
from autograder.classroom import scheduler
from autograder.classroom.store import key_of
from autograder.lab import HandIn
from smallnets import cli

Bench = tuple[Record, dict[str, str]]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with board(tmp_path / "board.sqlite") as made:
        yield made


def hand_in(record: Record, student: str, *values: object) -> str:
    """Note an upload, without looking into it; returns its hash."""
    content = work(*values)
    sha256 = accounts.hashed(str(content))
    record.store_archive(sha256, content)
    record.add(student, time.time(), sha256)
    record.enqueue_content(sha256)
    return sha256


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The command line knows the toy lab; returns where its board lies."""
    monkeypatch.setattr(registry, "load", lambda name: LAB)
    monkeypatch.setattr(registry, "names", lambda: ["toy"])
    return tmp_path / "board.sqlite"


def serve(db: Path, *arguments: object) -> int:
    return autograder.main(["serve", "--lab", "toy", "--db", str(db), *map(str, arguments)])


def test_a_roster_makes_accounts_once_and_tokens_are_kept_as_hashes(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("\ufeffstudent,name,kind\nada,,\nbob,Robert,\nprof,,staff\n", encoding="utf-8")
    assert serve(toy, "--add-students", roster) == 0
    lines = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [(line["student"], line["kind"]) for line in lines] == [
        ("ada", "student"),
        ("bob", "student"),
        ("prof", "staff"),
    ]
    assert len({line["token"] for line in lines}) == 3 and all(len(line["token"]) >= 43 for line in lines)
    assert lines[1]["name"] == "Robert" and lines[0]["name"].count(" ") == 1 and "ada" not in lines[0]["name"].lower()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("board.sqlite*"))
    assert not any(line["token"].encode() in content for line in lines)
    roster.write_text("student\nada\neve\n")
    assert serve(toy, "--add-students", roster) == 0
    assert [line["student"] for line in csv.DictReader(capsys.readouterr().out.splitlines())] == ["eve"]
    assert serve(toy, "--new-token", "eve") == 0
    token = capsys.readouterr().out.strip()
    assert serve(toy, "--revoke", "ada") == 0
    record = Record(toy, LAB)
    found = accounts.by_token(record, token)
    assert found is not None and found.student == "eve" and accounts.by_token(record, lines[0]["token"]) is None
    record.close()


@pytest.mark.parametrize(("text", "words"), [
    ("name\nada\n", "expected a first line such as student,name,kind"),
    ("student,kind\nada,boss\n", "one of student, baseline, staff"),
    ("student,name\n,x\n", "in line 2"),
    (f"student,name\nada,{'x' * 41}\n", "at most 40 characters"),
    ("student,name\nada,Bird\nbob,bird\n", "expected an unused name for bob, got bird"),
    ("student,name\nada,J\u00fcrgen\n", "expected CSV in UTF-8 in"),
    (f"student,name\nada,{'x' * 200_000}\n", "expected CSV in UTF-8 in"),
], ids=["head", "kind", "no student", "long name", "name taken", "Latin-1", "huge field"])  # fmt: skip
def test_a_roster_with_a_mistake_adds_nobody(
    text: str, words: str, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "roster.csv").write_text(text, encoding="latin-1")
    assert serve(toy, "--add-students", tmp_path / "roster.csv") == 2
    assert words in capsys.readouterr().err
    record = Record(toy, LAB)
    assert record.connection.execute("SELECT count(*) FROM board_person").fetchone()[0] == 0
    record.close()


PEOPLE = [("ada", "Ada Lovelace", "student"), ("zoe", "Zo\u00eb", "staff")]
TABLE = "student,name,kind\nada,Ada Lovelace,student\nzoe,Zo\u00eb,staff\n"


@pytest.mark.parametrize(("text", "encoding"), [
    (TABLE, "utf-8"),
    (TABLE.replace("\n", "\r\n"), "utf-8-sig"),
    (TABLE, "utf-16"),
    (TABLE.replace(",", ";"), "utf-8"),
    (TABLE.replace(",", "\t"), "utf-16"),
    ("sep=,\n" + TABLE, "utf-8"),
    ("sep=;\r\n" + TABLE.replace(",", ";"), "utf-8-sig"),
    (TABLE.replace("student,name,kind", "Student, Name, KIND"), "utf-8"),
    (TABLE.replace("\nzoe", "\n,,\n\nzoe"), "utf-8"),
    (TABLE + "ada,Ada Lovelace,\n", "utf-8"),
    ("kind,e-mail,student,name\n,a@x,ada,Ada Lovelace\nstaff,,zoe,Zo\u00eb,more\n", "utf-8"),
], ids=["plain", "Excel", "UTF-16", "semicolons", "tabs", "separator named", "semicolon named", "capitals and spaces",
        "empty lines", "the same again", "other columns"])  # fmt: skip
def test_a_roster_is_read_as_spreadsheets_write_it(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
    assert list(roster.read(tmp_path / "roster.csv")) == PEOPLE


@pytest.mark.parametrize(("content", "words"), [
    (b"", "got an empty file"),
    (b"PK\x03\x04\xff\x80", 'got a workbook of a spreadsheet: save it again as "CSV UTF-8"'),
    (TABLE.encode("cp1252"), 'got another encoding in line 3: save it again as "CSV UTF-8"'),
    (b"student,name\nada,A\nAda,B\n", "expected each student once, got ada, and again Ada in line 3 of"),
    (b'student,name\nada,"=HYPERLINK(""x"")"\n', "got a formula of a spreadsheet"),
    (b"student,name\nada\x01,\n", r"expected printable words in line 2 of"),
    (b"student,name\n\nada,A\n,B\n", "in line 4 of"),
], ids=["empty", "a workbook", "Windows' encoding", "twice", "a formula", "no text", "no student"])  # fmt: skip
def test_the_fault_of_a_roster_is_named_in_one_line(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_bytes(content)
    with pytest.raises(ValueError) as caught:
        list(roster.read(tmp_path / "roster.csv"))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_who_could_not_be_told_a_token_has_none(bench: Bench, toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, tokens = bench
    (toy.parent / "roster.csv").write_text("student\nnew\n")
    for option, value in (("--add-students", str(toy.parent / "roster.csv")), ("--new-token", "s1")):
        with open("/dev/full", "w") as full, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", full)
            assert serve(toy, option, value) == 2
    known = {row[0] for row in record.connection.execute("SELECT student FROM board_person")}
    assert known == set(tokens) and accounts.by_token(record, tokens["s1"]) is not None


@pytest.mark.parametrize("option", ["--revoke", "--new-token"])
def test_an_empty_name_is_nobodys_and_serves_no_board(
    option: str, bench: Bench, toy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "run", lambda *commands: 0)
    assert serve(toy, option, "") == 2
    assert "expected a student of this board, got" in capsys.readouterr().err


def test_birds_run_out_late() -> None:
    taken: set[str] = set()
    for _ in range(2000):
        name = accounts._pseudonym(taken)
        assert name.casefold() not in taken
        taken.add(name.casefold())


def test_what_waits_for_any_grader_is_graded_by_the_one_that_comes_and_nothing_is_lost(bench: Bench) -> None:
    record, _ = bench
    first, second = (hand_in(record, who, value, 0.5) for who, value in (("s1", 0.6), ("s2", 0.7)))
    assert record.waiting() == 2
    scheduler.renew(record, LAB, "g1")
    assert {job["grader"] for job in record.connection.execute("SELECT grader FROM job")} == {"g1"}
    grade_all(record)
    record.refresh()
    assert {entry.values["accuracy"] for entry in record.entries()} == {0.6, 0.7}
    # the same again: known at once
    record.enqueue_content(first)
    scheduler.renew(record, LAB, "g1")
    assert record.waiting() == 0
    # another grader: all are graded again, and the results so far stay until then
    record.enqueue_everything()
    scheduler.renew(record, LAB, "g2")
    assert record.waiting() == 2 and len(record.entries()) == 2
    grade_all(record)
    record.refresh()
    graders = {row[0] for row in record.connection.execute("SELECT grader FROM board_result")}
    assert graders == {"g2"}
    assert key_of(second, "toy", "", "g2", record.seed) in {
        r[0] for r in record.connection.execute("SELECT key FROM job")
    }
    assert ANY not in graders


def test_a_fault_is_tried_again_when_it_is_wanted_again(bench: Bench) -> None:
    record, _ = bench
    sha256 = hand_in(record, "s1", 0.6, 0.5)
    scheduler.renew(record, LAB, "g")
    grade_all(record, fault="no room")
    assert record.uploads("s1")[0].state == "fault"
    record.enqueue_content(sha256)
    scheduler.renew(record, LAB, "g")
    assert record.uploads("s1")[0].state == "waiting" and grade_all(record) == 1
    record.refresh()
    assert record.uploads("s1")[0].state == "graded"


@pytest.mark.parametrize("skew", [-3600.0, -10.0, 10.0, 1e9], ids=str)
def test_a_clock_that_is_off_keeps_no_result_back(bench: Bench, skew: float) -> None:
    record, _ = bench
    hand_in(record, "s1", 0.6, 0.5)
    for grader in ("g1", "g2"):
        record.enqueue_everything()
        scheduler.renew(record, LAB, grader)
        while job := record.claim():
            content = record.content(job.sha256)
            assert isinstance(content, bytes)
            # the second grader's machine is as far off in the other direction
            record.finish(job.key, graded(content), time.time() + (skew if grader == "g1" else -skew))
        record.refresh()
        assert record.uploads("s1")[0].state == "graded"
        assert {row[0] for row in record.connection.execute("SELECT grader FROM board_result")} == {grader}
    before = record.connection.total_changes
    record.refresh()
    assert record.connection.total_changes == before


@pytest.mark.parametrize(
    "fault",
    [sqlite3.OperationalError("disk I/O error"), ValueError("a damaged report"), OSError("no disk")],
    ids=["SQLite", "a damaged report", "the disk"],
)
def test_whatever_fails_once_keeps_no_result_off_the_board(
    fault: Exception, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record, _ = bench
    refresh = Record.refresh
    failures: list[Record] = []

    def fails_once(self: Record) -> None:
        done = self.connection.execute("SELECT count(*) FROM job WHERE state = 'done'").fetchone()[0]
        if self is not record and done and len(failures) < 2:
            failures.append(self)
            raise fault
        refresh(self)

    async def follow() -> bytes:
        hub = live.Hub(record.path, LAB, final=False)
        monkeypatch.setattr(Record, "refresh", fails_once)
        hub.start()
        events, got = hub.events(hub.board.version), b""
        await anext(events)
        hand_in(record, "s1", 0.6, 0.5)
        grade_all(record)
        try:
            async with asyncio.timeout(60):
                while b"Bird 1" not in got:
                    got = await anext(events)
        finally:
            await asyncio.to_thread(hub.stop)
        return got

    monkeypatch.setattr(live, "PAUSE", 0.01)
    assert b"Bird 1" in asyncio.run(follow()) and len(failures) == 2
    assert capsys.readouterr().err.count(str(fault)) == 1  # staff are told once


@pytest.mark.parametrize("back", [1.0, 3600.0, 1e9], ids=str)
def test_a_clock_set_back_turns_no_order_round_and_keeps_nobody_waiting(
    back: float, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = bench
    chosen, now = uploads.rules_of(LAB, cool_down=30.0), time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    for who, value in (("s1", 0.6), ("s2", 0.8)):
        hand_in(record, who, value, 0.5, who)
    now -= back
    for who, value in (("s1", 0.8), ("s2", 0.7)):
        assert chosen.wait(record.uploads(who), now) == 0  # of the time since the upload before nothing is known
        hand_in(record, who, value, 0.5, who)
        assert [chosen.wait(record.uploads(who), now + later) for later in (0, 29, 30)] == [30, 1, 0]
    grade_all(record)
    record.refresh()
    assert [upload.id for upload in record.uploads("s1")] == [1, 3]
    rows = [(row.key, row.number) for row in ranking.ranked(LAB, record.entries()) if row.place]
    keys = dict(record.connection.execute("SELECT student, key FROM board_person").fetchall())
    assert rows == [(keys["s2"], 2), (keys["s1"], 3)]  # ties: the earlier upload first


def test_a_board_that_starts_again_at_the_same_time_of_day_is_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    assert len({live.Hub(bench[0].path, LAB, final=False).board.version for _ in range(5)}) == 5


@pytest.mark.parametrize("text", ["inf", "nan", "-1", "1e308", "-inf", "soon", "9" * 30])
def test_a_cool_down_is_a_number_of_seconds(text: str, toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        serve(toy, f"--cool-down={text}")
    assert error.value.code == 2 and "expected a number" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["tomorrow", "0001-01-01T00:00", "9999-12-31T23:59-23:59", "1796083200", ""])
def test_a_deadline_is_a_time(text: str, toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        serve(toy, f"--deadline={text}")
    assert error.value.code == 2 and "expected a time" in capsys.readouterr().err


def test_the_seed_is_drawn_once(bench: Bench) -> None:
    again = Record(bench[0].path, LAB)
    assert again.seed == bench[0].seed
    again.close()


def parsed(event: bytes) -> dict[str, Any]:
    return json.loads(event.decode().split("data: ")[1])


def test_listeners_get_what_changed_and_who_lags_behind_everything(bench: Bench) -> None:
    record, _ = bench
    hand_in(record, "s1", 0.6, 0.5)
    grade_all(record)

    async def follow() -> list[bytes]:
        hub = live.Hub(record.path, LAB, final=False)
        hub.start()
        events = [hub.events(hub.board.version), hub.events(-1)]
        got = [await anext(each) for each in events] + [await anext(events[1])]
        hand_in(record, "s2", 0.7, 0.5)
        grade_all(record)
        while not got[-1].count(b"Bird 2"):  # an event before it may say no more than that something waits
            got.append(await asyncio.wait_for(anext(events[0]), 10))
        await asyncio.to_thread(hub.stop)
        return got

    retry, _, whole, *_, changed = asyncio.run(follow())
    assert retry.startswith(b"retry: ")
    assert [row[2][1][0] for row in parsed(whole)["rows"]] == ["Bird 1", "least for points", "random guess"]
    # the second passes the first, so both have changed; the rows of nobody have not
    first, second = parsed(changed)["rows"]
    assert first[2][0] == ["1", 1] and first[2][1][0] == "Bird 2"
    assert second[2][0] == ["2", 2] and second[2][1] == 0  # the name is as it was
    assert len(parsed(changed)["order"]) == 4 and b"s1" not in changed and b"sha" not in changed


def test_the_export_needs_no_server_and_no_script(bench: Bench, toy: Path, tmp_path: Path) -> None:
    record, _ = bench
    accounts.add(record, [("evil", "<i>name", "student")])
    for who, value in (("s1", 0.6), ("evil", 0.7)):
        hand_in(record, who, value, 0.51)
    grade_all(record)
    out = tmp_path / "site"
    assert serve(toy, "--export", out) == 0
    page = (out / "index.html").read_text()
    assert "&lt;i&gt;name" in page and "0.51" not in page and "<form method" not in page and "Pause" not in page
    names = set(re.findall(r'(?:formaction|href|src)="([^"#]+)"', page))
    assert {"board.css", "board.js", "by-column0-down.html"} <= names
    assert all((out / name).is_file() for name in names), names
    assert (out / "by-name-down.html").read_text().index("Bird 1") < (out / "by-name-down.html").read_text().index(
        "&lt;i"
    )
    assert serve(toy, "--export", out, "--final") == 0
    assert "0.5100" in (out / "index.html").read_text()


def test_points_for_the_gradebook_name_everyone(bench: Bench, toy: Path, tmp_path: Path) -> None:
    record, _ = bench
    accounts.add(record, [("=cmd()", "x", "student")])
    for who, value, final in (("s1", 0.9, 0.6), ("s2", 0.8, 0.7), ("ours", 0.9, 0.9)):
        hand_in(record, who, value, final)
    grade_all(record)
    assert serve(toy, "--points", tmp_path / "points.csv") == 0
    lines = list(csv.reader((tmp_path / "points.csv").read_text().splitlines()))
    assert [line[:5] for line in lines] == [
        ["student", "name", "place", "points", "score"], ["'=cmd()", "x", "none", "0", "0"],
        ["s1", "Bird 1", "2", "9", "9.4"], ["s2", "Bird 2", "1", "10", "8.8"], ["s3", "Bird 3", "none", "0", "0"],
    ]  # fmt: skip
    assert all(cell for line in lines for cell in line)


def test_the_score_for_the_gradebook_is_the_best_one_in_time(bench: Bench, toy: Path, tmp_path: Path) -> None:
    record, _ = bench
    for who, value, late in (("s1", 0.9, 0), ("s1", 0.5, 0), ("s1", 0.99, 1), ("s2", 0.8, 1)):
        hand_in(record, who, value, 0.5)
        record.connection.execute("UPDATE submission SET late = ? WHERE id = (SELECT max(id) FROM submission)", (late,))
    grade_all(record)
    assert serve(toy, "--points", tmp_path / "points.csv") == 0
    with open(tmp_path / "points.csv") as file:
        assert [line["score"] for line in csv.DictReader(file)] == ["9.4", "8.8", "0"]


def test_a_row_that_staff_hide_is_gone_and_comes_back(bench: Bench) -> None:
    record, _ = bench
    for who, value in (("s1", 0.9), ("s2", 0.8)):
        hand_in(record, who, value, 0.5)
    grade_all(record)
    record.refresh()
    decisions.hide(record, "s1", True)
    assert [row.name for row in ranking.ranked(LAB, record.entries()) if row.place] == ["Bird 2"]
    assert len(record.entries("s1")) == 1  # the student still sees it
    decisions.hide(record, "s1", False)
    assert [row.name for row in ranking.ranked(LAB, record.entries()) if row.place] == ["Bird 1", "Bird 2"]
    with pytest.raises(ValueError, match="expected a student of this board, got eve"):
        decisions.hide(record, "eve", True)


SOURCE = (ROOT / "tests/solutions/terse/neuralnet_p2.py").read_text(encoding="utf-8")
WITH_CODE = dataclasses.replace(LAB, hand_in=(*LAB.hand_in, HandIn("net.py", required=False)))


def archive(answer: str, source: str) -> io.BytesIO:
    """A zip with a claim and a program."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("answer.txt", answer)
        made.writestr("net.py", source)
    out.seek(0)
    return out


def test_a_file_of_another_student_gets_no_place_until_staff_agree(tmp_path: Path) -> None:
    with board(tmp_path / "board.sqlite", lab=WITH_CODE) as (record, tokens):

        def upload(student: str, answer: str, source: str) -> None:
            person = accounts.by_token(record, tokens[student])
            assert person is not None
            uploads.accept_upload(record, person, archive(answer, source), uploads.rules_of(WITH_CODE))
            grade_all(record)
            record.refresh()

        def places() -> dict[str, int | str]:
            rows = ranking.ranked(WITH_CODE, record.entries())
            return {row.name: row.place or row.note for row in rows if row.kind == "student"}

        upload("s1", "0.8 0.5", SOURCE)
        upload("s2", "0.9 0.5", "# all mine\n" + SOURCE.replace("yhat", "out"))  # another value, the same work
        upload("s3", "0.7 0.5", "def net(x):\n    return x\n")
        assert places() == {"Bird 2": "review", "Bird 1": 1, "Bird 3": 2}
        upload("s1", "0.85 0.5", SOURCE)  # a student's own file, better used
        assert places() == {"Bird 2": "review", "Bird 1": 1, "Bird 3": 2}
        (same,) = decisions.same_files(record)
        assert (same.files, same.students, same.agreed) == (("net.py",), ("s1", "s2"), False)
        decisions.agree(record, same.key, True)
        assert places() == {"Bird 2": 1, "Bird 1": 2, "Bird 3": 3}
        decisions.agree(record, same.key, False)
        assert places()["Bird 2"] == "review"
        with pytest.raises(ValueError, match="expected files that several students handed in"):
            decisions.agree(record, "0" * 64, True)
        record.connection.execute("DELETE FROM board_file")  # as in a record of an earlier version
        uploads.remember_all_files(record, uploads.rules_of(WITH_CODE))
        assert places()["Bird 2"] == "review"


def test_a_rule_is_broken_where_its_check_says_so_and_not_where_nothing_ran(tmp_path: Path) -> None:
    ruled = dataclasses.replace(LAB, ranking=dataclasses.replace(RANKING, rules=("1.1", "1.2")))
    with board(tmp_path / "ruled.sqlite", lab=ruled) as (record, _):
        for who, values in (("s1", (0.8, 0.5)), ("s2", ("broken", 0, "ModuleNotFoundError")), ("s3", (1.0, 0.5))):
            hand_in(record, who, *values)
        grade_all(record)
        record.refresh()
        assert [entry.broken for entry in record.entries()] == [("1.2",), (), ()]
        without_value = graded(work(0.8, 0.5)) | {"columns": []}
        assert broken(ruled, without_value) == ["1.2"] and broken(LAB, without_value) == []


def test_an_upload_that_is_graded_again_keeps_its_result_until_there_is_a_new_one(bench: Bench) -> None:
    record, _ = bench
    sha256 = hand_in(record, "s1", 0.6, 0.5)
    for grader, score in (("g1", 0.1), ("g2", 0.2)):
        record.enqueue_everything()
        scheduler.renew(record, LAB, grader)
        finish(record, score)

    def found() -> float:
        record.refresh()
        (entry,) = record.entries()
        return entry.values["accuracy"]

    assert found() == 0.2
    decisions.regrade(record, sha256)
    assert record.waiting() == 1 and found() == 0.2  # not g1's
    finish(record, 0.3)
    assert found() == 0.3
    decisions.regrade(record, sha256)
    grade_all(record, fault="no room")
    assert found() == 0.3
    decisions.regrade(record, sha256)
    finish(record, 0.4)
    assert found() == 0.4


def finish(record: Record, value: float) -> None:
    """Grade the only job that waits; its accuracy is this."""
    job = record.claim()
    assert job is not None
    record.finish(job.key, graded(work(value, 0.5)), time.time())


def test_a_record_of_an_earlier_version_shows_its_results(bench: Bench) -> None:
    record, _ = bench
    hand_in(record, "s1", 0.6, 0.5)
    grade_all(record)
    record.refresh()
    with record.transaction():
        for column in ("score", "broken"):
            record.connection.execute(f"ALTER TABLE board_result DROP COLUMN {column}")
    later = Record(record.path, LAB)
    later.refresh()
    assert [entry.values["accuracy"] for entry in later.entries()] == [0.6] and later.scores() == {"s1": 7.6}
    later.close()


def test_a_copy_that_is_put_back_revives_no_token_that_is_known_to_be_replaced(
    bench: Bench, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, tokens = bench
    copy = tmp_path / "copy.sqlite"
    assert serve(toy, "--backup", copy) == 0
    new = accounts.new_token(record, "s1")
    accounts.revoke(record, "s2")
    assert serve(toy, "--restore", copy) == 0
    assert accounts.by_token(record, tokens["s1"]) is accounts.by_token(record, tokens["s2"]) is None
    kept = [accounts.by_token(record, token) for token in (new, tokens["s3"])]
    assert [person.student for person in kept if person] == ["s1", "s3"]
    assert capsys.readouterr().err == ""
    fresh = tmp_path / "fresh.sqlite"
    assert serve(fresh, "--restore", copy) == 0
    assert f"note: {fresh} did not know boss, ours, s1 and 2 more: their tokens" in capsys.readouterr().err


def test_a_copy_is_one_whole_file_and_can_be_put_back(bench: Bench, toy: Path, tmp_path: Path) -> None:
    record, _ = bench
    hand_in(record, "s1", 0.6, 0.5)
    copy = tmp_path / "copies" / "monday.sqlite"
    assert serve(toy, "--backup", copy) == 0
    assert [path.name for path in copy.parent.iterdir()] == ["monday.sqlite"]
    hand_in(record, "s2", 0.7, 0.5)
    assert len(record.uploads("s2")) == 1
    before = copy.read_bytes()
    with record.grading():
        assert serve(toy, "--restore", copy) == 2
    assert serve(toy, "--restore", copy) == 0
    assert (len(record.uploads("s1")), len(record.uploads("s2"))) == (1, 0) and record.waiting() == 1
    assert copy.read_bytes() == before


def test_what_is_no_copy_of_this_board_is_not_put_back(
    bench: Bench, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text").write_text("no database")
    sqlite3.connect(tmp_path / "empty").close()
    other = Record(tmp_path / "other", dataclasses.replace(LAB, name="other"))
    other.close()
    for name, words in (
        ("text", "something else"),
        ("empty", "something else"),
        ("other", "other"),
        ("absent", "no such"),
    ):
        assert serve(toy, "--restore", tmp_path / name) == 2
        assert words in capsys.readouterr().err
    assert serve(tmp_path / "nowhere", "--backup", tmp_path / "x") == 2 and not (tmp_path / "x").exists()


def test_the_server_is_told_nothing_of_the_staff_and_the_staff_may_not_lie_where_it_reads(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uvicorn", reason="the extra [web] is not installed")
    started: list[list[str]] = []

    def note(*commands: list[str]) -> int:
        started.extend(commands)
        return 0

    monkeypatch.setattr(supervise, "run", note)
    db, staff = tmp_path / "db" / "board.sqlite", tmp_path / "staff"
    db.parent.mkdir()
    staff.mkdir()
    chosen = ["--deadline", "2030-01-01T00:00", "--final", "--uploads", 5, "--rank-by", "accuracy"]
    assert serve(db, "--staff", staff, *chosen) == 0
    server, grader = started
    assert not any("staff" in word for word in server) and str(staff) in grader
    assert server[-1] == "--final" and {"--no-grading", "--uploads", "--deadline", "--rank-by"} <= set(server)
    said = server[server.index("--deadline") + 1]
    assert cli.moment(said) == cli.moment("2030-01-01T00:00")  # in every zone
    (db.parent / "staff").mkdir()
    assert serve(db, "--staff", db.parent / "staff") == 2
    assert "expected --staff out of the reach of students" in capsys.readouterr().err
    assert serve(db, "--staff", tmp_path / "absent") == 2


def test_a_deadline_and_rules_of_the_lab() -> None:
    assert uploads.rules_of(LAB).uploads == 100 and uploads.rules_of(LAB).cool_down == 0
    plain = uploads.rules_of(dataclasses.replace(LAB, ranking=None))
    assert (plain.uploads, plain.cool_down) == (100, 60)
    assert uploads.rules_of(LAB, deadline=1796083200).deadline == 1796083200
