"""Formulas of the metric table over the columns of one window, and the ranking thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.metrics.windows import (
    BOARD_WINDOW_LABEL,
    BOARD_WINDOW_MS,
    DEFAULT_WINDOW,
    LIVE_WINDOW_MS,
    BoardWindow,
    Columns,
)
from core.times import MINUTE_MS

VIEWERS_UNKNOWN = "viewer counts are unknown"
# Coverage at or above this counts as complete. It is displayed as 100.0%, and counts are not lower bounds.
COMPLETE_FROM = 0.9995

# Takes a window's columns and its length in ms, and returns None if there is no data.
Value = Callable[[Columns, int], float | None]


@dataclass(frozen=True, slots=True)
class RankingThresholds:
    """Minimums for ranking; values below them are shown but not ranked. `window` is the window length as text."""

    min_viewers: int = 100
    min_messages: int = 10
    min_chatters: int = 10
    window: str = BOARD_WINDOW_LABEL[DEFAULT_WINDOW]

    def over(self, window: BoardWindow) -> RankingThresholds:
        """Return the thresholds of boards over a window: 5-minute ratios need ten times the messages of 30-second ones.

        The minimum is absolute, so it also applies to a channel that was heard for only part of the window.
        """
        times = BOARD_WINDOW_MS[window] // LIVE_WINDOW_MS
        return replace(self, min_messages=self.min_messages * times, window=BOARD_WINDOW_LABEL[window])


# Returns why a window is not ranked, or None.
Unranked = Callable[[Columns, RankingThresholds], str | None]


def viewers(columns: Columns, window_ms: int) -> float | None:
    """Return the last known viewers of a live window (the original formula), or the mean of a longer one."""
    if window_ms == LIVE_WINDOW_MS:
        return columns.get("viewers")
    return _ratio(columns.get("viewers_sum", 0), columns.get("viewer_pulses", 0))


def per_minute_per_thousand(columns: Columns, window_ms: int) -> float | None:
    """Return messages per minute per 1,000 viewers.

    Live windows use their length and last known viewers (the original formula). Longer ones use the time heard and the
    mean viewers of the minutes that have both observed time and a viewer count; hour rows store those sums.
    """
    if window_ms == LIVE_WINDOW_MS:
        messages, span_ms, watching = columns.get("messages"), window_ms, viewers(columns, window_ms)
    else:
        messages, span_ms = _engaged(columns, "messages"), _engaged(columns, "observed_ms")
        watching = _ratio(_engaged(columns, "viewers_sum"), _engaged(columns, "viewer_pulses"))
    return _engagement(messages, span_ms, watching)


def per_minute_per_thousand_of_windows(columns: Columns, _window_ms: int) -> float | None:
    """Return messages per minute heard per 1,000 viewers, from the sums in core/metrics/five_minutes.py.

    The viewer count is the mean of each window's newest count. The sums include only windows that were heard and have a
    viewer count.
    """
    watching = _ratio(columns.get("engaged_viewers", 0), columns.get("engaged_windows", 0))
    return _engagement(columns.get("engaged_messages", 0), columns.get("engaged_observed_ms", 0), watching)


def _engagement(messages: int | None, span_ms: int, watching: float | None) -> float | None:
    if messages is None or not watching or not span_ms:
        return None
    return messages * (MINUTE_MS / span_ms) / (watching / 1000)


def _engaged(columns: Columns, name: str) -> int:
    whole, engaged = columns.get(name, 0), columns.get(f"engaged_{name}", 0)
    return engaged if "heard_minutes" in columns else whole


def _ratio(total: float, count: int) -> float | None:
    return total / count if count else None


def chatters_per_minute(columns: Columns, _window_ms: int) -> float | None:
    """Return the mean chatters per minute, over minutes heard for 50% or more."""
    return _ratio(columns.get("minute_chatters", 0), columns.get("heard_minutes", 0))


def per_30s(name: str) -> Value:
    """Return a formula: the count in a live window, or the count per 30 s of observed time in a longer one."""

    def value(columns: Columns, window_ms: int) -> float | None:
        if name not in columns:
            return None
        if window_ms == LIVE_WINDOW_MS:
            return columns[name]
        observed_ms = columns.get("observed_ms", 0)
        return columns[name] * LIVE_WINDOW_MS / observed_ms if observed_ms else None

    return value


def words_per_message(columns: Columns, _window_ms: int) -> float | None:
    messages = columns.get("messages", 0)
    return columns["words"] / messages if messages and "words" in columns else None


def share(name: str) -> Value:
    """Return a formula: the percentage of messages that the column `name` counts."""
    return per_messages(name, 100)


def per_messages(name: str, of: int) -> Value:
    def value(columns: Columns, _window_ms: int) -> float | None:
        messages = columns.get("messages", 0)
        return of * columns[name] / messages if messages and name in columns else None

    return value


def repetition(columns: Columns, _window_ms: int) -> float | None:
    # Messages without texts come from an old producer, which did not hash texts.
    messages, texts = columns.get("messages", 0), columns.get("texts", 0)
    return 100 * (1 - texts / messages) if messages and texts else None


def coverage(columns: Columns, window_ms: int) -> float:
    """Return the share of the window in which the channel was joined, 0 to 1."""
    return min(1.0, columns.get("observed_ms", 0) / window_ms)


def is_complete(share: float) -> bool:
    """Return whether a share of time, 0 to 1, counts as complete. The milliseconds that joining takes are ignored."""
    return share >= COMPLETE_FROM


def always(_columns: Columns, _thresholds: RankingThresholds) -> str | None:
    return None


def knows_viewers(columns: Columns, _thresholds: RankingThresholds) -> str | None:
    return None if "viewers" in columns else VIEWERS_UNKNOWN


def needs_viewers(columns: Columns, thresholds: RankingThresholds) -> str | None:
    if "viewers" not in columns:
        return VIEWERS_UNKNOWN
    return f"needs {thresholds.min_viewers:,} viewers" if columns["viewers"] < thresholds.min_viewers else None


def needs_messages(columns: Columns, thresholds: RankingThresholds) -> str | None:
    minimum = thresholds.min_messages
    return f"needs {minimum:,} messages in {thresholds.window}" if columns.get("messages", 0) < minimum else None


def needs_chatters(columns: Columns, thresholds: RankingThresholds) -> str | None:
    minimum = thresholds.min_chatters
    return f"needs {minimum:,} chatters in {thresholds.window}" if columns.get("chatters", 0) < minimum else None
