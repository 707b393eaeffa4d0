"""Values, peaks and coverage of ranges, compared with raw minutes for any tiling by hours and minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.columns import Columns, aggregate, roll_up
from core.metrics.display import percent
from core.metrics.missed import MissedSpan
from core.metrics.peaks import PEAKS
from core.metrics.ranges import PeakValue, RangeSummary, Row, summarize, whole_minutes
from core.metrics.table import METRIC, METRICS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.pipeline.records import ChatRecord
from core.times import HOUR_MS, MINUTE_MS, SECOND_MS

T = 1_795_399_200_000
HOURS = 3
NO_GAPS = RecordedGaps()
NO_BROADCASTS = Intervals()

Minutes = Mapping[int, Columns]


@st.composite
def minute(draw: st.DrawFn) -> Columns:
    """Return the columns of a minute as the stream job could write them."""
    messages = draw(st.integers(0, 60))
    part = st.integers(0, messages)
    columns = {"messages": messages, "copies": draw(st.integers(0, 9)), "removals": draw(st.integers(0, 3))}
    columns |= {name: draw(part) for name in ("chatters", "texts", "first_messages", "returning_messages")}
    columns |= {"subscriber_messages": draw(part), "emote_messages": draw(part)}
    if messages:
        columns["words"] = draw(st.integers(messages, messages * 20))
    columns["pulses"] = draw(st.integers(0, 60))
    columns["on_air_pulses"] = draw(st.integers(0, columns["pulses"]))
    if columns["pulses"]:
        columns["observed_ms"] = draw(st.integers(0, columns["pulses"] * SECOND_MS))
    if columns["on_air_pulses"]:
        columns["on_air_observed_ms"] = min(columns["observed_ms"], columns["on_air_pulses"] * SECOND_MS)
    columns["viewer_pulses"] = draw(st.integers(0, columns["on_air_pulses"]))
    if columns["viewer_pulses"]:
        counts = draw(st.lists(st.integers(0, 200_000), min_size=1, max_size=columns["viewer_pulses"]))
        columns |= {"viewers_sum": sum(counts), "viewers_max": max(counts), "viewer_pulses": len(counts)}
    return columns


@st.composite
def stored(draw: st.DrawFn) -> Minutes:
    """Return minutes of three hours by their start; some are missing."""
    starts = draw(st.sets(st.integers(0, HOURS * 60 - 1), min_size=1, max_size=25))
    return {T + start * MINUTE_MS: draw(minute()) for start in starts}


def tiles(minutes: Minutes, as_hours: Sequence[bool]) -> list[Row]:
    """Return rows that tile three hours: an hour row where `as_hours` says so, else the hour's minutes."""
    rows = []
    for number, is_hour in enumerate(as_hours):
        start_ms = T + number * HOUR_MS
        inside = {at_ms: m for at_ms, m in minutes.items() if start_ms <= at_ms < start_ms + HOUR_MS}
        if is_hour and inside:
            chatters = {"chatters": max(m["chatters"] for m in inside.values())}
            rows.append(Row(start_ms, HOUR_MS, {**roll_up(inside), **chatters}))
        else:
            rows += [Row(at_ms, MINUTE_MS, inside[at_ms]) for at_ms in sorted(inside)]
    return rows


def summary_of(minutes: Minutes, as_hours: Sequence[bool] = (False,) * HOURS) -> RangeSummary:
    return summarize(tiles(minutes, as_hours), NO_GAPS, NO_BROADCASTS, T, T + HOURS * HOUR_MS)


@given(stored(), st.lists(st.booleans(), min_size=HOURS, max_size=HOURS))
def test_every_tiling_of_a_range_gives_the_same_summary(minutes: Minutes, as_hours: list[bool]) -> None:
    by_minutes, mixed = summary_of(minutes), summary_of(minutes, as_hours)
    for metric in METRICS:
        assert mixed.value(metric) == by_minutes.value(metric), metric.key
    assert mixed.peaks == by_minutes.peaks
    times = [(s.heard_ms, s.on_air_ms, s.hours_watched, s.hourly_average_only) for s in (mixed, by_minutes)]
    assert times[0] == times[1]


@given(stored())
def test_values_are_the_formulas_over_the_raw_minutes(minutes: Minutes) -> None:
    result = summary_of(minutes)

    def total(name: str) -> int:
        return sum(m.get(name, 0) for m in minutes.values())

    def expect(metric: str, numerator: float, denominator: float) -> None:
        value = result.value(METRIC[metric])
        assert value == (pytest.approx(numerator / denominator) if denominator else None), metric

    expect("viewers", total("viewers_sum"), total("viewer_pulses"))
    expect("messages", total("messages") * 30_000, total("observed_ms"))
    expect("shared", total("copies") * 30_000, total("observed_ms"))
    expect("spam", total("words"), total("messages"))
    expect("removals", 1_000 * total("removals"), total("messages"))
    expect("first_time", 100 * total("first_messages"), total("messages"))
    heard = [m for m in minutes.values() if m.get("observed_ms", 0) >= 30_000]
    expect("chatters", sum(m["chatters"] for m in heard), len(heard))
    both = [m for m in minutes.values() if m.get("observed_ms") and m.get("viewer_pulses")]
    viewers = sum(m["viewers_sum"] for m in both) / max(1, sum(m["viewer_pulses"] for m in both))
    per_minute = sum(m["messages"] for m in both) * 60_000 / max(1, sum(m["observed_ms"] for m in both))
    expect("engagement", per_minute * 1_000, viewers if both else 0)
    assert result.coverage == pytest.approx(total("observed_ms") / (HOURS * HOUR_MS))


@given(stored(), st.integers(0, HOURS - 1), st.integers(1, HOURS))
def test_the_peak_of_a_longer_range_is_never_lower(minutes: Minutes, first: int, hours: int) -> None:
    from_ms, until_ms = T + first * HOUR_MS, T + min(HOURS, first + hours) * HOUR_MS
    part = {at_ms: m for at_ms, m in minutes.items() if from_ms <= at_ms < until_ms}
    longer, shorter = summary_of(minutes), summary_of(part)
    assert longer.peaks.keys() >= shorter.peaks.keys()
    assert all(longer.peaks[metric].value >= best.value for metric, best in shorter.peaks.items())


@given(stored())
def test_a_peak_is_the_highest_value_among_the_minutes_that_qualify(minutes: Minutes) -> None:
    result = summary_of(minutes)
    for peak in PEAKS:
        counted = [
            (peak.value(m, MINUTE_MS), at_ms + MINUTE_MS) for at_ms, m in sorted(minutes.items()) if peak.counts(m)
        ]
        values = [(round(value, 6), end_ms) for value, end_ms in counted if value is not None]
        best = max(values, key=lambda pair: (pair[0], -pair[1]), default=None)
        if best is None:
            assert peak.metric not in result.peaks
        else:
            assert result.peaks[peak.metric].value == pytest.approx(best[0], abs=1e-6)
            assert minutes[result.peaks[peak.metric].end_ms - MINUTE_MS]


def heard_minute(**columns: int) -> Columns:
    return {"observed_ms": 60_000, "pulses": 60, "on_air_pulses": 60, "on_air_observed_ms": 60_000, **columns}


def test_mean_viewers_weigh_every_second_equally() -> None:
    minutes = {
        T: heard_minute(viewers=10, viewers_sum=60_000, viewer_pulses=60, viewers_max=1_000),
        T + MINUTE_MS: heard_minute(viewers=10, viewers_sum=900, viewer_pulses=30, viewers_max=30),
    }
    result = summary_of(minutes)
    assert result.value(METRIC["viewers"]) == pytest.approx(60_900 / 90)
    assert result.hours_watched == pytest.approx(60_900 / 3_600)
    assert result.peaks["viewers"] == PeakValue(1_000, T + MINUTE_MS)


def test_hours_watched_are_absent_where_viewers_are_known_for_less_than_half_of_the_time_on_air() -> None:
    known, unknown = heard_minute(viewers_sum=60_000, viewer_pulses=60), heard_minute()
    assert summary_of({T: known, T + MINUTE_MS: unknown}).hours_watched == pytest.approx(60_000 / 3_600)
    assert summary_of({T: known, T + MINUTE_MS: unknown, T + 2 * MINUTE_MS: unknown}).hours_watched is None


def test_a_minute_heard_for_less_than_30_s_is_not_a_peak() -> None:
    short = {"observed_ms": 29_999, "pulses": 60, "messages": 500, "chatters": 400, "words": 900}
    result = summary_of({T: short, T + MINUTE_MS: heard_minute(messages=30, chatters=9, words=60)})
    assert result.peaks["messages"] == PeakValue(15, T + 2 * MINUTE_MS)
    assert result.peaks["chatters"] == PeakValue(9, T + 2 * MINUTE_MS)


def test_ratios_from_few_messages_and_engagement_with_few_viewers_are_not_peaks() -> None:
    quiet = heard_minute(messages=19, words=1_900, viewers_sum=99 * 60, viewer_pulses=60, viewers_max=99)
    result = summary_of({T: quiet})
    assert set(result.peaks) == {"viewers", "messages"}


def test_hours_without_peak_columns_have_averages_only() -> None:
    old = {
        "messages": 3_600,
        "observed_ms": HOUR_MS,
        "viewers_sum": 360_000,
        "viewers_max": 200,
        "viewer_pulses": 3_600,
    }
    row = Row(T, HOUR_MS, {**old, "chatters": 70, "viewers": 100})
    result = summarize([row], NO_GAPS, NO_BROADCASTS, T, T + HOUR_MS)
    assert result.hourly_average_only
    assert result.peaks == {"viewers": PeakValue(200, T + HOUR_MS)}
    assert result.value(METRIC["messages"]) == 30
    assert result.value(METRIC["engagement"]) == pytest.approx(600)
    assert result.value(METRIC["chatters"]) is None
    assert result.coverage_on_air == 1


def test_a_range_splits_into_heard_missed_and_the_rest() -> None:
    """The channel is heard for a quarter of an hour, missed for an hour while on air, and then off air."""
    heard = [Row(T + n * MINUTE_MS, MINUTE_MS, heard_minute()) for n in range(15)]
    gap = RecordedGaps([(T + 15 * MINUTE_MS, T + 75 * MINUTE_MS)])
    result = summarize(heard, gap, NO_BROADCASTS, T, T + 24 * HOUR_MS)
    assert (result.heard_ms, result.missed_ms) == (15 * MINUTE_MS, HOUR_MS)
    assert result.on_air_ms == 75 * MINUTE_MS
    assert result.coverage == 15 / (24 * 60)
    assert result.coverage_on_air == 15 / 75
    assert result.lower_bounds.chat


def test_counts_are_not_lower_bounds_if_all_time_on_air_was_heard() -> None:
    result = summarize([Row(T, MINUTE_MS, heard_minute())], NO_GAPS, NO_BROADCASTS, T, T + 24 * HOUR_MS)
    assert (result.coverage, result.coverage_on_air) == (1 / (24 * 60), 1)
    assert not result.lower_bounds.chat


def test_a_range_that_was_never_heard_has_no_values() -> None:
    result = summarize([], NO_GAPS, NO_BROADCASTS, T, T + HOUR_MS)
    assert (result.heard_ms, result.missed_ms, result.coverage, result.coverage_on_air) == (0, 0, 0, None)
    assert result.lower_bounds.chat
    assert all(result.value(metric) is None for metric in METRICS if metric.key != "coverage")


def test_a_tracked_channel_that_was_never_joined_has_a_gap() -> None:
    silent = {"pulses": 60, "on_air_pulses": 60, "observed_ms": 0, "messages": 0}
    rows = [Row(T + n * MINUTE_MS, MINUTE_MS, silent) for n in range(3)]
    result = summarize(rows, NO_GAPS, NO_BROADCASTS, T, T + 3 * MINUTE_MS)
    assert result.unrecorded == [MissedSpan(T, T + 3 * MINUTE_MS, is_tracked=True)]
    assert (result.missed_ms, result.coverage_on_air, result.lower_bounds.chat) == (3 * MINUTE_MS, 0, True)


def test_a_gap_recorded_later_is_subtracted() -> None:
    result = summarize(
        [Row(T, MINUTE_MS, heard_minute())], RecordedGaps([(T + 50_000, T + 70_000)]), NO_BROADCASTS, T, T + MINUTE_MS
    )
    assert (result.heard_ms, result.missed_ms) == (50_000, 10_000)
    assert result.coverage_on_air == pytest.approx(50 / 60)


@pytest.mark.parametrize(
    ("gap_ms", "is_on_air", "is_lower_bound"),
    [(8, True, False), (8, False, False), (400, True, True), (400, False, True)],
)
def test_counts_with_a_gap_of_a_few_milliseconds_are_not_lower_bounds(
    gap_ms: int, is_on_air: bool, is_lower_bound: bool
) -> None:
    minute = heard_minute() if is_on_air else {"pulses": 60, "observed_ms": 60_000}
    rows = [Row(T + n * MINUTE_MS, MINUTE_MS, minute) for n in range(10)]
    gap = RecordedGaps([(T + 5_000, T + 5_000 + gap_ms)])
    result = summarize(rows, gap, NO_BROADCASTS, T, T + 10 * MINUTE_MS)
    assert result.missed_ms == gap_ms
    assert result.lower_bounds.chat == is_lower_bound
    assert (percent(result.coverage_on_air if is_on_air else result.coverage) == "100.0") != is_lower_bound


def tracked(*, heard_ms: int, on_air: int, heard_on_air_ms: int, pulses: int = 60) -> Columns:
    columns = {"pulses": pulses, "observed_ms": heard_ms, "on_air_pulses": on_air, "messages": 1}
    return columns | ({"on_air_observed_ms": heard_on_air_ms} if on_air else {})


@pytest.mark.parametrize(
    ("minute", "on_air_s", "heard_s"),
    [
        # The channel was heard even before its broadcast was noticed, so nothing was missed.
        (tracked(heard_ms=60_000, on_air=20, heard_on_air_ms=20_000), 50, 50),
        # The channel was tracked only after its broadcast was noticed.
        (tracked(heard_ms=20_000, on_air=20, heard_on_air_ms=20_000, pulses=20), 50, 20),
        (tracked(heard_ms=0, on_air=0, heard_on_air_ms=0), 50, 0),
        # Part of the heard time precedes the broadcast.
        (tracked(heard_ms=30_000, on_air=20, heard_on_air_ms=20_000), 50, 20),
    ],
)
def test_time_between_the_start_of_a_broadcast_and_its_detection_is_on_air(
    minute: Columns, on_air_s: int, heard_s: int
) -> None:
    broadcast = Intervals([(T + 10_000, T + MINUTE_MS)])
    result = summarize([Row(T, MINUTE_MS, minute)], NO_GAPS, broadcast, T, T + MINUTE_MS)
    assert (result.on_air_ms, result.on_air_heard_ms) == (on_air_s * 1_000, heard_s * 1_000)
    assert result.lower_bounds.chat == (heard_s < on_air_s)


def test_time_on_air_without_rows_is_missed() -> None:
    rows = [Row(T + 2 * MINUTE_MS, MINUTE_MS, heard_minute())]
    broadcast = Intervals([(T + MINUTE_MS, T + 3 * MINUTE_MS)])
    result = summarize(rows, NO_GAPS, broadcast, T, T + 3 * MINUTE_MS)
    assert (result.heard_ms, result.missed_ms, result.on_air_ms) == (MINUTE_MS, MINUTE_MS, 2 * MINUTE_MS)
    assert result.coverage_on_air == 0.5


@given(st.integers(0, 10 * MINUTE_MS), st.integers(0, 10 * MINUTE_MS))
def test_a_minute_belongs_to_the_range_that_contains_its_midpoint(from_ms: int, length_ms: int) -> None:
    first_ms, last_ms = whole_minutes(from_ms, from_ms + length_ms)
    starts = [start for start in range(0, 30 * MINUTE_MS, MINUTE_MS) if from_ms <= start + 30_000 < from_ms + length_ms]
    assert list(range(first_ms, last_ms, MINUTE_MS)) == starts


def test_a_summary_equals_the_formulas_over_the_messages() -> None:
    chat = [ChatRecord("message", "7", T + n * 900, user_hash=n % 7, text_hash=n % 11, words=n % 5) for n in range(400)]
    chat += [
        ChatRecord("pulse", "7", T + n * SECOND_MS + 999, viewers=500 + n, observed_ms=1_000, live=True)
        for n in range(360)
    ]
    hour = aggregate(chat, "hour")
    result = summarize([Row(T, HOUR_MS, hour)], NO_GAPS, NO_BROADCASTS, T, T + HOUR_MS)
    assert result.value(METRIC["messages"]) == 400 * 30 / 360
    assert result.value(METRIC["viewers"]) == 500 + 359 / 2
    assert result.value(METRIC["spam"]) == sum(n % 5 for n in range(400)) / 400
