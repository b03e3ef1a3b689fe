"""How often, how much and until when a student may hand in; and an upload that is taken by these rules."""

import dataclasses
import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from autograder.board.accounts import Person
from autograder.board.record import Record, Upload
from autograder.intake.take_in import take_in
from autograder.lab import Lab

UPLOADS, COOL_DOWN = 100, 60.0  # where the lab declares no ranking
AROUND = 2**20  # bytes of an archive beyond the files themselves
ROOM = 2**30  # bytes that must be left on the disk


class Refused(ValueError):
    """Why an upload is not taken, in words for the student, and when it may be tried again, in seconds."""

    def __init__(self, words: str, wait: float = 0.0) -> None:
        super().__init__(words)
        self.wait = wait


@dataclasses.dataclass(frozen=True)
class Rules:
    """What a board was started with.

    Args:
        uploads: how many a student has.
        cool_down: seconds between two.
        deadline: seconds since the epoch, after which an upload is late.
        final: the final ranking is for all to see.
        most_bytes: of an archive.
    """

    uploads: int
    cool_down: float
    deadline: float = math.inf
    final: bool = False
    most_bytes: int = 2**26

    def left(self, earlier: Sequence[Upload]) -> int:
        """How many uploads a student has left; those that the grader could not grade are not counted."""
        return max(0, self.uploads - sum(upload.state != "fault" for upload in earlier))

    def wait(self, earlier: Sequence[Upload], now: float) -> float:
        """Seconds until a student may hand in again; the last of `earlier` is the latest."""
        since = now - earlier[-1].received if earlier else math.inf
        # below 0 the clock has been set back, and what it said then tells nothing
        return max(0.0, self.cool_down - since) if since >= 0 else 0.0

    def check(self, earlier: Sequence[Upload], now: float) -> None:
        """Raise Refused if a student may not hand in now."""
        if not self.left(earlier):
            raise Refused(f"You have used all of your {self.uploads} uploads.")
        if wait := self.wait(earlier, now):
            raise Refused(f"Wait {math.ceil(wait)} s before you hand in again.", wait)


def rules_of(
    lab: Lab, uploads: int | None = None, cool_down: float | None = None, deadline: float = math.inf,
    final: bool = False,
) -> Rules:  # fmt: skip
    """The lab's own rules, with what is given instead."""
    ranking = lab.ranking
    own = (ranking.uploads, ranking.cool_down) if ranking else (UPLOADS, COOL_DOWN)
    return Rules(
        own[0] if uploads is None else uploads,
        own[1] if cool_down is None else cool_down,
        deadline,
        final,
        AROUND + sum(hand_in.most_bytes for hand_in in lab.hand_in),
    )


def accept_upload(record: Record, person: Person, content: IO[bytes], rules: Rules) -> int:
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
