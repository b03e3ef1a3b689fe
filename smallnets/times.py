"""Times as people and platforms write them."""

import datetime


def read(value: object, zone: datetime.tzinfo | None = None) -> datetime.datetime | None:
    """A time with its zone, from a text in ISO 8601 or a datetime; None if it is neither.

    Args:
        zone: that of a time which names none; None for this machine's.
    """
    try:
        time = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(time, datetime.datetime):
            return None
        if time.tzinfo is None:
            time = time.replace(tzinfo=zone) if zone else time.astimezone()
        time.timestamp()
    except (ValueError, OverflowError, OSError):  # one that a zone moves out of the calendar, too
        return None
    return time
