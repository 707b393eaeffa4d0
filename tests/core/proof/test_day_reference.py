"""The reference computation of a day has the sums and peaks of the roll-up; every column that differs is named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.columns import Columns, roll_up
from core.metrics.days import columns_of_day
from core.metrics.ranges import Row, summarize
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.proof.day_reference import REFERENCE_COLUMNS, differing_columns, reference_day
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.core.metrics.test_days import DAYS, T, near_midnights, rows_of, spans
from tests.core.metrics.test_ranges import Minutes


def hours_of(minutes: Minutes) -> dict[int, Columns]:
    """Return the hours, by start, that minutes are rolled up into; each hour has as many chatters as stored minutes."""
    starts = {at_ms // HOUR_MS * HOUR_MS for at_ms in minutes}
    inside = {
        start_ms: {ms: m for ms, m in minutes.items() if ms // HOUR_MS * HOUR_MS == start_ms} for start_ms in starts
    }
    return {start_ms: {**roll_up(part), "chatters": len(part)} for start_ms, part in inside.items()}


def rolled_up(start_ms: int, rows: list[Row], hours: Mapping[int, Columns], missed: list[tuple[int, int]]) -> Columns:
    """Return the columns that the roll-up stores for a day."""
    inside = [row for row in rows if start_ms <= row.start_ms < start_ms + DAY_MS]
    summary = summarize(inside, RecordedGaps(missed), Intervals(), start_ms, start_ms + DAY_MS)
    chatters = {ms: row["chatters"] for ms, row in hours.items() if start_ms <= ms < start_ms + DAY_MS}
    return columns_of_day(summary, chatters)


@given(near_midnights(), spans(), st.sets(st.integers(0, DAYS * 24 - 1)), st.booleans())
def test_the_reference_has_the_sums_and_peaks_of_the_roll_up(
    minutes: Minutes, missed: list[tuple[int, int]], as_hours: set[int], has_minutes: bool
) -> None:
    hours = hours_of(minutes)
    rows = rows_of(minutes, {T + number * HOUR_MS for number in as_hours})
    for start_ms in range(T, T + DAYS * DAY_MS, DAY_MS):
        columns = rolled_up(start_ms, rows, hours, missed)
        expected = {name: value for name, value in columns.items() if name in REFERENCE_COLUMNS}
        assert reference_day(start_ms, minutes if has_minutes else {}, hours) == expected


def test_a_day_with_hours_from_older_versions_has_no_reference() -> None:
    assert reference_day(T, {}, {T: {"messages": 9, "observed_ms": HOUR_MS}}) is None


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ({"messages": 5, "words": 9}, ""),
        ({"messages": 6, "words": 9}, "messages is 6, expected 5"),
        ({"messages": 5}, "words is None, expected 9"),
        ({"messages": 5, "words": 9, "copies": 1}, "copies is 1, expected None"),
    ],
)
def test_every_differing_column_is_named(stored: Columns, text: str) -> None:
    assert differing_columns({"messages": 5, "words": 9}, stored) == text


def test_a_day_of_one_minute_has_its_columns() -> None:
    minute = {"messages": 30, "words": 90, "chatters": 7, "observed_ms": 60_000, "viewer_pulses": 0}
    start_ms = T + 13 * HOUR_MS + 5 * MINUTE_MS
    hour = {**roll_up({start_ms: minute}), "chatters": 7}
    day = reference_day(T, {start_ms: minute}, {T + 13 * HOUR_MS: hour})
    assert day is not None
    assert (day["messages"], day["words"], day["minute_chatters"], day["heard_minutes"]) == (30, 90, 7, 1)
    # 15 messages in 30 s in minute 13:05, and 7 chatters in hour 13.
    assert day["peak_messages"] == 15_000_000 * 1_440 + 1_439 - (13 * 60 + 5)
    assert day["hour_chatters"] == 7 * 24 + 23 - 13
