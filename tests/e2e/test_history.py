"""History across daylight saving changes and New Year: only UTC matters, whatever the server's time zone."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator

import pytest

from apps.metrics.cassandra import open_session, rows
from apps.metrics.chart_ranges import past_range
from apps.metrics.queries import series
from apps.metrics.store import WindowStore
from core.metrics.columns import StoredGrain
from core.metrics.grains import grain_for
from core.pipeline.records import WindowRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("cassandra", "zone")]

CLOCKS_CHANGE = (dt.date(2026, 10, 25), dt.date(2027, 3, 28))
NEW_YEAR = dt.date(2027, 1, 1)


@pytest.fixture(params=["Europe/Berlin", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set this process's time zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def channel_id() -> str:
    return str(uuid.uuid4().int)[:18]


def midnight(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * DAY_MS


def store(channel_id: str, grain: StoredGrain, from_ms: int, until_ms: int, span_ms: int) -> list[int]:
    """Store a window for each interval between the two times; return the ends."""
    ends = list(range(from_ms + span_ms, until_ms + 1, span_ms))
    windows = [
        WindowRecord(channel_id, grain, end - span_ms, end, {"messages": 1, "observed_ms": span_ms}) for end in ends
    ]
    WindowStore().write(windows, [])
    return ends


def day_rows(channel_id: str, day: dt.date) -> list[int]:
    """Return the ends of the minutes in a day's partition."""
    query = "SELECT end_ms FROM minute_window WHERE channel_id = %s AND day = %s"
    return sorted(row["end_ms"] for row in rows(open_session(), [(query, (channel_id, day))]))


@pytest.mark.parametrize("day", CLOCKS_CHANGE)
def test_every_hour_of_a_night_with_a_clock_change_is_stored_once(channel_id: str, day: dt.date) -> None:
    from_ms, until_ms = midnight(day) - 12 * HOUR_MS, midnight(day) + 36 * HOUR_MS
    ends = store(channel_id, "hour", from_ms, until_ms, HOUR_MS)
    later_ms = until_ms + 100 * DAY_MS
    read = series(channel_id, past_range(from_ms, until_ms, later_ms), later_ms)
    assert read.range.grain == "hour"
    assert [point.end_ms for point in read.points] == ends
    assert len(ends) == 48
    assert {point.coverage for point in read.points} == {1.0}


@pytest.mark.parametrize("day", CLOCKS_CHANGE)
def test_days_are_utc_days(channel_id: str, day: dt.date) -> None:
    ends = store(channel_id, "minute", midnight(day) - HOUR_MS, midnight(day) + 4 * HOUR_MS, MINUTE_MS)
    before = [end for end in ends if end <= midnight(day)]
    assert day_rows(channel_id, day - dt.timedelta(days=1)) == before
    assert day_rows(channel_id, day) == ends[len(before) :]
    later_ms = ends[-1] + 5 * DAY_MS
    read = series(channel_id, past_range(ends[0] - MINUTE_MS, ends[-1], later_ms), later_ms)
    assert (read.range.grain, [point.end_ms for point in read.points]) == ("minute", ends)


def test_the_hours_around_new_year_are_stored_once(channel_id: str) -> None:
    from_ms, until_ms = midnight(NEW_YEAR) - DAY_MS, midnight(NEW_YEAR) + DAY_MS
    ends = store(channel_id, "hour", from_ms, until_ms, HOUR_MS)
    later_ms = until_ms + 200 * DAY_MS
    assert grain_for(from_ms, until_ms, later_ms) == "hour"
    read = series(channel_id, past_range(from_ms, until_ms, later_ms), later_ms)
    assert [point.end_ms for point in read.points] == ends
    half = series(channel_id, past_range(midnight(NEW_YEAR), until_ms, later_ms), later_ms)
    assert [point.end_ms for point in half.points] == ends[24:]
