"""5-minute ratios equal their formula over the raw records of ten windows that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.columns import aggregate
from core.metrics.five_minutes import RecentColumns, five_minutes, sum_windows
from core.metrics.formulas import RankingThresholds, coverage
from core.metrics.recent_windows import INTERVAL_MS
from core.metrics.table import METRIC, METRICS
from core.metrics.windows import BOARD_WINDOW_MS, FIVE_MINUTES_MS, LIVE_WINDOW_MS
from core.pipeline.records import ChatKind, ChatRecord, Grain, WindowRecord

T = 1_795_400_010_000
START = T - FIVE_MINUTES_MS
RATIOS = [metric for metric in METRICS if metric.is_ratio]
TRAITS = {
    "first_time": "is_first",
    "returning": "is_returning",
    "subscribers": "is_subscriber",
    "emotes": "is_emotes",
}
GRAINS: tuple[Grain, ...] = ("live", "live_distinct")


@st.composite
def record(draw: st.DrawFn) -> ChatRecord:
    """Draw a record from the seven minutes before T; records from the last five minutes are more likely."""
    at_ms = draw(st.integers(START - 120_000, T - 1) | st.integers(START, T - 1))
    kinds: list[ChatKind] = ["message", "message", "message", "pulse", "removal", "copy", "bot"]
    kind = draw(st.sampled_from(kinds))
    if kind == "pulse":
        viewers = draw(st.none() | st.integers(0, 5_000))
        return ChatRecord("pulse", "7", at_ms, viewers=viewers, observed_ms=draw(st.integers(0, 1_000)))
    if kind == "removal":
        return ChatRecord("removal", "7", at_ms)
    trait = st.none() | st.just(1)
    return ChatRecord(
        kind,
        "7",
        at_ms,
        user_hash=1,
        text_hash=draw(st.integers(1, 9)),
        words=draw(st.integers(0, 50)),
        is_first=draw(trait),
        is_returning=draw(trait),
        is_subscriber=draw(trait),
        is_emotes=draw(trait),
    )


def windows_of(records: Sequence[ChatRecord], missing: set[int]) -> list[WindowRecord]:
    """Return the windows of all records, one every 10 s, except those whose end is in `missing`."""
    windows = []
    for end_ms in range(START - 120_000 + INTERVAL_MS, T + 1, INTERVAL_MS):
        inside = [r for r in records if end_ms - LIVE_WINDOW_MS <= r.at_ms < end_ms]
        if inside and end_ms not in missing:
            windows += [
                WindowRecord("7", grain, end_ms - LIVE_WINDOW_MS, end_ms, aggregate(inside, grain)) for grain in GRAINS
            ]
    return windows


def summed(raw: Sequence[Sequence[ChatRecord]]) -> dict[str, float]:
    """Return each ratio, computed from the raw records of windows that do not overlap, oldest first."""
    flat = [r for window in raw for r in window]
    messages = [r for r in flat if r.kind == "message"]
    values: dict[str, float] = {}
    if messages:
        values["spam"] = sum(r.words or 0 for r in messages) / len(messages)
        values["removals"] = 1_000 * sum(r.kind == "removal" for r in flat) / len(messages)
        texts = sum(len({r.text_hash for r in window if r.kind == "message"}) for window in raw)
        values["repetition"] = 100 * (1 - texts / len(messages))
        values |= {
            key: 100 * sum(getattr(r, name) == 1 for r in messages) / len(messages) for key, name in TRAITS.items()
        }
    engaged_messages = engaged_ms = 0
    viewers = []
    for window in raw:
        pulses = [r for r in window if r.kind == "pulse"]
        heard_ms, counts = (
            sum(r.observed_ms or 0 for r in pulses),
            [(r.at_ms, r.viewers) for r in pulses if r.viewers is not None],
        )
        if heard_ms and counts:
            engaged_messages += sum(r.kind == "message" for r in window)
            engaged_ms += heard_ms
            viewers.append(max(counts)[1])
    if sum(viewers):
        values["engagement"] = engaged_messages * 60_000 / engaged_ms / (sum(viewers) / len(viewers) / 1_000)
    return values


@given(
    st.lists(record(), max_size=60),
    st.sets(st.integers(0, 41).map(lambda number: T - number * INTERVAL_MS), max_size=20),
    st.randoms(use_true_random=False),
)
def test_a_ratio_equals_its_formula_over_the_raw_records(
    records: list[ChatRecord], missing: set[int], random: Random
) -> None:
    windows = windows_of(records, missing)
    recent = RecentColumns()
    in_any_order = [*windows, *windows[:3]]
    random.shuffle(in_any_order)
    for window in in_any_order:
        recent.add(window)
    ends = [end_ms for end_ms in range(START + LIVE_WINDOW_MS, T + 1, LIVE_WINDOW_MS) if end_ms not in missing]
    raw = [[r for r in records if end_ms - LIVE_WINDOW_MS <= r.at_ms < end_ms] for end_ms in ends]
    expected, found = summed(raw), dict[str, float]()
    for window in windows:
        if window.end_ms != T:
            continue
        total = recent.five_minutes(window)
        assert (total.start_ms, total.end_ms, total.grain) == (START, T, window.grain)
        for metric in RATIOS:
            value = metric.value_over("5m")(total.columns, FIVE_MINUTES_MS)
            if metric.distinct == (window.grain == "live_distinct") and value is not None:
                found[metric.key] = value
        heard_ms = sum(r.observed_ms or 0 for window in raw for r in window if r.kind == "pulse")
        assert coverage(total.columns, FIVE_MINUTES_MS) == min(1.0, heard_ms / FIVE_MINUTES_MS)
    if any(window.end_ms == T for window in windows):
        assert found == pytest.approx(expected)


def test_a_sum_of_one_window_has_the_values_of_that_window() -> None:
    columns = {"messages": 40, "words": 120, "texts": 30, "viewers": 500, "observed_ms": 30_000, "removals": 2}
    columns |= {"first_messages": 4, "returning_messages": 1, "subscriber_messages": 20, "emote_messages": 3}
    for metric in RATIOS:
        value = metric.value_over("5m")(sum_windows([columns]), FIVE_MINUTES_MS)
        assert value == pytest.approx(metric.value(columns, LIVE_WINDOW_MS)), metric.key


def test_the_newest_known_viewers_are_kept() -> None:
    assert sum_windows([{"viewers": 10}, {"viewers": 30}, {"messages": 1}])["viewers"] == 30
    assert "viewers" not in sum_windows([{"messages": 1}])


def test_a_large_window_counts_more_than_a_small_one() -> None:
    """A mean of the ratios would be 5.5."""
    ends = {T - LIVE_WINDOW_MS: {"messages": 1, "words": 10}, T: {"messages": 99, "words": 99}}
    assert METRIC["spam"].value_over("5m")(five_minutes(T, ends), FIVE_MINUTES_MS) == 1.09


def test_windows_that_overlap_or_are_older_than_five_minutes_are_ignored() -> None:
    ends = {T - number * INTERVAL_MS: {"messages": 1} for number in range(60)}
    assert five_minutes(T, ends)["messages"] == 10
    assert five_minutes(T, {T: {"messages": 3}, T - FIVE_MINUTES_MS: {"messages": 1_000}}) == {"messages": 3}


def test_channels_and_grains_are_summed_separately() -> None:
    recent = RecentColumns()
    keys: list[tuple[str, Grain]] = [("1", "live"), ("2", "live"), ("1", "live_distinct")]
    for channel_id, grain in keys:
        recent.add(WindowRecord(channel_id, grain, T - LIVE_WINDOW_MS, T, {"messages": 7}))
    assert recent.five_minutes(WindowRecord("1", "live", T - LIVE_WINDOW_MS, T, {})).columns == {"messages": 7}


def test_old_windows_are_pruned() -> None:
    recent = RecentColumns()
    window = WindowRecord("1", "live", T - LIVE_WINDOW_MS, T, {"messages": 7})
    recent.add(window)
    recent.prune(T)
    assert recent.five_minutes(window).columns == {"messages": 7}
    recent.prune(T + INTERVAL_MS)
    assert recent.five_minutes(window).columns == {}


def test_five_minute_ratios_need_ten_times_as_many_messages() -> None:
    thresholds = RankingThresholds(min_viewers=200, min_messages=10).over("5m")
    for metric in RATIOS:
        columns = {"messages": 99, "viewers": 199}
        expected = "200 viewers" if metric.key == "engagement" else "100 messages in 5 min"
        assert metric.unranked(columns, thresholds) == f"needs {expected}"
        assert metric.unranked({"messages": 100, "viewers": 200}, thresholds) is None
    assert RankingThresholds().over("30s") == RankingThresholds()


def test_only_ratios_have_five_minute_boards() -> None:
    assert [metric.key for metric in RATIOS] == [
        "engagement",
        "spam",
        "repetition",
        "first_time",
        "returning",
        "subscribers",
        "emotes",
        "removals",
    ]
    for metric in METRICS:
        assert metric.windows == (tuple(BOARD_WINDOW_MS) if metric.is_ratio else ("30s",))
        if metric.is_ratio:
            assert "past 30 s" in metric.definition
            assert metric.definition_over("5m") == metric.definition.replace("past 30 s", "past 5 min")
