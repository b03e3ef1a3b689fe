"""submission_metadata.json: what the platform tells of a submission. Whatever is missing or damaged there is None.

https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/
"""

import dataclasses
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smallnets import times

FILE = "submission_metadata.json"


@dataclasses.dataclass(frozen=True)
class Earlier:
    """A submission before this one.

    Args:
        time: when it was handed in.
        score: what it got.
        failed: the grader failed at it, as far as can be known.
        results: its whole results.json; the platform keeps that of the latest only.
    """

    time: datetime
    score: float | None
    failed: bool
    results: dict[str, Any] | None


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What is known of a submission; `due` counts extensions, `earlier` begins with the oldest."""

    id: str = ""
    created: datetime | None = None
    due: datetime | None = None
    earlier: tuple[Earlier, ...] = ()

    @property
    def late(self) -> bool:
        """Whether it came after the deadline, as far as both are known."""
        return self.created is not None and self.due is not None and self.created > self.due


def read(path: Path) -> Metadata:
    """The metadata in a file; a file that is missing or no JSON tells nothing."""
    try:
        found = _dict(json.loads(path.read_text(encoding="utf-8", errors="replace")))
    except (OSError, ValueError, RecursionError):
        found = {}
    earlier = [_earlier(entry) for entry in _dicts(found.get("previous_submissions"))]
    return Metadata(
        id=str(found.get("id", "")),
        created=times.read(found.get("created_at"), UTC),
        due=_due(found),
        # the platform names no order
        earlier=tuple(sorted((entry for entry in earlier if entry), key=lambda entry: entry.time)),
    )


def _earlier(found: dict[str, Any]) -> Earlier | None:
    """One earlier submission; None without its time."""
    time, score = times.read(found.get("submission_time"), UTC), found.get("score")
    if time is None:
        return None
    got = float(score) if isinstance(score, int | float) and math.isfinite(score) else None
    results = _dict(found.get("results")) or None
    fault = _dict((results or {}).get("extra_data")).get("fault") is True
    return Earlier(time, got, found.get("autograder_error") is True or fault, results)


def _due(found: dict[str, Any]) -> datetime | None:
    """The latest deadline of those who handed it in together, where they have their own, else the assignment's."""
    own = [times.read(_dict(user.get("assignment")).get("due_date"), UTC) for user in _dicts(found.get("users"))]
    given = [time for time in own if time is not None]
    return max(given) if given else times.read(_dict(found.get("assignment")).get("due_date"), UTC)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
