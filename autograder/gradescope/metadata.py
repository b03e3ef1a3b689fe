"""submission_metadata.json: the platform's data on a submission. A missing or damaged value is None.

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
        time: of handing in.
        score: its score.
        failed: the grader failed at it, as far as is known.
        results: its whole results.json; the platform keeps only that of the latest submission.
    """

    time: datetime
    score: float | None
    failed: bool
    results: dict[str, Any] | None


@dataclasses.dataclass(frozen=True)
class Metadata:
    """The data on a submission; `due` includes extensions, `earlier` begins with the oldest."""

    id: str = ""
    created: datetime | None = None
    due: datetime | None = None
    earlier: tuple[Earlier, ...] = ()

    @property
    def late(self) -> bool:
        """Whether it came after the deadline; False if either time is unknown."""
        return self.created is not None and self.due is not None and self.created > self.due


def read(path: Path) -> Metadata:
    """The metadata in a file; a file that is missing or no JSON counts as empty."""
    try:
        found = _dict(json.loads(path.read_text(encoding="utf-8", errors="replace")))
    except (OSError, ValueError, RecursionError):
        found = {}
    earlier = [_earlier(entry) for entry in _dicts(found.get("previous_submissions"))]
    return Metadata(
        id=str(found.get("id", "")),
        created=times.read(found.get("created_at"), UTC),
        due=_due(found),
        # the platform promises no order
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
    """The latest of the submitters' own deadlines, if they have any, else the assignment's."""
    own = [times.read(_dict(user.get("assignment")).get("due_date"), UTC) for user in _dicts(found.get("users"))]
    given = [time for time in own if time is not None]
    return max(given) if given else times.read(_dict(found.get("assignment")).get("due_date"), UTC)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
