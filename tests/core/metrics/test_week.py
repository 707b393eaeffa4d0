"""The typical week of a channel."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.table import METRIC
from core.metrics.week import DAYS, HOURS, UsualTime, usual_value, week_of
from core.times import DAY_MS, HOUR_MS

UTC = ZoneInfo("UTC")
# A Monday, 00:00 UTC.
MONDAY = int(dt.datetime(2026, 11, 2, tzinfo=dt.UTC).timestamp() * 1000)
UNTIL = MONDAY + 28 * DAY_MS
VIEWERS, MESSAGES = METRIC["viewers"], METRIC["messages"]


def hour(viewers: int = 100, messages: int = 1_200, on_air_s: int = 3_600) -> dict[str, int]:
    return {
        "messages": messages,
        "observed_ms": HOUR_MS,
        "viewers_sum": viewers * on_air_s,
        "viewer_pulses": on_air_s,
        "pulses": 3_600,
        "on_air_pulses": on_air_s,
        "on_air_observed_ms": on_air_s * 1000,
    }


def evenings(days: range, from_hour: int = 18, length: int = 4) -> dict[int, dict[str, int]]:
    return {MONDAY + day * DAY_MS + (from_hour + n) * HOUR_MS: hour() for day in days for n in range(length)}


def test_hours_are_grouped_by_weekday_and_hour_in_the_time_zone() -> None:
    hours = {MONDAY: hour(), **evenings(range(28))}
    assert week_of(hours, UTC, UNTIL).at(0, 18).on_air == 4
    berlin = week_of(hours, ZoneInfo("Europe/Berlin"), UNTIL)
    assert (berlin.at(0, 18).on_air, berlin.at(0, 19).on_air, berlin.at(0, 22).on_air) == (0, 4, 4)


def test_an_hour_counts_where_it_begins_in_zones_with_a_half_hour_offset() -> None:
    week = week_of({MONDAY: hour(), **evenings(range(1))}, ZoneInfo("Asia/Kolkata"), UNTIL)
    assert week.at(0, 5).on_air == 1
    assert week.at(0, 23).on_air == 1


def test_hours_before_the_first_stored_one_do_not_count() -> None:
    week = week_of(evenings(range(21, 28)), UTC, UNTIL)
    assert (week.at(0, 18).count, week.at(0, 17).count) == (1, 0)


def test_the_value_of_an_hour_is_that_of_its_summed_columns() -> None:
    hours = {MONDAY: hour(100, 600, 3_600), MONDAY + 7 * DAY_MS: hour(400, 1_200, 1_800)}
    first = week_of(hours, UTC, UNTIL).at(0, 0)
    assert first.value(VIEWERS) == pytest.approx((100 * 3_600 + 400 * 1_800) / 5_400)
    assert first.value(MESSAGES) == pytest.approx((600 + 1_200) * 30 / 7_200)
    assert week_of(hours, UTC, UNTIL).at(3, 0).value(VIEWERS) is None


def test_less_than_half_an_hour_on_air_does_not_count() -> None:
    short = week_of({MONDAY: hour(on_air_s=1_799)}, UTC, UNTIL).at(0, 0)
    assert (short.on_air, short.count, short.value(VIEWERS)) == (0, 4, None)


def test_usual_times_repeat_more_often_than_not() -> None:
    workdays = {start: columns for start, columns in evenings(range(28)).items() if (start - MONDAY) // DAY_MS % 7 < 5}
    once = {MONDAY + 5 * DAY_MS + 3 * HOUR_MS: hour()}
    assert week_of(workdays | once, UTC, UNTIL).usual_times == [UsualTime((0, 1, 2, 3, 4), 18, 4)]


def test_a_usual_time_may_cross_midnight_and_the_end_of_the_week() -> None:
    sundays = {s: c for s, c in evenings(range(28), 22, 5).items() if (s - MONDAY - 22 * HOUR_MS) // DAY_MS % 7 == 6}
    (time,) = week_of({MONDAY - 7 * DAY_MS: hour(on_air_s=0)} | sundays, UTC, UNTIL + DAY_MS).usual_times
    assert time == UsualTime((6,), 22, 5)


def test_a_channel_that_is_always_on_air_has_one_usual_time() -> None:
    always = {MONDAY + n * HOUR_MS: hour() for n in range(28 * HOURS)}
    assert week_of(always, UTC, UNTIL).usual_times == [UsualTime((0,), 0, DAYS * HOURS)]
    assert week_of({}, UTC, UNTIL).usual_times == []


def test_the_usual_value_is_the_median_at_the_same_time_of_day() -> None:
    now = MONDAY + 5 * DAY_MS + 18 * HOUR_MS + 1_234
    hours = {
        MONDAY + day * DAY_MS + 18 * HOUR_MS: hour(viewers) for day, viewers in enumerate((10, 500, 30, 20, 40, 9_999))
    }
    assert usual_value(hours, now, VIEWERS) == 30
    assert usual_value(hours, now + HOUR_MS, VIEWERS) is None
    two = dict(list(hours.items())[:2])
    assert usual_value(two, now, VIEWERS) is None


@given(
    st.sets(st.integers(0, 28 * HOURS - 1), min_size=1), st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"])
)
def test_every_hour_on_air_is_in_exactly_one_hour_of_the_week(numbers: set[int], zone: str) -> None:
    week = week_of({MONDAY + n * HOUR_MS: hour() for n in numbers}, ZoneInfo(zone), UNTIL)
    assert sum(one.on_air for one in week.hours) == len(numbers)
    assert sum(one.count for one in week.hours) == 28 * HOURS - min(numbers)
    assert sum(len(one.rows) for one in week.hours) == len(numbers)
    usual = sum(time.hours * len(time.weekdays) for time in week.usual_times)
    assert usual == sum(one.is_usual for one in week.hours)
