"""Excitement: a channel's chatters compared with its baseline."""

from __future__ import annotations

import random

import pytest

from core.metrics.columns import LIVE_WINDOW_MS
from core.metrics.excitement import (
    BASELINE_MS,
    BASELINE_WINDOWS,
    MIN_WINDOWS,
    RecentChatters,
    excitement,
    excitement_at,
    heard_chatters,
)
from core.metrics.recent_windows import INTERVAL_MS

T = 1_795_400_010_000
HEARD = {"observed_ms": 30_000}


def test_a_typical_number_of_chatters_has_no_excitement() -> None:
    assert excitement(50, [48, 50, 52] * 10) == 0


def test_twice_the_baseline_is_far_above_random_variation() -> None:
    assert excitement(200, [100] * 30) == pytest.approx(10)


def test_a_volatile_channel_needs_a_larger_rise() -> None:
    calm, restless = [100, 101, 99] * 10, [40, 100, 160] * 10
    assert (excitement(160, calm) or 0) > 5 > (excitement(160, restless) or 0) > 0


def test_two_chatters_in_a_tiny_channel_are_not_a_moment() -> None:
    result = excitement(2, [0] * 30)
    assert result is not None
    assert result < 1


@pytest.mark.parametrize("short", range(MIN_WINDOWS))
def test_too_few_baseline_windows_give_no_value(short: int) -> None:
    assert excitement(9, [1] * short) is None
    assert excitement(9, [1] * MIN_WINDOWS) is not None


def test_only_windows_that_do_not_overlap_are_compared() -> None:
    ends = {T - n * LIVE_WINDOW_MS: 10 for n in range(1, BASELINE_WINDOWS + 1)}
    between = {T - INTERVAL_MS: 1_000, T - 2 * INTERVAL_MS: 1_000, T - BASELINE_MS - LIVE_WINDOW_MS: 1_000}
    assert excitement_at(T, {T: 13, **ends, **between}) == excitement(13, [10] * 30)


def test_windows_that_were_not_heard_are_ignored() -> None:
    assert heard_chatters({"chatters": 3, "observed_ms": 28_499}) is None
    assert heard_chatters({"chatters": 3, "observed_ms": 28_500}) == 3
    assert heard_chatters({"chatters": 3}) is None
    assert excitement_at(T, {T - n * LIVE_WINDOW_MS: 10 for n in range(1, 31)}) is None


def test_live_and_stored_windows_give_the_same_value() -> None:
    """Live windows arrive every 5 s, some twice and in any order within a batch; every other window is stored."""
    rng = random.Random(7)
    windows = [(T + n * 5_000, rng.randrange(200)) for n in range(400)]
    stored = {end_ms: chatters for end_ms, chatters in windows if end_ms % INTERVAL_MS == 0}
    past = RecentChatters()
    compared = 0
    for at in range(0, len(windows), 8):
        batch = windows[at : at + 8] + windows[at : at + 2]
        rng.shuffle(batch)
        for end_ms, chatters in batch:
            past.add("7", end_ms, {"chatters": chatters, **HEARD})
        for end_ms, _ in batch:
            live = past.excitement("7", end_ms)
            assert live == excitement_at(end_ms // INTERVAL_MS * INTERVAL_MS, stored)
            compared += live is not None
        past.prune(max(batch)[0] - BASELINE_MS - INTERVAL_MS)
    assert compared > 300


def test_old_windows_are_pruned_by_channel() -> None:
    past = RecentChatters()
    for n in range(MIN_WINDOWS + 1):
        past.add("7", T + n * LIVE_WINDOW_MS, {"chatters": 5, **HEARD})
    newest_ms = T + MIN_WINDOWS * LIVE_WINDOW_MS
    assert past.excitement("7", newest_ms) == 0
    assert past.excitement("8", newest_ms) is None
    past.prune(newest_ms)
    assert past.excitement("7", newest_ms) is None
