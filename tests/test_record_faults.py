"""A record that cannot be read or written: one line and exit code 2, and nothing is lost."""

import contextlib
import io
import resource
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoreboard import LAB, board, grade_all, work

from autograder import __main__ as autograder
from autograder import registry

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
    monkeypatch.setattr(registry, "load", lambda name: LAB)
    monkeypatch.setattr(registry, "names", lambda: ["toy"])
    (tmp_path / "all/ada").mkdir(parents=True)
    (tmp_path / "all/ada/answer.txt").write_text("1")
    (tmp_path / "roster.csv").write_text("student\nnew\n")
    with board(tmp_path / "board.sqlite") as (made, _):
        for student in ("s1", "s2"):
            made.store_archive(student, work(0.5, 0.5))
            made.add(student, 1.0, student)
            made.enqueue_content(student)
        grade_all(made)
        made.refresh()
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
def test_a_full_a_busy_and_a_read_only_disk_are_one_line_and_nothing_is_lost(
    name: str, record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def locked(path: Path, **options: Any) -> sqlite3.Connection:
        return connect(path, **options | {"timeout": 0.01})

    def read_only(path: Path, **options: Any) -> sqlite3.Connection:
        return connect(f"{path.as_uri()}?mode=ro", uri=True, **options)

    connect, limits = sqlite3.connect, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))  # less than a write needs, as on a full disk
    try:
        assert run(name, record) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with contextlib.closing(CONNECT(record)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for changed in (locked, read_only):
            monkeypatch.setattr(sqlite3, "connect", changed)
            assert run(name, record) == 2
    lines = capsys.readouterr().err.splitlines()
    for line, words in zip(lines, ("disk I/O error", "is locked", "readonly"), strict=True):
        assert words in line and str(record) in line
    with contextlib.closing(CONNECT(record)) as after:
        assert after.execute("SELECT count(*) FROM submission").fetchone()[0] == 2
        assert after.execute("SELECT count(*) FROM board_person WHERE token IS NOT NULL").fetchone()[0] == 5


@settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["add students", "revoke", "export", "points", "backup"]),
    start=st.integers(0, 2**30),
    damage=st.binary(min_size=1, max_size=8),
    times=st.integers(1, 30),
)
def test_damage_anywhere_is_one_line_that_names_the_file(
    name: str, start: int, damage: bytes, times: int, record: Path
) -> None:
    content = bytearray(record.read_bytes())
    for k in range(times):  # over all of the file, a prime number of bytes apart
        at = (start + k * 4099) % (len(content) - len(damage))
        content[at : at + len(damage)] = damage
    db = record.with_name("damaged.sqlite")
    for path in (db, Path(f"{db}-wal"), Path(f"{db}-shm"), record.with_name("copy.sqlite")):
        path.unlink(missing_ok=True)
    db.write_bytes(content)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(name, db)
    if code:  # otherwise the command has not read what is damaged
        assert code == 2 and err.getvalue().count("\n") == 1 and str(db) in err.getvalue(), err.getvalue()
    assert len(err.getvalue()) < 1000 and err.getvalue().rstrip("\n").isprintable()
