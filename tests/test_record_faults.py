"""A record that cannot be read or written: one line and exit code 2, and nothing is lost."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scoreboard import LAB, board, work

from autograder import __main__ as autograder
from autograder import labs

CONNECT = sqlite3.connect


def missing_folder(path: Path) -> Path:
    return path.parent / "nowhere" / path.name


def folder_in_its_place(path: Path) -> Path:
    path.unlink()
    path.mkdir()
    return path


def text(path: Path) -> Path:
    path.write_bytes(b"no database at all" * 500)
    return path


def damaged(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    return path


FAULTS: dict[str, Callable[[Path], Path]] = {
    "a missing folder": missing_folder,
    "a folder in its place": folder_in_its_place,
    "another file": text,
    "a damaged file": damaged,
}
COMMANDS = {
    "class": ["class", "{folder}/all", "--lab", "toy", "--out", "{folder}/out", "--db", "{db}"],
    "watch": ["class", "--watch", "--lab", "toy", "--db", "{db}"],
    "add students": ["serve", "--lab", "toy", "--db", "{db}", "--add-students", "{folder}/roster.csv"],
    "revoke": ["serve", "--lab", "toy", "--db", "{db}", "--revoke", "s1"],
    "export": ["serve", "--lab", "toy", "--db", "{db}", "--export", "{folder}/pages"],
    "points": ["serve", "--lab", "toy", "--db", "{db}", "--points", "{folder}/points.csv"],
    "backup": ["serve", "--lab", "toy", "--db", "{db}", "--backup", "{folder}/copy.sqlite"],
    "serve": ["serve", "--lab", "toy", "--db", "{db}", "--no-grading", "--port", "0"],
}


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A board with two uploads, and what the commands want beside it."""
    monkeypatch.setattr(labs, "load", lambda name: LAB)
    monkeypatch.setattr(labs, "names", lambda: ["toy"])
    (tmp_path / "all/ada").mkdir(parents=True)
    (tmp_path / "all/ada/answer.txt").write_text("1")
    (tmp_path / "roster.csv").write_text("student\nnew\n")
    with board(tmp_path / "board.sqlite") as (made, _):
        for student in ("s1", "s2"):
            made.keep(student, work(0.5, 0.5))
            made.add(student, 1.0, student)
        made.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return tmp_path / "board.sqlite"


def run(name: str, db: Path) -> int:
    folder = db.parent if db.parent.is_dir() else db.parent.parent
    return autograder.main([word.format(folder=folder, db=db) for word in COMMANDS[name]])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_of_the_record_is_one_line(
    name: str, fault: str, record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "serve":
        pytest.importorskip("uvicorn", reason="the extra [web] is not installed")
    db = FAULTS[fault](record)
    before = db.read_bytes() if db.is_file() else b""
    assert run(name, db) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and err.startswith("error: expected ") and str(db) in err, err
    assert (db.read_bytes() if db.is_file() else b"") == before
    assert not (record.parent / "copy.sqlite").exists()


@pytest.mark.parametrize("name", ["class", "add students", "revoke"])
def test_a_full_disk_and_a_busy_record_are_one_line_and_nothing_is_lost(
    name: str, record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        connection.execute("PRAGMA query_only = ON")  # as a disk that takes nothing more
        return connection

    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", full)
        assert run(name, record) == 2
    with contextlib.closing(CONNECT(record)) as other, monkeypatch.context() as patch:
        other.execute("BEGIN EXCLUSIVE")
        patch.setattr(sqlite3, "connect", lambda path, **options: connect(path, **options | {"timeout": 0.01}))
        assert run(name, record) == 2
    assert capsys.readouterr().err.count("\n") == 2
    with contextlib.closing(CONNECT(record)) as after:
        assert after.execute("SELECT count(*) FROM submission").fetchone()[0] == 2
        assert after.execute("SELECT count(*) FROM board_person WHERE token IS NOT NULL").fetchone()[0] == 5
