"""Checks that the handed-in pictures exist and are pictures; their contents are not checked."""

from collections.abc import Callable

from autograder.explanations import Reason
from autograder.lab import Run, Verdict

SMALLEST, LARGEST = 100, 10_000  # pixels a side
SIGNATURE, FIRST_CHUNK = b"\x89PNG\r\n\x1a\n", b"IHDR"  # PNG specification, 5.2 and 11.2.2


def is_picture(name: str) -> Callable[[Run], Verdict]:
    """All points for a PNG file of a sensible size; only its first 24 bytes are read."""

    def judge(run: Run) -> Verdict:
        if (path := run.submission.files.get(name)) is None:
            return Verdict(0, run.submission.missing(name), Reason.MISSING)
        with open(path, "rb") as file:
            start = file.read(24)
        if len(start) < 24 or not start.startswith(SIGNATURE) or start[12:16] != FIRST_CHUNK:
            return Verdict(0, f"expected {name} to be a PNG picture, got another kind of file")
        sides = [int.from_bytes(start[at : at + 4], "big") for at in (16, 20)]
        text = f"{sides[0]} x {sides[1]} pixels"
        if min(sides) < SMALLEST or max(sides) > LARGEST:
            return Verdict(0, f"expected {name} to have {SMALLEST} to {LARGEST:,} pixels a side, got {text}")
        return Verdict(1, text)

    return judge
