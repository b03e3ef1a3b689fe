"""Copies of the record while it is in use, each one file (https://www.sqlite.org/backup.html)."""

import contextlib
import sqlite3
import tempfile
from pathlib import Path

from autograder.board.record import Record
from autograder.classroom.store import OPENING, faults_named
from smallnets import files


def back_up(path: Path, copy: Path) -> None:
    """Write a copy of the whole record; others may write to the record meanwhile.

    Raises:
        FileNotFoundError: there is no such record.
    """
    _there(path)
    files.expect_file(copy, b"SQLite format 3")
    with files.replacing(copy) as temporary:
        _copy(path, temporary)
        with faults_named(temporary, OPENING), contextlib.closing(sqlite3.connect(temporary)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # in WAL mode the copy would need two more files


def restore(copy: Path, record: Record) -> list[str]:
    """Replace everything in the record by a copy, but for tokens; a running server shows it at once.

    A person whom the record knows keeps the token of today, so that one which was replaced or revoked since the copy
    was made stays so. Of other people the copy's tokens work again.

    Returns:
        these other people, by name.

    Raises:
        ValueError: the copy is no board of this lab, or another process grades.
        FileNotFoundError: there is no such copy.
    """
    _there(copy)
    if (found := _lab(copy)) != record.lab.name:
        raise ValueError(f"expected a copy of the board of {record.lab.name}, got {found or 'something else'}")
    with record.grading(), tempfile.TemporaryDirectory(dir=record.path.parent) as folder:
        merged = Path(folder) / "merged.sqlite"
        _copy(copy, merged)
        people = record.connection.execute("SELECT token, student FROM board_person").fetchall()
        with contextlib.closing(sqlite3.connect(merged)) as connection, connection:
            students = [(student,) for _, student in people]
            there = connection.execute("SELECT student FROM board_person WHERE token IS NOT NULL ORDER BY student")
            others = [student for (student,) in there if (student,) not in students]
            # first none, as a token may not be there twice
            connection.executemany("UPDATE board_person SET token = NULL WHERE student = ?", students)
            connection.executemany("UPDATE board_person SET token = ? WHERE student = ?", map(tuple, people))
        _copy(merged, record.path)
    return others


def _there(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"expected a board in {path}, got no such file")


def _lab(path: Path) -> str:
    """The lab whose board a file is, "" if it is no board; the file is only read."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT value FROM board_setting WHERE name = 'lab'").fetchone()
    except OPENING:
        return ""
    return str(row[0]) if row else ""


def _copy(source: Path, target: Path) -> None:
    with (
        faults_named(source, OPENING),
        contextlib.closing(sqlite3.connect(source, timeout=60)) as old,
        contextlib.closing(sqlite3.connect(target, timeout=60)) as new,
    ):
        if (found := old.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise ValueError(f"expected an undamaged database in {source}, got {found}")
        old.backup(new)
