"""How often one may hand in, how much, and until when."""

import dataclasses
import math
from collections.abc import Sequence

from autograder.board.record import Upload
from autograder.lab import Lab

UPLOADS, COOL_DOWN = 100, 60.0  # where the lab declares no ranking
AROUND = 2**20  # bytes of an archive beyond the files themselves


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


def of(
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
