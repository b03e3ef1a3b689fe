"""So many graded submissions within 24 hours; beyond them, the last results stay."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from autograder.gradescope.metadata import Earlier, Metadata
from autograder.gradescope.settings import HOURS

WINDOW = timedelta(hours=HOURS)


def graded(times: Iterable[datetime], per_day: int) -> list[datetime]:
    """Which submissions of these times, the oldest first, were graded: not those that came when the quota was spent."""
    found: list[datetime] = []
    for time in times:
        if len(_recent(found, time)) < per_day:
            found.append(time)
    return found


def spent(metadata: Metadata, per_day: int | None) -> list[datetime]:
    """When those submissions came that count against this one.

    The clock is that of the submissions, so a submission that is graded again is judged alike. Where the grader failed,
    and where a submission was not graded for the quota, none is counted. Without a time for this one, nothing counts.
    """
    if per_day is None or metadata.created is None:
        return []
    created = metadata.created
    return _recent(graded((one.time for one in metadata.earlier if not one.failed), per_day), created)


def _recent(times: Iterable[datetime], now: datetime) -> list[datetime]:
    return [time for time in times if timedelta(0) <= now - time < WINDOW]


def repeated(earlier: tuple[Earlier, ...], message: str) -> dict[str, Any]:
    """The last results once more, beneath a message: score, tests and leaderboard stay.

    Where the platform has kept no results, or only those of a grader that failed, the last score alone.
    """
    last = earlier[-1]
    if last.results is not None and not last.failed:
        extra = last.results.get("extra_data")
        kept = dict(extra) if isinstance(extra, dict) else {}
        # of results that are themselves repeated, without their message
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
