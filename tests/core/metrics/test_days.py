"""Days add up to the values, peaks and times of the minutes behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.columns import roll_up
from core.metrics.days import DAY_COLUMNS, busiest_hour, columns_of_day, join, summary_of_day
from core.metrics.ranges import PeakValue, RangeSummary, Row, summarize
from core.metrics.table import METRICS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.core.metrics.test_ranges import Minutes, minute

T = 1_795_392_000_000
DAYS = 3
TIMES = ("heard_ms", "missed_ms", "on_air_ms", "on_air_heard_ms")


@st.composite
def near_midnights(draw: st.DrawFn) -> Minutes:
    """Return minutes of three days by their start, most of them near midnight."""
    offsets = st.integers(-4, 4).flatmap(
        lambda beside: st.integers(0, DAYS).map(lambda day: day * DAY_MS + beside * MINUTE_MS)
    )
    anywhere = st.integers(0, DAYS * DAY_MS // MINUTE_MS - 1).map(lambda number: number * MINUTE_MS)
    starts = draw(st.sets(st.one_of(offsets, anywhere), min_size=1, max_size=20))
    return {T + start: draw(minute()) for start in starts if 0 <= start < DAYS * DAY_MS}


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[int, int]]:
    edges = st.integers(-90, DAYS * 1440 + 90).map(lambda number: T + number * MINUTE_MS + 7)
    pairs = draw(st.lists(st.tuples(edges, edges), max_size=4))
    return [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]


def rows_of(minutes: Minutes, hours: set[int]) -> list[Row]:
    """Return minutes as rows; the minutes of hours that begin at `hours` are rolled up into hour rows."""
    rows = []
    for start_ms in sorted({at_ms // HOUR_MS * HOUR_MS for at_ms in minutes}):
        inside = {at_ms: minutes[at_ms] for at_ms in sorted(minutes) if at_ms // HOUR_MS * HOUR_MS == start_ms}
        if start_ms in hours:
            rows.append(Row(start_ms, HOUR_MS, roll_up(inside)))
        else:
            rows += [Row(at_ms, MINUTE_MS, columns) for at_ms, columns in inside.items()]
    return rows


def day_of(rows: list[Row], gaps: RecordedGaps, broadcasts: Intervals, start_ms: int) -> RangeSummary:
    inside = [row for row in rows if start_ms <= row.start_ms < start_ms + DAY_MS]
    summary = summarize(inside, gaps, broadcasts, start_ms, start_ms + DAY_MS)
    columns = columns_of_day(summary, {})
    assert set(columns) <= set(DAY_COLUMNS)
    return summary_of_day(start_ms, columns)


@given(near_midnights(), spans(), spans(), st.sets(st.integers(0, DAYS * 24 - 1)))
def test_days_add_up_to_their_range(
    minutes: Minutes, missed: list[tuple[int, int]], on_air: list[tuple[int, int]], as_hours: set[int]
) -> None:
    gaps, broadcasts = RecordedGaps(missed), Intervals(on_air)
    rows = rows_of(minutes, {T + number * HOUR_MS for number in as_hours})
    whole = summarize(rows, gaps, broadcasts, T, T + DAYS * DAY_MS)
    joined = join([day_of(rows, gaps, broadcasts, T + number * DAY_MS) for number in range(DAYS)])
    assert joined.sums == whole.sums
    assert joined.peaks == whole.peaks
    assert [getattr(joined, name) for name in TIMES] == [getattr(whole, name) for name in TIMES]
    assert [joined.value(metric) for metric in METRICS] == [whole.value(metric) for metric in METRICS]
    assert (joined.hours_watched, joined.lower_bounds) == (whole.hours_watched, whole.lower_bounds)


@pytest.mark.parametrize("number", [1439, 1440])
def test_missed_time_counts_as_on_air_only_beside_an_on_air_row_of_the_same_day(number: int) -> None:
    on_air = {"messages": 9, "observed_ms": MINUTE_MS, "pulses": 60, "on_air_pulses": 60}
    rows = [Row(T + number * MINUTE_MS, MINUTE_MS, on_air)]
    gaps = RecordedGaps([(T + 1400 * MINUTE_MS, T + 1470 * MINUTE_MS)])
    whole = summarize(rows, gaps, Intervals(), T, T + DAYS * DAY_MS)
    assert whole.on_air_ms == (40 if number < 1440 else 30) * MINUTE_MS
    joined = join([day_of(rows, gaps, Intervals(), T + day * DAY_MS) for day in range(DAYS)])
    assert (joined.on_air_ms, joined.missed_ms) == (whole.on_air_ms, whole.missed_ms)


def test_a_day_with_hours_without_peaks_has_averages_only() -> None:
    old = Row(T, HOUR_MS, {"messages": 9, "observed_ms": HOUR_MS, "viewers_max": 70})
    new = Row(T + DAY_MS, MINUTE_MS, {"messages": 9, "observed_ms": MINUTE_MS, "viewers_max": 80})
    days = [day_of([old, new], RecordedGaps(), Intervals(), T + number * DAY_MS) for number in range(2)]
    assert [day.hourly_average_only for day in days] == [True, False]
    assert join(days).peaks == {"viewers": PeakValue(80, T + DAY_MS + MINUTE_MS)}


def test_the_busiest_hour_has_the_most_chatters() -> None:
    chatters = {T + 3 * HOUR_MS: 40, T + 7 * HOUR_MS: 90, T + 9 * HOUR_MS: 90}
    columns = columns_of_day(RangeSummary(T, T + DAY_MS, {"messages": 1}), chatters)
    assert busiest_hour(T, columns) == PeakValue(90, T + 8 * HOUR_MS)
    assert busiest_hour(T, {}) is None


def test_a_day_without_known_values_has_no_columns() -> None:
    assert columns_of_day(RangeSummary(T, T + DAY_MS), {}) == {}
    assert columns_of_day(RangeSummary(T, T + DAY_MS, missed_ms=1), {})["missed_ms"] == 1


def test_days_that_are_not_consecutive_are_not_joined() -> None:
    with pytest.raises(ValueError, match="consecutive"):
        join([RangeSummary(T, T + DAY_MS), RangeSummary(T + 2 * DAY_MS, T + 3 * DAY_MS)])
    with pytest.raises(ValueError, match="consecutive"):
        join([])
