"""Take what a student uploads: look into the archive, hold the rules, keep it and have it graded."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import IO

from autograder.board.accounts import Person
from autograder.board.record import Record
from autograder.board.rules import Refused, Rules
from autograder.intake.take_in import take_in

ROOM = 2**30  # bytes that must be left on the disk


def take(record: Record, person: Person, content: IO[bytes], rules: Rules) -> int:
    """Keep an upload and have it graded; returns its id.

    The files of an earlier upload of the same student are that upload: they are not counted again.

    Args:
        content: the archive, from its first byte to its end; the name that it had is never looked at.

    Raises:
        Refused: no archive with any of the lab's files, too many uploads or too soon.
    """
    rules.check(record.uploads(person.student), time.time())  # before any work; again below, where nobody else writes
    if shutil.disk_usage(record.path.parent).free < ROOM:
        raise Refused("The server has no room left; tell the staff.", 600)
    archive, sha256 = _look(record, content)
    with record.transaction():
        earlier = record.uploads(person.student)
        if same := [upload.id for upload in earlier if upload.sha256 == sha256]:
            return same[0]
        now = time.time()
        rules.check(earlier, now)
        record.store_archive(sha256, archive)
        number = record.add(person.student, now, sha256, late=now > rules.deadline)
        record.want_graded(sha256)
    return number


def _look(record: Record, content: IO[bytes]) -> tuple[bytes, str]:
    """The archive, and the hash of the lab's files in it, which lie in a folder of ours until it is known."""
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path = Path(folder) / "work.zip"
        with open(path, "wb") as file:
            shutil.copyfileobj(content, file)
        try:
            submission = take_in(path, record.lab, Path(folder) / "files")
        except ValueError as error:
            raise Refused(f"This was not taken: {error}.") from error
        if not submission.files:
            names = ", ".join(hand_in.name for hand_in in record.lab.hand_in)
            raise Refused(f"This was not taken: expected some of {names}, got none of them.")
        return path.read_bytes(), submission.sha256
