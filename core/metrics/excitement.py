"""Excitement: how unusual a channel's number of chatters is, compared with its past 15 minutes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from core.metrics.columns import LIVE_WINDOW_MS, Columns
from core.metrics.recent_windows import INTERVAL_MS, RecentWindows
from core.times import HOUR_MS

# Computed every INTERVAL_MS. A window is compared with the windows that ended 30, 60, … 900 s earlier, none of which
# overlap.
BASELINE_WINDOWS = 30
BASELINE_MS = BASELINE_WINDOWS * LIVE_WINDOW_MS
MIN_WINDOWS = 10

# Ranges up to this length have a mean and a peak of excitement, whatever grain a chart draws. Longer ones would need
# thousands of windows for every request: 16 ms of computation for 6 h, 93 ms for 24 h.
RANGE_MAX_MS = 6 * HOUR_MS

# A window needs this much time heard for its chatters to be comparable.
HEARD_MS = 0.95 * LIVE_WINDOW_MS
# Converts the median absolute deviation of a normal distribution to its standard deviation.
_MAD_TO_SIGMA = 1.4826
# Lower limit of the spread, because two more people in a tiny channel are not a moment.
_MIN_SPREAD = 3.0


def heard_chatters(columns: Columns) -> int | None:
    """Return the chatters of a window whose coverage is high enough for a comparison, else None."""
    return columns.get("chatters") if columns.get("observed_ms", 0) >= HEARD_MS else None


def excitement(chatters: int, past: Sequence[int]) -> float | None:
    """Return the number of spreads by which `chatters` exceeds the median of `past`, or None if `past` is too short.

    `past` contains the chatters of the channel's earlier windows that were heard. The spread is their median absolute
    deviation, scaled to a standard deviation, but no less than the square root of the median (pure chance) or 3.
    Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993 (the robust z-score).
    """
    if len(past) < MIN_WINDOWS:
        return None
    baseline = _median(sorted(past))
    spread = _MAD_TO_SIGMA * _median(sorted([abs(value - baseline) for value in past]))
    return (chatters - baseline) / max(spread, math.sqrt(baseline), _MIN_SPREAD)


def _median(ordered: Sequence[float]) -> float:
    """Return the median of sorted values; faster than `statistics`, because a day's chart needs 17,000 medians."""
    half = len(ordered) // 2
    return (ordered[half] + ordered[-half - 1]) / 2


def excitement_at(end_ms: int, chatters: Mapping[int, int]) -> float | None:
    """Return the excitement of the window that ends at `end_ms`; `chatters` is keyed by window end, in ms."""
    if end_ms % INTERVAL_MS or end_ms not in chatters:
        return None
    ends = range(end_ms - LIVE_WINDOW_MS, end_ms - BASELINE_MS - 1, -LIVE_WINDOW_MS)
    return excitement(chatters[end_ms], [count for count in map(chatters.get, ends) if count is not None])


def excitements(windows: Mapping[int, Columns]) -> dict[int, float]:
    """Return the excitement of a channel's live windows, where defined, by window end in ms."""
    heard = {end_ms: count for end_ms, columns in windows.items() if (count := heard_chatters(columns)) is not None}
    values = {end_ms: excitement_at(end_ms, heard) for end_ms in heard}
    return {end_ms: value for end_ms, value in values.items() if value is not None}


class RecentChatters:
    """Chatters of each channel's windows in the past 15 minutes, for live excitement."""

    def __init__(self) -> None:
        self._chatters = RecentWindows[int]()

    def add(self, channel_id: str, end_ms: int, columns: Columns) -> None:
        """Add a window; windows may be repeated and arrive in any order."""
        if (heard := heard_chatters(columns)) is not None:
            self._chatters.add(channel_id, end_ms, heard)

    def excitement(self, channel_id: str, end_ms: int) -> float | None:
        """Return a channel's excitement at `end_ms`, which is rounded down to 10 s."""
        return excitement_at(end_ms // INTERVAL_MS * INTERVAL_MS, self._chatters.of(channel_id))

    def prune(self, before_ms: int) -> None:
        """Drop windows that ended before `before_ms`; at most once per INTERVAL_MS."""
        self._chatters.prune(before_ms)
