"""A quota of graded submissions within 24 hours; beyond it, the last results stay."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from autograder.gradescope.metadata import Earlier, Metadata
from autograder.gradescope.settings import HOURS

WINDOW = timedelta(hours=HOURS)


def graded(times: Iterable[datetime], per_day: int) -> list[datetime]:
    """The times of the graded submissions among `times`, the oldest first; those beyond the quota were not graded."""
    found: list[datetime] = []
    for time in times:
        if len(_recent(found, time)) < per_day:
            found.append(time)
    return found


def spent(metadata: Metadata, per_day: int | None) -> list[datetime]:
    """The times of the earlier submissions that count against this one's quota.

    Times are those of the submissions, so a regraded submission gets the same answer. Submissions do not count if the
    grader failed at them or did not grade them because of the quota. If this one has no time, none count.
    """
    if per_day is None or metadata.created is None:
        return []
    created = metadata.created
    return _recent(graded((one.time for one in metadata.earlier if not one.failed), per_day), created)


def _recent(times: Iterable[datetime], now: datetime) -> list[datetime]:
    return [time for time in times if timedelta(0) <= now - time < WINDOW]


def repeated(earlier: tuple[Earlier, ...], message: str) -> dict[str, Any]:
    """The last results again, below a message: score, tests and leaderboard stay.

    Only the last score, if the platform has kept no results or only those of a failed grader.
    """
    last = earlier[-1]
    if last.results is not None and not last.failed:
        extra = last.results.get("extra_data")
        kept = dict(extra) if isinstance(extra, dict) else {}
        # repeated results keep their original output, without the message
        below = kept.setdefault("repeated", last.results.get("output") or "")
        return last.results | {"output": f"{message}\n\n{below}".rstrip(), "output_format": "text", "extra_data": kept}
    scores = [one.score for one in earlier if one.score is not None and not one.failed]
    return {
        "score": scores[-1] if scores else 0.0,
        "output": message,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"repeated": ""},
        "tests": [],
        "leaderboard": [],
    }
