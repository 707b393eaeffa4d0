"""The stored rows that summaries of ranges are read from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import cast

import pytest

from apps.metrics.ranges import FINER_HOURS_MAX, bounds, read_summary
from apps.metrics.store import StoredWindow, WindowStore
from core.metrics.columns import Columns, roll_up
from core.metrics.ranges import PeakValue, RangeSummary, Row, summarize
from core.metrics.table import METRIC, METRICS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

HOUR = 1_795_399_200_000
NOW = HOUR + 25 * MINUTE_MS + 40_000
NO_GAPS = RecordedGaps()
NO_BROADCASTS = Intervals()


def minute(messages: int) -> Columns:
    heard = {"observed_ms": 60_000, "pulses": 60, "on_air_pulses": 60, "on_air_observed_ms": 60_000}
    return {**heard, "messages": messages, "viewers_sum": 600, "viewers_max": 10, "viewer_pulses": 60, "chatters": 3}


class Rows:
    """A fake store of minutes by start; complete hours are stored as hours too."""

    def __init__(self, minutes: Mapping[int, Columns], *, missing_hours: Collection[int] = ()) -> None:
        self.minutes = minutes
        self.reads: list[tuple[str, int, int]] = []
        starts = {start_ms // HOUR_MS * HOUR_MS for start_ms in minutes}
        self.hours = {
            hour_ms: roll_up({ms: m for ms, m in minutes.items() if ms // HOUR_MS * HOUR_MS == hour_ms})
            for hour_ms in starts
            if hour_ms + HOUR_MS <= NOW and hour_ms not in missing_hours
        }

    def read_windows(
        self, grain: str, _channel: str, from_ms: int, until_ms: int, _columns: Collection[str] | None = None
    ) -> Sequence[StoredWindow]:
        self.reads.append((grain, from_ms, until_ms))
        rows, length_ms = (self.hours, HOUR_MS) if grain == "hour" else (self.minutes, MINUTE_MS)
        ends = sorted(start_ms + length_ms for start_ms in rows)
        return [StoredWindow(end, dict(rows[end - length_ms])) for end in ends if from_ms < end <= until_ms]


def read(
    store: Rows,
    from_ms: int,
    until_ms: int,
    gaps: RecordedGaps = NO_GAPS,
    broadcasts: Intervals = NO_BROADCASTS,
) -> RangeSummary:
    windows = cast("WindowStore", store)
    return read_summary(windows, "7", from_ms, until_ms, NOW, metrics=METRICS, gaps=gaps, broadcasts=broadcasts)


def minutes_between(from_ms: int, until_ms: int) -> dict[int, Columns]:
    return {ms: minute(1 + ms // MINUTE_MS % 50) for ms in range(from_ms, until_ms, MINUTE_MS)}


@pytest.mark.parametrize("missing", [(), (HOUR - 2 * HOUR_MS,)])
@pytest.mark.parametrize("from_ms", [HOUR - 3 * HOUR_MS, HOUR - 3 * HOUR_MS + 17 * MINUTE_MS, HOUR - 20 * MINUTE_MS])
def test_hours_and_edge_minutes_equal_all_minutes(from_ms: int, missing: Sequence[int]) -> None:
    minutes = minutes_between(HOUR - 4 * HOUR_MS, HOUR + 25 * MINUTE_MS)
    result = read(Rows(minutes, missing_hours=missing), from_ms, NOW)
    inside = {ms: m for ms, m in minutes.items() if ms >= from_ms}
    rows = [Row(ms, MINUTE_MS, m) for ms, m in sorted(inside.items())]
    assert result == summarize(rows, NO_GAPS, NO_BROADCASTS, from_ms, HOUR + 25 * MINUTE_MS)


def test_whole_hours_are_read_as_hours() -> None:
    store = Rows(minutes_between(HOUR - 30 * HOUR_MS, HOUR + 25 * MINUTE_MS))
    read(store, NOW - DAY_MS, NOW)
    spans = {(grain, (until_ms - from_ms) // MINUTE_MS) for grain, from_ms, until_ms in store.reads}
    assert spans == {("hour", 23 * 60), ("minute", 34), ("minute", 25)}


def test_an_hour_with_a_gap_is_read_as_minutes() -> None:
    minutes = minutes_between(HOUR - 4 * HOUR_MS, HOUR)
    lost = HOUR - 2 * HOUR_MS + 10 * MINUTE_MS
    minutes[lost + MINUTE_MS] = {**minute(5), "observed_ms": 30_000, "on_air_observed_ms": 30_000}
    gaps = RecordedGaps([(lost, lost + 30_000)])
    result = read(Rows(minutes), HOUR - 3 * HOUR_MS, HOUR, gaps)
    # The pulses show half a minute as missed, and the gap covers another half minute.
    assert result.heard_ms == 3 * HOUR_MS - 60_000


def test_too_many_hours_with_gaps_are_read_as_hours() -> None:
    minutes = minutes_between(HOUR - 60 * HOUR_MS, HOUR)
    gaps = RecordedGaps((HOUR - n * HOUR_MS + 1_000, HOUR - n * HOUR_MS + 2_000) for n in range(1, FINER_HOURS_MAX + 5))
    store = Rows(minutes)
    read(store, HOUR - 60 * HOUR_MS, HOUR, gaps)
    assert [grain for grain, *_ in store.reads] == ["hour"]


def test_an_hour_that_is_partly_on_air_is_read_as_minutes() -> None:
    """The channel is heard from minute 10 of the hour on, and on air from minute 40 on, as noticed in minute 50."""
    first_ms, began = HOUR - HOUR_MS, HOUR - 20 * MINUTE_MS
    off_air: Columns = {"observed_ms": 60_000, "pulses": 60, "on_air_pulses": 0}
    minutes: dict[int, Columns] = dict.fromkeys(range(first_ms + 10 * MINUTE_MS, HOUR, MINUTE_MS), off_air)
    minutes |= minutes_between(began + 10 * MINUTE_MS, HOUR)
    result = read(Rows(minutes), first_ms, HOUR, broadcasts=Intervals([(began, HOUR)]))
    assert (result.on_air_ms, result.on_air_heard_ms, result.missed_ms) == (20 * MINUTE_MS, 20 * MINUTE_MS, 0)


def test_hours_with_gaps_are_read_as_minutes_in_preference_to_hours_partly_on_air() -> None:
    first_ms = HOUR - 60 * HOUR_MS
    gaps = RecordedGaps([(HOUR - 30_000, HOUR - 20_000)])
    began = [first_ms + n * HOUR_MS + MINUTE_MS for n in range(FINER_HOURS_MAX)]
    store = Rows(minutes_between(first_ms, HOUR))
    read(store, first_ms, HOUR, gaps, Intervals((ms, ms + MINUTE_MS) for ms in began))
    assert [read for read in store.reads if read[0] == "minute"] == [("minute", HOUR - HOUR_MS, HOUR)]


def test_a_range_up_to_now_ends_with_the_last_stored_minute() -> None:
    minutes = minutes_between(HOUR, HOUR + 24 * MINUTE_MS)
    result = read(Rows(minutes), NOW - 10 * MINUTE_MS, NOW)
    assert (result.until_ms, result.coverage) == (HOUR + 24 * MINUTE_MS, 1)


def test_a_channel_without_recent_rows_has_missed_time_up_to_now() -> None:
    minutes = minutes_between(HOUR, HOUR + 10 * MINUTE_MS)
    result = read(Rows(minutes), HOUR, NOW)
    assert HOUR + 23 * MINUTE_MS <= result.until_ms <= NOW
    assert result.coverage < 0.5


def test_a_range_whose_minutes_have_expired_is_widened_to_whole_hours() -> None:
    from_ms, until_ms = HOUR - 100 * DAY_MS + 90_000, HOUR - 99 * DAY_MS + 90_000
    assert bounds(from_ms, until_ms, NOW) == (HOUR - 100 * DAY_MS, HOUR - 99 * DAY_MS + HOUR_MS)
    store = Rows(minutes_between(HOUR - 100 * DAY_MS, HOUR - 100 * DAY_MS + HOUR_MS))
    result = read(store, from_ms, until_ms)
    assert (result.from_ms, result.until_ms) == (HOUR - 100 * DAY_MS, HOUR - 99 * DAY_MS + HOUR_MS)
    assert {grain for grain, *_ in store.reads} == {"hour"}


def test_the_peak_of_an_hour_row_has_the_time_of_its_minute() -> None:
    minutes = {**minutes_between(HOUR - 2 * HOUR_MS, HOUR), HOUR - 17 * MINUTE_MS: minute(900)}
    result = read(Rows(minutes), HOUR - 2 * HOUR_MS, HOUR)
    assert result.peaks["messages"] == PeakValue(450, HOUR - 16 * MINUTE_MS)
    assert result.value(METRIC["viewers"]) == 10
