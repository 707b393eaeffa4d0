"""Broadcast summaries."""

from __future__ import annotations

import pytest

from core.metrics import broadcasts
from core.metrics.broadcasts import MOMENTS, Broadcast, Rows
from core.metrics.columns import STEP_MS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import HOUR_MS, MINUTE_MS

# The start of an hour.
T = 1_795_399_200_000
START, END = T + 20 * MINUTE_MS, T + 90 * MINUTE_MS


def minute(viewers: int, messages: int = 10, pulses: int = 60) -> dict[str, int]:
    return {
        "messages": messages,
        "observed_ms": pulses * 1_000,
        "viewers_sum": viewers * pulses,
        "viewer_pulses": pulses,
        "viewers_max": viewers + 5,
    }


def summarize(channel_id: str, started_ms: int, ended_ms: int, *, live: Rows, minutes: Rows, hours: Rows) -> Broadcast:
    return broadcasts.summarize(
        channel_id,
        started_ms,
        ended_ms,
        live=live,
        minutes=minutes,
        hours=hours,
        gaps=RecordedGaps(),
        broadcasts=Intervals([(started_ms, ended_ms)]),
    )


def test_minutes_outside_the_broadcast_are_ignored() -> None:
    inside = {START + n * MINUTE_MS: minute(100) for n in range(1, 71)}
    around = {START: minute(9_999, 500), END + MINUTE_MS: minute(9_999, 500)}
    result = summarize("7", START, END, live={}, minutes=inside | around, hours={})
    assert (result.messages, result.peak_viewers, result.mean_viewers) == (700, 105, 100)
    assert result.hours_watched == pytest.approx(100 * 70 / 60)
    assert result.coverage == 1


def test_mean_viewers_are_weighted_by_time() -> None:
    minutes = {START + MINUTE_MS: minute(100, pulses=60), START + 2 * MINUTE_MS: minute(400, pulses=20)}
    result = summarize("7", START, START + 2 * MINUTE_MS, live={}, minutes=minutes, hours={})
    assert result.mean_viewers == 175
    assert result.coverage == pytest.approx(80 / 120)


def test_the_time_with_known_viewers_comes_from_whole_minutes() -> None:
    started_ms, ended_ms = START + 40_000, START + 29 * MINUTE_MS + 20_000
    minutes = {START + n * MINUTE_MS: minute(100, pulses=50) for n in range(1, 31)}
    result = summarize("7", started_ms, ended_ms, live={}, minutes=minutes, hours={})
    assert (result.watched_ms, result.counted_ms) == (28 * 50_000, 28 * MINUTE_MS)
    early = summarize("7", START + 10_000, START + 2 * MINUTE_MS, live={}, minutes=minutes, hours={})
    assert (early.watched_ms, early.counted_ms) == (100_000, 110_000)


def test_values_without_windows_are_unknown() -> None:
    result = summarize("7", START, END, live={}, minutes={}, hours={})
    assert (result.messages, result.peak_viewers, result.mean_viewers, result.hours_watched) == (0, None, None, None)
    assert (result.coverage, result.chatters_by_hour, result.moments) == (0, {}, {})


def test_chatters_are_given_for_each_overlapping_hour() -> None:
    hours = {T + n * HOUR_MS: {"chatters": n} for n in range(5)}
    result = summarize("7", START, END, live={}, minutes={}, hours=hours)
    assert result.chatters_by_hour == {T + HOUR_MS: 1, T + 2 * HOUR_MS: 2}


def test_moments_are_the_highest_excitement_values_spaced_apart() -> None:
    live = {at: {"chatters": 50, "observed_ms": 30_000} for at in range(START - HOUR_MS, END + 1, STEP_MS["live"])}
    peaks = {START + n * 7 * MINUTE_MS: 100 + n * 10 for n in range(2, 9)}
    for at, chatters in peaks.items():
        live[at] = {"chatters": chatters, "observed_ms": 30_000}
        live[at + 30_000] = {"chatters": chatters - 1, "observed_ms": 30_000}
    live[END + 10_000] = {"chatters": 900, "observed_ms": 30_000}
    result = summarize("7", START, END, live=live, minutes={}, hours={})
    assert list(result.moments) == sorted(sorted(peaks, key=lambda at: -peaks[at])[:MOMENTS])
    assert all(value > 5 for value in result.moments.values())
