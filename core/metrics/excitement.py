"""How unusual it is that so many write now: a channel against its own past quarter of an hour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from core.metrics.columns import LIVE_WINDOW_MS, Columns

# Computed at the windows that history keeps, against those that ended 30, 60, … 900 s earlier: none overlaps another.
EVERY_MS = 10_000
PAST_WINDOWS = 30
PAST_MS = PAST_WINDOWS * LIVE_WINDOW_MS
FEWEST = 10

# A window that was heard less than this share of says too little of how many write.
HEARD_MS = 0.95 * LIVE_WINDOW_MS
# What makes the median absolute deviation of a normal distribution its standard deviation.
_MAD_TO_SIGMA = 1.4826
# A usual spread is never taken to be less: two people more in a tiny room are no event.
_LEAST_SPREAD = 3.0


def heard_chatters(columns: Columns) -> int | None:
    """Return the chatters of a window that was heard well enough to compare, else None."""
    return columns.get("chatters") if columns.get("observed_ms", 0) >= HEARD_MS else None


def excitement(chatters: int, past: Sequence[int]) -> float | None:
    """Return by how many usual spreads `chatters` lies above the median of `past`; None while that is too short.

    `past` is the chatters of the channel's earlier windows that were heard. The spread is their median absolute
    deviation as a standard deviation, at least the square root of the median (what chance alone gives) and 3.
    Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993 (the robust z-score).
    """
    if len(past) < FEWEST:
        return None
    usual = _middle(sorted(past))
    spread = _MAD_TO_SIGMA * _middle(sorted([abs(value - usual) for value in past]))
    return (chatters - usual) / max(spread, math.sqrt(usual), _LEAST_SPREAD)


def _middle(ordered: Sequence[float]) -> float:
    """Return the median of what is in order: a day's chart asks for 17,000."""
    half = len(ordered) // 2
    return (ordered[half] + ordered[-half - 1]) / 2


def excitement_at(end_ms: int, chatters: Mapping[int, int]) -> float | None:
    """Return the excitement of the window that ends at `end_ms`; `chatters` is by window end, in ms."""
    if end_ms % EVERY_MS or end_ms not in chatters:
        return None
    ends = range(end_ms - LIVE_WINDOW_MS, end_ms - PAST_MS - 1, -LIVE_WINDOW_MS)
    return excitement(chatters[end_ms], [count for count in map(chatters.get, ends) if count is not None])


def excitements(windows: Mapping[int, Columns]) -> dict[int, float]:
    """Return the excitement of each of a channel's live windows that has one; both are by window end, in ms."""
    heard = {end_ms: count for end_ms, columns in windows.items() if (count := heard_chatters(columns)) is not None}
    found = {end_ms: excitement_at(end_ms, heard) for end_ms in heard}
    return {end_ms: value for end_ms, value in found.items() if value is not None}


class Past:
    """The chatters of each channel's windows of the past quarter of an hour, for those who follow them live."""

    def __init__(self) -> None:
        self._chatters: dict[str, dict[int, int]] = {}
        self._pruned_ms = 0

    def take(self, channel_id: str, end_ms: int, columns: Columns) -> None:
        """Note a window; windows may come again, and in any order."""
        if not end_ms % EVERY_MS and (heard := heard_chatters(columns)) is not None:
            self._chatters.setdefault(channel_id, {})[end_ms] = heard

    def excitement(self, channel_id: str, end_ms: int) -> float | None:
        """Return a channel's excitement at `end_ms`, or at the 10th second before it."""
        return excitement_at(end_ms // EVERY_MS * EVERY_MS, self._chatters.get(channel_id, {}))

    def forget(self, before_ms: int) -> None:
        """Forget what ended earlier; done once per EVERY_MS, however often it is asked for."""
        if before_ms < self._pruned_ms + EVERY_MS:
            return
        self._pruned_ms = before_ms
        for channel_id, ends in list(self._chatters.items()):
            for end_ms in [end_ms for end_ms in ends if end_ms < before_ms]:
                del ends[end_ms]
            if not ends:
                del self._chatters[channel_id]
