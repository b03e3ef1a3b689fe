"""The rules of handing in (how often, how much, until when), and accepting an upload by them."""

import dataclasses
import io
import math
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from autograder.board.accounts import Person
from autograder.board.record import Record, Upload
from autograder.classroom import similarity
from autograder.classroom.similarity import NOTHING, Work
from autograder.intake import helpers
from autograder.intake.take_in import take_in
from autograder.lab import Lab, Ranking

AROUND = 2**20  # bytes that an archive may have beyond its files
ROOM = 2**30  # bytes that must be free on the disk


class Refused(ValueError):
    """Why an upload is refused, in words for the student, and the seconds until a new try, 0 for none."""

    def __init__(self, words: str, wait: float = 0.0) -> None:
        super().__init__(words)
        self.wait = wait


@dataclasses.dataclass(frozen=True)
class Rules:
    """The rules that a board was started with.

    Args:
        uploads: the number each student has.
        cool_down: seconds between two uploads.
        deadline: seconds since the epoch, after which an upload is late.
        final: everyone sees the final ranking.
        most_bytes: of an archive.
        given: the files to hand in as the handout gives them, which are no student's own work.
    """

    uploads: int
    cool_down: float
    deadline: float = math.inf
    final: bool = False
    most_bytes: int = 2**26
    given: Mapping[str, Work] = dataclasses.field(default_factory=dict)

    def left(self, earlier: Sequence[Upload]) -> int:
        """The number of uploads a student has left; grader failures are not counted."""
        return max(0, self.uploads - sum(upload.state != "fault" for upload in earlier))

    def wait(self, earlier: Sequence[Upload], now: float) -> float:
        """Seconds until a student may hand in again; `earlier` is in order of time."""
        since = now - earlier[-1].received if earlier else math.inf
        # below 0 if the clock was set back; then the earlier time means nothing
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
    """The lab's own rules, except where an argument replaces one; a lab without a ranking has Ranking's defaults."""
    own = lab.ranking or Ranking
    return Rules(
        own.uploads if uploads is None else uploads,
        own.cool_down if cool_down is None else cool_down,
        deadline,
        final,
        AROUND + sum(hand_in.most_bytes for hand_in in lab.hand_in) + helpers.MOST_TOGETHER,
        similarity.given(lab),  # read now, as a server may read little later
    )


def accept_upload(record: Record, person: Person, content: IO[bytes], rules: Rules) -> int:
    """Store an upload and enqueue it; returns its id.

    An upload with the files of an earlier one by the same student is that upload: it is not counted again.

    Args:
        content: the archive; its file name is never used.

    Raises:
        Refused: no archive, none of the lab's files in it, too many uploads, or too soon.
    """
    rules.check(record.uploads(person.student), time.time())  # again below, as others may write
    if shutil.disk_usage(record.path.parent).free < ROOM:
        raise Refused("The server's disk is full; tell the staff.", 600)
    archive, sha256, identities = _look(record, content, rules)
    with record.transaction():
        earlier = record.uploads(person.student)
        if same := [upload.id for upload in earlier if upload.sha256 == sha256]:
            return same[0]
        now = time.time()
        rules.check(earlier, now)
        record.store_archive(sha256, archive)
        record.remember_files(sha256, identities)
        number = record.add(person.student, now, sha256, late=now > rules.deadline)
        record.enqueue_content(sha256)
    return number


def remember_all_files(record: Record, rules: Rules) -> None:
    """Remember the files of uploads that an earlier version of this program accepted."""
    query = "SELECT DISTINCT sha256 FROM submission WHERE sha256 NOT IN (SELECT sha256 FROM board_file)"
    for (sha256,) in record.connection.execute(query).fetchall():
        content = record.content(sha256)
        with io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb") as file:
            record.remember_files(sha256, _look(record, file, rules)[2])


def _look(record: Record, content: IO[bytes], rules: Rules) -> tuple[bytes, str, dict[str, str]]:
    """The archive, the hash of the lab's files in it, and the identity of each file, see `similarity.identity`."""
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path = Path(folder) / "work.zip"
        with open(path, "wb") as file:
            shutil.copyfileobj(content, file)
        try:
            submission = take_in(path, record.lab, Path(folder) / "files")
        except ValueError as error:
            raise Refused(f"Not accepted: {error}.") from error
        if not submission.files:
            names = ", ".join(hand_in.name for hand_in in record.lab.hand_in)
            raise Refused(f"Not accepted: expected some of {names}, got none of them.")
        works = similarity.of_files(submission.files)
        identities = {name: similarity.identity(each, rules.given.get(name, NOTHING)) for name, each in works.items()}
        return path.read_bytes(), submission.sha256, identities
