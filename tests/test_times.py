"""Times of the command line, of Gradescope's export and of its metadata are read alike."""

import datetime
from datetime import UTC

import pytest

from smallnets import times

EAST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
NOON = datetime.datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["2026-12-01T12:00", "2026-12-01 12:00:00", "2026-12-01T12:00Z", "2026-12-01T13:00+01:00", NOON,
     NOON.replace(tzinfo=None), NOON.astimezone(EAST)],
    ids=["no zone", "with a space", "Z", "another zone", "a datetime", "one without a zone", "one of another zone"],
)  # fmt: skip
def test_a_time_is_a_time_in_whatever_form(value: object) -> None:
    assert times.read(value, UTC) == NOON


def test_without_a_zone_it_is_of_the_zone_given_or_this_machines() -> None:
    text = "2026-12-01T12:00"
    assert times.read(text, EAST) == datetime.datetime(2026, 12, 1, 6, 30, tzinfo=UTC)
    assert times.read(text) == datetime.datetime(2026, 12, 1, 12, 0).astimezone()


@pytest.mark.parametrize("zone", [UTC, EAST, None], ids=["UTC", "east of it", "this machine's"])
@pytest.mark.parametrize(
    "value",
    [None, 5, "", "yesterday", "2026-13-01", "2026-02-30T00:00", datetime.date(2026, 12, 1), b"2026-12-01"],
    ids=["nothing", "a number", "empty", "a word", "month 13", "30 February", "a date", "bytes"],
)
def test_what_is_no_time_is_none(value: object, zone: datetime.tzinfo | None) -> None:
    assert times.read(value, zone) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59:59"], ids=["the first", "the last"])
def test_the_ends_of_the_calendar_fail_in_no_zone(text: str) -> None:
    for zone in (UTC, EAST, datetime.timezone(-datetime.timedelta(hours=12)), None):
        times.read(text, zone)
