"""The record of a class, one SQLite file: submissions, the queue of jobs, and their reports.

A job is one part of one submission's content, graded by one version of grader and declaration with one seed; its key is
the hash of all these. So nothing is graded twice if the same files are handed in again or the program runs again, and a
change of the grader or of the declaration regrades everything that depends on it. Many processes may read and add; only
one at a time, the holder of `grading()`, claims jobs and records their results.
"""

import contextlib
import fcntl
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from autograder.text import one_line
from smallnets import cli

SCHEMA = """
CREATE TABLE IF NOT EXISTS submission (
    id INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    received REAL NOT NULL,           -- seconds since the epoch
    late INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT NOT NULL,             -- of names and contents of its files, see Submission.sha256
    path TEXT,                        -- its folder or zip; NULL if its archive lies in this file
    UNIQUE (student, received, sha256)
);
CREATE TABLE IF NOT EXISTS archive (
    sha256 TEXT PRIMARY KEY,
    content BLOB NOT NULL             -- the zip
);
CREATE TABLE IF NOT EXISTS job (
    key TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,             -- the submission's content
    lab TEXT NOT NULL,
    part TEXT NOT NULL,               -- the beginning of the numbers of its checks, "" for all
    grader TEXT NOT NULL,             -- the hash of grader and declaration
    seed INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'fault')),
    attempts INTEGER NOT NULL DEFAULT 0,
    report TEXT,                      -- JSON as text_report.plain gives it
    fault TEXT,                       -- one line for staff
    ended REAL
);
CREATE INDEX IF NOT EXISTS job_state ON job (state);
CREATE INDEX IF NOT EXISTS job_sha256 ON job (sha256);
CREATE INDEX IF NOT EXISTS submission_sha256 ON submission (sha256);
"""
MOST_ATTEMPTS = 3


class Job(NamedTuple):
    """A job that was claimed."""

    key: str
    sha256: str
    lab: str
    part: str
    grader: str
    seed: int


def key_of(sha256: str, lab: str, part: str, grader: str, seed: int) -> str:
    """The permanent key of a job."""
    return hashlib.sha256(json.dumps([sha256, lab, part, grader, seed]).encode()).hexdigest()


class RecordFault(ValueError):
    """A record cannot be read or written: a full disk, a damaged file, missing rights."""

    def __init__(self, path: Path, got: object) -> None:
        # SQLite quotes texts of a damaged file, which may be a student's
        super().__init__(f"expected a record that can be read and written in {path}, got: {one_line(str(got), 200)}")


OPENING = (sqlite3.Error, UnicodeDecodeError)  # the second where SQLite quotes a damaged schema


@contextlib.contextmanager
def faults_named(path: Path, kinds: type[Exception] | tuple[type[Exception], ...] = sqlite3.Error) -> Iterator[None]:
    """Turn SQLite's errors in the block into a RecordFault of one line."""
    try:
        yield
    except kinds as error:
        raise RecordFault(path, error) from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator["Store"]:
    """The record of a class for one thread, closed after the block; raises RecordFault."""
    with faults_named(path), contextlib.closing(Store(path)) as store:
        yield store


class Store:
    """An open record; one per thread. Every method is one transaction: whole or not at all, even if killed."""

    def __init__(self, path: Path) -> None:
        """Open a record, which is made if it is missing.

        Raises:
            ValueError: it cannot be opened, or is another kind of file.
        """
        self.path = path
        with faults_named(path, OPENING):
            self.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
            try:
                self.connection.row_factory = sqlite3.Row
                tables = {row["name"] for row in self.connection.execute("SELECT name FROM sqlite_master")}
                if tables and "job" not in tables:
                    raise RecordFault(path, "the database of another program")
                self.connection.execute("PRAGMA journal_mode = WAL")
                self.connection.execute("PRAGMA synchronous = NORMAL")
                self.connection.executescript(SCHEMA)
            except (*OPENING, RecordFault):
                self.connection.close()
                raise

    def close(self) -> None:
        """Close the file; no write is pending."""
        self.connection.close()

    @contextlib.contextmanager
    def grading(self) -> Iterator[None]:
        """Be the only process that grades; jobs that an earlier one began and did not end wait again.

        Raises:
            ValueError: another process grades.
        """
        with open(f"{self.path}.lock", "ab") as lock:  # append: an existing file keeps its content
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ValueError(f"expected no other process to grade into {self.path}, got one") from None
            # an attempt that was killed does not count
            self.connection.execute("UPDATE job SET state = 'waiting', attempts = attempts - 1 WHERE state = 'running'")
            yield

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything in the block or, after an exception, nothing; no other process writes meanwhile.

        A transaction within another is part of it.
        """
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def add(self, student: str, received: float, sha256: str, late: bool = False, path: Path | None = None) -> int:
        """Record a submission; returns its id. The same submission again has the same id."""
        row = (student, received, sha256, int(late), None if path is None else str(path))
        self.connection.execute(
            "INSERT OR IGNORE INTO submission (student, received, sha256, late, path) VALUES (?, ?, ?, ?, ?)", row
        )
        found = self.connection.execute(
            "SELECT id FROM submission WHERE student = ? AND received = ? AND sha256 = ?", row[:3]
        )
        return int(found.fetchone()[0])

    def store_archive(self, sha256: str, content: bytes) -> None:
        """Store an archive in the record itself."""
        self.connection.execute("INSERT OR IGNORE INTO archive VALUES (?, ?)", (sha256, content))

    def content(self, sha256: str) -> bytes | Path:
        """The archive of a submission, or its path.

        Raises:
            KeyError: neither is known.
        """
        if row := self.connection.execute("SELECT content FROM archive WHERE sha256 = ?", (sha256,)).fetchone():
            return bytes(row[0])
        query = "SELECT path FROM submission WHERE sha256 = ? AND path IS NOT NULL ORDER BY id DESC"
        if row := self.connection.execute(query, (sha256,)).fetchone():
            return Path(row[0])
        raise KeyError(sha256)

    def enqueue(self, sha256: str, lab: str, part: str, grader: str, seed: int, again: bool = False) -> str:
        """Enqueue a job unless it exists; with `again`, also one that ended with a fault. Returns its key."""
        key = key_of(sha256, lab, part, grader, seed)
        self.connection.execute(
            "INSERT OR IGNORE INTO job (key, sha256, lab, part, grader, seed) VALUES (?, ?, ?, ?, ?, ?)",
            (key, sha256, lab, part, grader, seed),
        )
        if again:
            self.connection.execute(
                "UPDATE job SET state = 'waiting', attempts = 0, fault = NULL WHERE key = ? AND state = 'fault'", (key,)
            )
        return key

    def regrade(self, key: str) -> None:
        """Let a job that has ended wait again; its report stays until the new one."""
        self.connection.execute(
            "UPDATE job SET state = 'waiting', attempts = 0, fault = NULL WHERE key = ? AND state IN ('done', 'fault')",
            (key,),
        )

    def claim(self, lab: str | None = None, grader: str | None = None, seed: int | None = None) -> Job | None:
        """Claim the job that has waited longest, of the lab, grader and seed given; None if none waits."""
        row = self.connection.execute(
            "UPDATE job SET state = 'running', attempts = attempts + 1 WHERE rowid = "
            "(SELECT rowid FROM job WHERE state = 'waiting' AND lab = coalesce(?, lab) "
            "AND grader = coalesce(?, grader) AND seed = coalesce(?, seed) ORDER BY rowid LIMIT 1) "
            "RETURNING key, sha256, lab, part, grader, seed",
            (lab, grader, seed),
        ).fetchone()
        return Job(*row) if row else None

    def finish(self, key: str, report: dict[str, Any], ended: float) -> bool:
        """Record a running job's report for good; False if the job is not running any more."""
        done = self.connection.execute(
            "UPDATE job SET state = 'done', report = ?, fault = NULL, ended = ? WHERE key = ? AND state = 'running'",
            (json.dumps(report, allow_nan=False), ended, key),
        )
        return done.rowcount == 1

    def record_fault(self, key: str, fault: str, ended: float) -> bool:
        """Record a grader failure; the job waits again, until it has failed MOST_ATTEMPTS times.

        Returns whether it waits again.
        """
        row = self.connection.execute(
            "UPDATE job SET fault = ?, ended = ?, "
            "state = CASE WHEN attempts < ? THEN 'waiting' ELSE 'fault' END "
            "WHERE key = ? AND state = 'running' RETURNING state",
            (fault, ended, MOST_ATTEMPTS, key),
        ).fetchone()
        return bool(row) and row[0] == "waiting"

    def result(self, key: str) -> tuple[str, dict[str, Any], str] | None:
        """State, report ({} if none yet) and fault ("" if none) of a job; None for an unknown key."""
        row = self.connection.execute("SELECT state, report, fault FROM job WHERE key = ?", (key,)).fetchone()
        return row and (row["state"], self.plain(row["report"] or "{}"), row["fault"] or "")

    def plain(self, text: str) -> dict[str, Any]:
        """A JSON object stored in this file; raises RecordFault if it is damaged."""
        try:
            found = json.loads(text)
        except ValueError as error:
            raise RecordFault(self.path, f"JSON that is damaged ({error})") from error
        if not isinstance(found, dict):
            raise RecordFault(self.path, f"JSON that is damaged ({type(found).__name__})")
        return found

    def seconds(self, value: object) -> float:
        """A time stored in this file, in seconds since the epoch; raises RecordFault if it is damaged."""
        if not isinstance(value, float | int) or not 0 <= value <= cli.LAST:
            raise RecordFault(self.path, f"a time that is damaged ({value!r})")
        return float(value)

    def last_seed(self, lab: str) -> int | None:
        """The seed of the latest job of a lab."""
        query = "SELECT seed FROM job WHERE lab = ? ORDER BY rowid DESC LIMIT 1"
        row = self.connection.execute(query, (lab,)).fetchone()
        return row and int(row[0])

    def counts(self) -> dict[str, int]:
        """The number of jobs in each state."""
        rows = self.connection.execute("SELECT state, count(*) FROM job GROUP BY state")
        return {"waiting": 0, "running": 0, "done": 0, "fault": 0} | {row[0]: row[1] for row in rows}

    def version(self) -> int:
        """A number that changes when another connection writes."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])
