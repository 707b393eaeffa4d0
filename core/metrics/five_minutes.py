"""Columns of 5-minute ratios: the sums of ten live windows that do not overlap.

A 5-minute ratio is its formula applied to these sums, never a mean of ratios. It is computed every 10 s. Missing
windows and time that was not heard lower the coverage, which is the time heard / 5 min.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.metrics.columns import COLUMNS, RECOUNTED
from core.metrics.recent_windows import RecentWindows
from core.metrics.windows import FIVE_MINUTES_MS, LIVE_WINDOW_MS, Columns
from core.pipeline.records import WindowRecord

# Distinct people cannot be summed.
_ROLLS = {c.name: c.roll for c in COLUMNS if c.grains & {"live", "live_distinct"} and c.roll is not RECOUNTED}


def sum_windows(windows: Sequence[Columns]) -> dict[str, int]:
    """Return the columns of several live windows of a channel, oldest first; values that no window has are absent.

    `viewers` is the newest known count. `engaged_…` are sums over the windows that were heard and have a viewer count.
    """
    known = {name: [columns[name] for columns in windows if name in columns] for name in _ROLLS}
    sums = {name: _ROLLS[name].reference(values) for name, values in known.items() if values}
    engaged = [columns for columns in windows if columns.get("observed_ms") and "viewers" in columns]
    if engaged:
        sums["engaged_windows"] = len(engaged)
        sums["engaged_messages"] = sum(columns.get("messages", 0) for columns in engaged)
        sums["engaged_observed_ms"] = sum(columns["observed_ms"] for columns in engaged)
        sums["engaged_viewers"] = sum(columns["viewers"] for columns in engaged)
    return sums


def five_minutes(end_ms: int, windows: Mapping[int, Columns]) -> dict[str, int]:
    """Return the columns of the 5 min up to `end_ms`; `windows` are a channel's live windows by end, in ms."""
    ends = range(end_ms - FIVE_MINUTES_MS + LIVE_WINDOW_MS, end_ms + 1, LIVE_WINDOW_MS)
    return sum_windows([windows[window_end_ms] for window_end_ms in ends if window_end_ms in windows])


class RecentColumns:
    """Columns of each channel's live windows in the past five minutes."""

    def __init__(self) -> None:
        self._windows = RecentWindows[Columns]()

    def add(self, window: WindowRecord) -> None:
        """Add a window of the grain `live` or `live_distinct`; windows may be repeated and arrive in any order."""
        self._windows.add((window.grain, window.channel_id), window.end_ms, window.columns)

    def five_minutes(self, window: WindowRecord) -> WindowRecord:
        """Return the 5-minute window with the same end as an added window; the end is a multiple of 10 s."""
        columns = five_minutes(window.end_ms, self._windows.of((window.grain, window.channel_id)))
        return replace(window, start_ms=window.end_ms - FIVE_MINUTES_MS, columns=columns)

    def prune(self, before_ms: int) -> None:
        """Drop windows that ended before `before_ms`; at most once per INTERVAL_MS."""
        self._windows.prune(before_ms)
