"""The submissions and results that a record already holds, of a scoreboard or of an earlier run."""

import tempfile
from pathlib import Path
from typing import Any

from autograder.classroom import jobs, similarity
from autograder.classroom.handed_in import HandedIn
from autograder.classroom.received import Source
from autograder.classroom.rows import Registered
from autograder.classroom.similarity import Work
from autograder.classroom.store import Store
from autograder.intake.take_in import take_in
from autograder.lab import Lab


def everyone(store: Store, lab: Lab) -> list[Registered]:
    """All submissions of students, by student, each student's latest last; baselines and staff are left out.

    A scoreboard notes the time of an upload itself. Other records do not say where their times come from.
    """
    board = store.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'board_person'").fetchone()
    students = " WHERE student IN (SELECT student FROM board_person WHERE kind = 'student')" if board else ""
    query = f"SELECT id, student, received, late, sha256 FROM submission{students} ORDER BY student, received, id"
    source = Source.PLATFORM if board else Source.DISK
    found = []
    for number, student, received, late, sha256 in store.connection.execute(query).fetchall():
        marked = True if late else None if board is None else False
        handed_in = HandedIn(student, student, Path(), store.seconds(received), source, marked, number, ids=(student,))
        found.append(Registered(handed_in, sha256, works=_works(store, lab, sha256)))
    return found


def _works(store: Store, lab: Lab, sha256: str) -> dict[str, Work]:
    """The files of a content as they are compared; none if it is not there any more."""
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        try:
            content = store.content(sha256)
            if isinstance(content, bytes):
                path = Path(folder) / "work.zip"
                path.write_bytes(content)
                content = path
            return similarity.of_files(take_in(content, lab, Path(folder) / "files").files)
        except (KeyError, ValueError, OSError):
            return {}


def latest_report(store: Store, lab: Lab, sha256: str) -> dict[str, Any] | None:
    """The report on a content by the latest grader that is done with it; None without."""
    runs = store.connection.execute(
        "SELECT grader, seed FROM job WHERE sha256 = ? AND lab = ? GROUP BY grader, seed ORDER BY max(rowid) DESC",
        (sha256, lab.name),
    ).fetchall()
    totals = (jobs.total(store, lab, sha256, seed, grader) for grader, seed in runs)
    return next((plain for plain in totals if plain is not None), None)
