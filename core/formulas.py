"""The formulas of core/metrics.py, over the columns of one window, and the floors that keep a value off its board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.columns import LIVE_WINDOW_MS, Columns
from core.times import MINUTE_MS

VIEWERS_UNKNOWN = "viewers are unknown"

# Takes a window's columns and its length in ms; None where there is no data.
Value = Callable[[Columns, int], float | None]


@dataclass(frozen=True, slots=True)
class Floors:
    """Below these a value is shown but not ranked."""

    min_viewers: int = 100
    min_messages: int = 10
    min_chatters: int = 10


# Says why a window may not be ranked, or None.
Unranked = Callable[[Columns, Floors], str | None]


def _viewers_for_rate(columns: Columns, window_ms: int) -> float | None:
    """Live windows use the last known viewers (the original formula), longer ones their mean."""
    if window_ms == LIVE_WINDOW_MS:
        return columns.get("viewers")
    pulses = columns.get("viewer_pulses", 0)
    return columns["viewers_sum"] / pulses if pulses else None


def per_minute_per_thousand(columns: Columns, window_ms: int) -> float | None:
    """The original formula in a live window; longer windows go by observed time and mean viewers."""
    viewers = _viewers_for_rate(columns, window_ms)
    messages = columns.get("messages")
    span_ms = window_ms if window_ms == LIVE_WINDOW_MS else columns.get("observed_ms", 0)
    if messages is None or not viewers or not span_ms:
        return None
    return messages * (MINUTE_MS / span_ms) / (viewers / 1000)


def per_30s(name: str) -> Value:
    """The count itself in a live window; longer windows are brought to 30 s of observed time."""

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
    """The percentage of the messages that `name` counts."""
    return per_messages(name, 100)


def per_messages(name: str, of: int) -> Value:
    def value(columns: Columns, _window_ms: int) -> float | None:
        messages = columns.get("messages", 0)
        return of * columns[name] / messages if messages and name in columns else None

    return value


def repetition(columns: Columns, _window_ms: int) -> float | None:
    # Messages without a single text are those of a producer that did not hash texts yet.
    messages, texts = columns.get("messages", 0), columns.get("texts", 0)
    return 100 * (1 - texts / messages) if messages and texts else None


def coverage(columns: Columns, window_ms: int) -> float:
    """Return the share of the window during which we were joined, 0 to 1."""
    return min(1.0, columns.get("observed_ms", 0) / window_ms)


def always(_columns: Columns, _floors: Floors) -> str | None:
    return None


def knows_viewers(columns: Columns, _floors: Floors) -> str | None:
    return None if "viewers" in columns else VIEWERS_UNKNOWN


def needs_viewers(columns: Columns, floors: Floors) -> str | None:
    if "viewers" not in columns:
        return VIEWERS_UNKNOWN
    return f"needs {floors.min_viewers:,} viewers" if columns["viewers"] < floors.min_viewers else None


def needs_messages(columns: Columns, floors: Floors) -> str | None:
    floor = floors.min_messages
    return f"needs {floor} messages in 30 s" if columns.get("messages", 0) < floor else None


def needs_chatters(columns: Columns, floors: Floors) -> str | None:
    floor = floors.min_chatters
    return f"needs {floor} chatters in 30 s" if columns.get("chatters", 0) < floor else None
