"""Hours have the values of their minutes, and add up to their days and their range."""

from __future__ import annotations

import pytest
from hypothesis import given

from core.metrics.days import join
from core.metrics.hours import columns_behind_hours, summaries_of_hours
from core.metrics.ranges import RangeSummary, Row, summarize
from core.metrics.table import METRIC, METRICS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.core.metrics.test_days import DAYS, TIMES, T, day_of, near_midnights, rows_of, spans
from tests.core.metrics.test_ranges import Minutes

END = T + DAYS * DAY_MS
NO_GAPS, NO_BROADCASTS = RecordedGaps(), Intervals()


def stored_hours(minutes: Minutes) -> list[Row]:
    """Return the hour rows that minutes add up to, with the columns that the store reads for them."""
    names = columns_behind_hours(METRICS)
    rows = rows_of(minutes, {T + number * HOUR_MS for number in range(DAYS * 24)})
    return [
        Row(row.start_ms, HOUR_MS, {name: value for name, value in row.columns.items() if name in names})
        for row in rows
    ]


@given(near_midnights())
def test_hours_have_the_values_of_their_minutes(minutes: Minutes) -> None:
    for hour in summaries_of_hours(stored_hours(minutes), NO_GAPS, NO_BROADCASTS, T, END):
        inside = {at_ms: minutes[at_ms] for at_ms in minutes if hour.from_ms <= at_ms < hour.until_ms}
        raw = summarize(rows_of(inside, set()), NO_GAPS, NO_BROADCASTS, hour.from_ms, hour.until_ms)
        for metric in METRICS:
            assert hour.value(metric) == raw.value(metric), metric.key
        assert (hour.heard_ms, hour.on_air_ms) == (raw.heard_ms, raw.on_air_ms)
        if not inside:
            assert {metric.key for metric in METRICS if hour.value(metric) is not None} == {"coverage"}


@given(near_midnights())
def test_summed_hours_have_the_values_of_their_day_and_range(minutes: Minutes) -> None:
    """The sums of the hours give the values of days and ranges; for two metrics, the formula is written out."""
    hours = summaries_of_hours(stored_hours(minutes), NO_GAPS, NO_BROADCASTS, T, END)
    rows = rows_of(minutes, set())
    whole = summarize(rows, NO_GAPS, NO_BROADCASTS, T, END)
    days = [day_of(rows, NO_GAPS, NO_BROADCASTS, T + number * DAY_MS) for number in range(DAYS)]
    parts = [(whole, hours)] + [(day, hours[24 * number : 24 * number + 24]) for number, day in enumerate(days)]
    for expected, inside in parts:
        joined = join(inside)
        for metric in METRICS:
            assert joined.value(metric) == expected.value(metric), metric.key
        assert joined.hours_watched == expected.hours_watched
        messages, heard_ms = total(inside, "messages"), total(inside, "observed_ms")
        assert expected.value(METRIC["messages"]) == (messages * 30_000 / heard_ms if heard_ms else None)
        counts, viewers = total(inside, "viewer_pulses"), total(inside, "viewers_sum")
        assert expected.value(METRIC["viewers"]) == (viewers / counts if counts else None)


def total(summaries: list[RangeSummary], column: str) -> int:
    return sum(summary.sums.get(column, 0) for summary in summaries)


@given(near_midnights(), spans(), spans())
def test_hours_add_up_to_the_times_of_their_range(
    minutes: Minutes, missed: list[tuple[int, int]], on_air: list[tuple[int, int]]
) -> None:
    gaps, broadcasts, rows = RecordedGaps(missed), Intervals(on_air), stored_hours(minutes)
    hours = summaries_of_hours(rows, gaps, broadcasts, T, END)
    assert [hour.from_ms for hour in hours] == list(range(T, END, HOUR_MS))
    joined, whole = join(hours), summarize(rows, gaps, broadcasts, T, END)
    assert [getattr(joined, name) for name in TIMES] == [getattr(whole, name) for name in TIMES]
    assert (joined.coverage, joined.lower_bounds) == (whole.coverage, whole.lower_bounds)


def test_a_recorded_gap_lowers_the_coverage_only_of_its_hours() -> None:
    columns = {"messages": 60, "observed_ms": HOUR_MS, "pulses": 3_600, "on_air_pulses": 3_600, "heard_minutes": 60}
    rows = [Row(T + number * HOUR_MS, HOUR_MS, columns) for number in (0, 1)]
    gaps = RecordedGaps([(T + HOUR_MS - 6 * MINUTE_MS, T + HOUR_MS + 3 * MINUTE_MS)])
    hours = summaries_of_hours(rows, gaps, NO_BROADCASTS, T, T + 3 * HOUR_MS)
    assert [hour.value(METRIC["coverage"]) for hour in hours] == pytest.approx([90, 95, 0])
    assert [hour.value(METRIC["messages"]) for hour in hours] == [0.5, 0.5, None]
    assert [hour.lower_bounds.chat for hour in hours[:2]] == [True, True]


def test_a_broadcast_without_rows_is_on_air_but_not_heard() -> None:
    broadcasts = Intervals([(T + HOUR_MS // 2, T + 2 * HOUR_MS)])
    hours = summaries_of_hours([], NO_GAPS, broadcasts, T, T + 3 * HOUR_MS)
    assert [hour.on_air_ms for hour in hours] == [HOUR_MS // 2, HOUR_MS, 0]
    assert [hour.missed_ms for hour in hours] == [HOUR_MS // 2, HOUR_MS, 0]
    assert [hour.heard_ms for hour in hours] == [0, 0, 0]
