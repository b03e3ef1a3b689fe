"""The board's part of a class's record: settings, people, and the latest result of each content.

The decisions of staff on it are in `decisions.py`."""

import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from autograder.board import accounts
from autograder.board.ranking import Entry
from autograder.classroom import jobs
from autograder.classroom.store import OPENING, Store, faults_named
from autograder.explanations import Reason
from autograder.lab import Lab
from autograder.reports import plain_data

SCHEMA = """
CREATE TABLE IF NOT EXISTS board_setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS board_result (
    sha256 TEXT PRIMARY KEY,
    grader TEXT NOT NULL,             -- its hash
    columns TEXT NOT NULL,            -- JSON: name -> value
    report TEXT NOT NULL,             -- JSON, all parts together
    ended REAL NOT NULL,
    score REAL NOT NULL,
    broken TEXT NOT NULL              -- the numbers of the rules for a place that the content breaks
);
CREATE TABLE IF NOT EXISTS board_hidden (
    student TEXT PRIMARY KEY          -- has no row on the board
);
CREATE TABLE IF NOT EXISTS board_file (
    sha256 TEXT NOT NULL,             -- of the content
    file TEXT NOT NULL,
    identity TEXT NOT NULL,           -- equal files share it, see `similarity.identity`
    PRIMARY KEY (sha256, file)
);
CREATE INDEX IF NOT EXISTS board_file_identity ON board_file (identity);
CREATE TABLE IF NOT EXISTS board_allowed (
    identity TEXT PRIMARY KEY         -- staff agree that several students handed in this file
);
CREATE INDEX IF NOT EXISTS submission_student ON submission (student);
"""


ANY = "any"  # stands for the grader's version: it depends on the labels, which only the grading process has


class Upload(NamedTuple):
    """An upload by a student, and the state of its grading."""

    id: int
    student: str
    received: float
    late: bool
    sha256: str
    state: str  # waiting, running, graded, fault


class Record(Store):
    """An open file; one per thread."""

    def __init__(self, path: Path, lab: Lab) -> None:
        """Open a file, which is made if it is missing.

        Raises:
            ValueError: it is another kind of file, or another lab's board.
        """
        super().__init__(path)
        self.lab = lab
        try:
            with faults_named(path, (*OPENING, ValueError)):  # the last for a damaged seed
                # an upload that was confirmed survives a power cut
                self.connection.execute("PRAGMA synchronous = FULL")
                self._drop_older_results()
                self.connection.executescript(accounts.SCHEMA + SCHEMA)
                known = self.setting("lab", lab.name)
                # one seed for all, unknown to students, kept so that nothing is graded again after a restart
                self.seed = int(self.setting("seed", str(secrets.randbits(31))))
            if known != lab.name:
                raise ValueError(f"expected {path} to be the board of {lab.name}, got that of {known}")
        except ValueError:
            self.close()
            raise

    def _drop_older_results(self) -> None:
        """Drop a table of results without scores, of an earlier version; `refresh` makes it again from the jobs."""
        heads = {row["name"] for row in self.connection.execute("PRAGMA table_info(board_result)")}
        if heads and "score" not in heads:
            self.connection.execute("DROP TABLE board_result")

    def setting(self, name: str, value: str) -> str:
        """A setting, which becomes `value` if it was not set before."""
        query = "SELECT value FROM board_setting WHERE name = ?"
        if row := self.connection.execute(query, (name,)).fetchone():
            return str(row[0])
        self.connection.execute("INSERT OR IGNORE INTO board_setting VALUES (?, ?)", (name, value))
        return str(self.connection.execute(query, (name,)).fetchone()[0])

    def enqueue_content(self, sha256: str) -> None:
        """Enqueue a content for the current grader, unless it has graded it; an earlier result stays until then."""
        jobs.enqueue_all(self, self.lab, sha256, self.seed, ANY)

    def remember_files(self, sha256: str, identities: Mapping[str, str]) -> None:
        """Remember the `similarity.identity` of each file of a content; a file with "" is not compared."""
        rows = [(sha256, file, identity) for file, identity in identities.items() if identity]
        self.connection.executemany("INSERT OR REPLACE INTO board_file VALUES (?, ?, ?)", rows)

    def enqueue_everything(self) -> None:
        """Enqueue the contents of all uploads."""
        with self.transaction():
            for (sha256,) in self.connection.execute("SELECT DISTINCT sha256 FROM submission").fetchall():
                self.enqueue_content(sha256)

    def refresh(self) -> None:
        """Store the merged result of each content whose parts are all done, by the grader enqueued last."""
        # rows are in the order in which they were enqueued; other processes' clocks may differ
        query = (
            # a job that is graded again has a report, but is not done
            "WITH known AS (SELECT sha256, grader, min(state = 'done') AS whole, max(rowid) AS wanted FROM job "
            "WHERE lab = ? GROUP BY sha256, grader HAVING min(report IS NOT NULL)), "
            "latest AS (SELECT sha256, grader, whole, max(wanted) FROM known GROUP BY sha256) "
            "SELECT sha256, grader FROM latest WHERE whole AND NOT EXISTS (SELECT 1 FROM board_result r "
            "WHERE r.sha256 = latest.sha256 AND r.grader = latest.grader)"
        )
        if new := self.connection.execute(query, (self.lab.name,)).fetchall():
            with self.transaction():  # one for all: each waits for the disk
                for sha256, grader in new:
                    self._keep_result(sha256, grader)

    def _keep_result(self, sha256: str, grader: str) -> None:
        report = jobs.total(self, self.lab, sha256, self.seed, grader)
        if report is None or report["fault"]:
            return  # the earlier result stays
        values = {column["name"]: column["value"] for column in report["columns"]}
        found = " ".join(broken(self.lab, report))
        self.connection.execute(
            "INSERT OR REPLACE INTO board_result VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sha256, grader, json.dumps(values), json.dumps(report), time.time(), report["score"] or 0.0, found),
        )

    def entries(self, student: str | None = None) -> list[Entry]:
        """All graded uploads of students and baselines, without those that staff have hidden; or all of one student."""
        rules = self.lab.ranking.rules if self.lab.ranking else ()
        rows = self.connection.execute(
            "SELECT p.key, p.name, s.received, r.columns, s.late, p.kind, s.id, r.broken, EXISTS ("
            # a file belongs to the student who handed it in first, also in later uploads
            "SELECT 1 FROM board_file f WHERE f.sha256 = s.sha256 AND s.student != ("
            "SELECT o.student FROM board_file g JOIN submission o USING (sha256) WHERE g.identity = f.identity "
            "ORDER BY o.id LIMIT 1) AND f.identity NOT IN (SELECT identity FROM board_allowed)) FROM submission s "
            "JOIN board_person p USING (student) JOIN board_result r USING (sha256) "
            "WHERE p.kind != 'staff' AND student = coalesce(?, student) "
            "AND (student = ? OR student NOT IN (SELECT student FROM board_hidden))",
            (student, student),
        )
        return [
            Entry(row[0], row[1], self.seconds(row[2]), _numbers(self.plain(row[3])), bool(row[4]), row[5], row[6],
                  tuple(number for number in row[7].split() if number in rules), bool(row[8]))
            for row in rows
        ]  # fmt: skip

    def uploads(self, student: str) -> list[Upload]:
        """A student's uploads, the earliest first."""
        return [self._upload(row) for row in self._submissions("student = ?", student)]

    def upload(self, number: int) -> Upload | None:
        """An upload by its id."""
        rows = self._submissions("id = ?", number) if number < 2**63 else []  # SQLite's integers end there
        return next(map(self._upload, rows), None)

    def _submissions(self, where: str, value: object) -> list[Any]:
        query = f"SELECT id, student, received, late, sha256 FROM submission WHERE {where} ORDER BY id"
        return self.connection.execute(query, (value,)).fetchall()

    def _upload(self, row: Any) -> Upload:
        number, student, received, late, sha256 = row
        return Upload(number, student, self.seconds(received), bool(late), sha256, self._state(sha256))

    def _state(self, sha256: str) -> str:
        graded = self.connection.execute("SELECT 1 FROM board_result WHERE sha256 = ?", (sha256,)).fetchone()
        if graded:
            return "graded"
        rows = self.connection.execute("SELECT DISTINCT state FROM job WHERE sha256 = ?", (sha256,))
        states = {row[0] for row in rows}
        if "running" in states or {"waiting", "done"} <= states:
            return "running"
        return "waiting" if "waiting" in states or states <= {"done"} else "fault"

    def scores(self) -> dict[str, float]:
        """The best score of each person with a graded upload: of those on time or, without one, of the late ones."""
        query = (
            "SELECT student, late, max(score) FROM submission JOIN board_result USING (sha256) GROUP BY student, late "
            "ORDER BY late DESC"
        )
        return {student: score for student, _, score in self.connection.execute(query)}  # on time comes last

    def report(self, sha256: str) -> dict[str, Any] | None:
        """The report on a content; None if it is not graded."""
        row = self.connection.execute("SELECT report FROM board_result WHERE sha256 = ?", (sha256,)).fetchone()
        return None if row is None else self.plain(row[0])

    def students(self) -> int:
        """The number of students, without those whose rows are hidden."""
        hidden = "SELECT student FROM board_hidden"
        query = f"SELECT count(*) FROM board_person WHERE kind = 'student' AND student NOT IN ({hidden})"
        return int(self.connection.execute(query).fetchone()[0])

    def waiting(self) -> int:
        """The number of contents with a part that is not graded yet."""
        query = "SELECT count(DISTINCT sha256) FROM job WHERE state IN ('waiting', 'running')"
        return int(self.connection.execute(query).fetchone()[0])


def broken(lab: Lab, report: dict[str, Any]) -> list[str]:
    """The numbers of the lab's rules for a place that a report says are broken.

    Without a value to rank by, these are only the rules whose checks say so: others failed with the whole submission.
    """
    ranking = lab.ranking
    if ranking is None:
        return []
    valued = ranking.column in {column["name"] for column in report["columns"]}
    tests = [test for test in jobs.as_report(report).tests if test.number in ranking.rules]
    return [test.number for test in tests if not plain_data.passed(test) and (valued or test.cause == Reason.WRONG)]


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    """The values that are numbers; those that are not finite were stored as text."""
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}


@contextlib.contextmanager
def opened(path: Path, lab: Lab) -> Iterator[Record]:
    """A record for one thread, and closed; raises RecordFault."""
    with faults_named(path), contextlib.closing(Record(path, lab)) as record:
        yield record
