"""Days in Cassandra: rolled up from stored minutes and hours, corrected, and erased with their channel."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace

import pytest

from apps.metrics.day_comparison import DayComparison
from apps.metrics.day_store import DayStore
from apps.metrics.days import correct, read_days, roll_up
from apps.metrics.hours import read_hours
from apps.metrics.store import WindowStore
from core.metrics.columns import roll_up as hour_of
from core.metrics.days import HOUR_CHATTERS, busiest_hour, join
from core.metrics.ranges import PeakValue, RangeSummary, Row, summarize
from core.metrics.table import METRICS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.pipeline.records import EventRecord, WindowRecord
from core.proof.reference import WindowKey
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, day_of

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("cassandra")]

T = 1_795_219_200_000
NOW_MS = T + 3 * DAY_MS
TIMES = ("heard_ms", "missed_ms", "on_air_ms", "on_air_heard_ms")


@pytest.fixture
def channel_id() -> str:
    return str(uuid.uuid4().int)[:18]


def minutes_of(seed: int) -> dict[int, dict[str, int]]:
    """Return the minutes of a broadcast from 21:13 to 02:40, keyed by start; some are missing."""
    rng = random.Random(seed)
    minutes = {}
    for number in range(21 * 60 + 13, 26 * 60 + 40):
        if number // 10 % 7 == 3:
            continue
        messages, heard_s = rng.randrange(200), rng.randrange(20, 61)
        minutes[T + number * MINUTE_MS] = {
            **dict.fromkeys(("copies", "removals", "bot_messages", "first_messages", "returning_messages"), 1),
            **dict.fromkeys(("subscriber_messages", "emote_messages"), messages // 3),
            "messages": messages,
            "words": 4 * messages,
            "texts": messages - messages // 9,
            "chatters": messages // 2,
            "observed_ms": heard_s * 1_000,
            "pulses": 60,
            "on_air_pulses": 60,
            "on_air_observed_ms": heard_s * 1_000,
            "viewers": 900,
            "viewers_sum": 60 * (900 + messages),
            "viewers_max": 1_000 + messages,
            "viewer_pulses": 60,
        }
    return minutes


def store_history(channel_id: str, minutes: dict[int, dict[str, int]]) -> None:
    """Store minutes, and the hours that they add up to; the hour that begins at n o'clock has n chatters."""
    windows = [WindowRecord(channel_id, "minute", s, s + MINUTE_MS, columns) for s, columns in minutes.items()]
    for start_ms in {s // HOUR_MS * HOUR_MS for s in minutes}:
        inside = {s: columns for s, columns in minutes.items() if s // HOUR_MS * HOUR_MS == start_ms}
        hour = WindowRecord(channel_id, "hour", start_ms, start_ms + HOUR_MS, hour_of(inside))
        distinct = {"chatters": start_ms % DAY_MS // HOUR_MS}
        windows += [hour, replace(hour, grain="hour_distinct", columns=distinct)]
    gap = EventRecord("g", "gap", channel_id, T + DAY_MS - 30_000, until_ms=T + DAY_MS + 40_000, reason="closed")
    WindowStore().write(windows, [gap])


@pytest.mark.parametrize("seed", range(3))
def test_days_have_the_values_of_the_raw_minutes(channel_id: str, seed: int) -> None:
    minutes = minutes_of(seed)
    store_history(channel_id, minutes)
    assert [roll_up([channel_id], T + n * DAY_MS, NOW_MS) for n in range(3)] == [1, 1, 0]
    joined = join(read_days([channel_id], T, T + 3 * DAY_MS, METRICS)[channel_id])

    rows = [Row(start_ms, MINUTE_MS, minutes[start_ms]) for start_ms in sorted(minutes)]
    gaps = RecordedGaps([(T + DAY_MS - 30_000, T + DAY_MS + 40_000)])
    raw = summarize(rows, gaps, Intervals(), T, T + 3 * DAY_MS)
    assert joined.sums == raw.sums
    assert joined.peaks == raw.peaks
    assert [getattr(joined, name) for name in TIMES] == [getattr(raw, name) for name in TIMES]
    assert [joined.value(metric) for metric in METRICS] == [raw.value(metric) for metric in METRICS]

    days = DayStore().read([channel_id], T, T + 3 * DAY_MS, [HOUR_CHATTERS])[channel_id]
    assert busiest_hour(T, days[T]) == PeakValue(23, T + DAY_MS)
    assert busiest_hour(T + DAY_MS, days[T + DAY_MS]) == PeakValue(2, T + DAY_MS + 3 * HOUR_MS)


def test_hours_equal_their_minutes_even_with_a_gap_across_midnight(channel_id: str) -> None:
    minutes = minutes_of(4)
    store_history(channel_id, minutes)
    for number in range(3):
        roll_up([channel_id], T + number * DAY_MS, NOW_MS)
    # The gap began on the day before the first requested day.
    from_ms, until_ms = T + DAY_MS, T + 2 * DAY_MS
    days = read_days([channel_id], from_ms, until_ms, METRICS)
    ((found_id, hours),) = read_hours(days, from_ms, until_ms, METRICS, NOW_MS)
    assert (found_id, len(hours)) == (channel_id, 24)
    for hour in hours:
        rows = [Row(s, MINUTE_MS, minutes[s]) for s in sorted(minutes) if hour.from_ms <= s < hour.until_ms]
        raw = summarize(rows, RecordedGaps(), Intervals(), hour.from_ms, hour.until_ms)
        for metric in METRICS:
            assert metric.key == "coverage" or hour.value(metric) == raw.value(metric), metric.key
    assert hours[0].heard_ms == min(hours[0].sums["observed_ms"], HOUR_MS - 40_000)
    assert [hour.heard_ms for hour in hours[3:]] == [0] * 21
    gaps = WindowStore().read_gaps({channel_id: {day_of(T), day_of(T + DAY_MS)}})
    assert [gap.id for gap in gaps[channel_id]] == ["g"]


def test_a_day_summary_changes_only_if_its_minutes_change(channel_id: str) -> None:
    minutes, store = minutes_of(1), WindowStore()
    store_history(channel_id, minutes)
    for changed in (2, 0):
        assert correct([channel_id], T + HOUR_MS, T + 2 * DAY_MS, NOW_MS) == changed
    start_ms = T + 22 * HOUR_MS
    inside = {s: columns for s, columns in minutes.items() if s // HOUR_MS * HOUR_MS == start_ms}
    inside[start_ms] = {**inside[start_ms], "messages": 10_000, "words": 40_000}
    hour = WindowRecord(channel_id, "hour", start_ms, start_ms + HOUR_MS, hour_of(inside))
    minute = WindowRecord(channel_id, "minute", start_ms, start_ms + MINUTE_MS, inside[start_ms])
    for changed in (1, 0):
        store.correct([hour, minute], set())
        assert correct([channel_id], start_ms, start_ms + HOUR_MS, NOW_MS) == changed
    (summary,) = read_days([channel_id], T, T + DAY_MS, METRICS)[channel_id]
    assert summary.sums["messages"] == sum(m["messages"] for s, m in {**minutes, **inside}.items() if s < T + DAY_MS)

    # A day whose hours and minutes were deleted is unknown until they are stored again.
    keys: set[WindowKey] = {(channel_id, "minute", s + MINUTE_MS) for s in minutes}
    keys |= {(channel_id, "hour", s // HOUR_MS * HOUR_MS + HOUR_MS) for s in minutes}
    store.correct([], keys)
    days = DayStore()
    for changed in (1, 0):
        assert days.save(T, {channel_id: {}}) == changed
        assert read_days([channel_id], T, T + DAY_MS, METRICS) == {channel_id: [RangeSummary(T, T + DAY_MS)]}
    assert days.save(T, {channel_id: {"messages": 5, "heard_ms": 1}}) == 1
    assert days.read([channel_id], T, T + DAY_MS) == {channel_id: {T: {"messages": 5, "heard_ms": 1}}}


def test_a_roll_up_of_only_missing_days_leaves_stored_days_unchanged(channel_id: str) -> None:
    store_history(channel_id, minutes_of(2))
    days = DayStore()
    days.save(T, {channel_id: {"messages": 5, "heard_ms": 1}})
    assert [roll_up([channel_id], T + n * DAY_MS, NOW_MS, only_missing=True) for n in range(2)] == [0, 1]
    assert roll_up([channel_id], T, NOW_MS) == 1


def test_an_erased_channel_has_no_days_even_if_one_is_stored_afterwards(channel_id: str) -> None:
    store_history(channel_id, minutes_of(3))
    store, days = WindowStore(), DayStore()
    roll_up([channel_id], T, NOW_MS)
    before = days.read([channel_id], T, T + DAY_MS)[channel_id][T]
    assert store.count(channel_id, NOW_MS)["channel_day"] == 1
    store.erase(channel_id, NOW_MS)
    # A roll-up that read the hours before the erasure writes its row afterwards.
    days.save(T, {channel_id: {**before}})
    assert days.read([channel_id], T, NOW_MS) == {channel_id: {}}
    assert store.count(channel_id, NOW_MS)["channel_day"] == 0
    assert roll_up([channel_id], T, NOW_MS) == 0


def differences(channel_id: str) -> list[str]:
    """Return the differences that `check_ledger` finds in the two days of a channel."""
    comparison = DayComparison(DayStore(), WindowStore())
    comparison.compare([channel_id], T, T + 2 * DAY_MS + 3 * HOUR_MS)
    assert comparison.pending == []
    return comparison.differences


def test_the_ledger_check_finds_days_that_are_wrong_or_missing_or_outdated(channel_id: str) -> None:
    store, days = WindowStore(), DayStore()
    store_history(channel_id, minutes_of(5))
    assert ["it is missing" in difference for difference in differences(channel_id)] == [True, True]
    correct([channel_id], T, T + 2 * DAY_MS, NOW_MS)
    assert differences(channel_id) == []

    right = days.read([channel_id], T, T + DAY_MS)[channel_id][T]
    days.save(T, {channel_id: {**right, "peak_messages": right["peak_messages"] + 1}})
    (difference,) = differences(channel_id)
    assert "peak_messages is" in difference
    days.save(T, {channel_id: right})
    assert differences(channel_id) == []

    # A minute on the second day is corrected, but its day is not.
    at_ms = T + DAY_MS + 90 * MINUTE_MS
    (stored,) = store.read_windows("minute", channel_id, at_ms, at_ms + MINUTE_MS)
    columns = {**stored.columns, "words": stored.columns["words"] + 1}
    store.correct([WindowRecord(channel_id, "minute", at_ms, at_ms + MINUTE_MS, columns)], set())
    (difference,) = differences(channel_id)
    assert "words is" in difference

    store.erase(channel_id, NOW_MS)
    assert differences(channel_id) == []


@pytest.mark.parametrize(("start_ms", "now_ms"), [(T + 1, NOW_MS), (T, T + DAY_MS - 1)])
def test_only_whole_days_that_have_ended_are_rolled_up(start_ms: int, now_ms: int) -> None:
    with pytest.raises(ValueError, match="UTC days that have ended"):
        roll_up([], start_ms, now_ms)
