"""What the pages read of history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apps.metrics.store import WindowStore
from core.metrics import WINDOW_MS, Grain, coverage, values_of


@dataclass(frozen=True, slots=True)
class Range:
    """A span that a chart can show, and the stored grain it is drawn from."""

    key: str
    label: str
    span_ms: int
    grain: Grain
    step_ms: int


RANGES: Mapping[str, Range] = {
    "10m": Range("10m", "10 min", 600_000, "live", 10_000),
    "1h": Range("1h", "1 h", 3_600_000, "live", 10_000),
    "24h": Range("24h", "24 h", 86_400_000, "minute", 60_000),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One window's metrics. `coverage` is 0 to 1; a metric without data is absent."""

    end_ms: int
    coverage: float
    values: Mapping[str, float]


GAP_REASONS: Mapping[str, str] = {
    "joining": "the channel was being joined",
    "restart": "the listener was restarted",
    "disconnected": "the connection to Twitch was lost",
    "overflow": "more came than could be kept",
    "delivery": "messages did not reach Kafka",
    "handover": "another listener took over",
    "unwanted": "the channel had left the list",
}


@dataclass(frozen=True, slots=True)
class GapSpan:
    """An interval in which the channel was not, or not surely, listened to; `reason` is for people to read."""

    from_ms: int
    until_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Series:
    """A channel's history over a range, oldest first."""

    range: Range
    points: list[Point]
    gaps: list[GapSpan]


def series(channel_id: str, range_key: str, now_ms: int) -> Series:
    """Return the channel's history up to `now_ms`. Raises: KeyError for an unknown range; ServiceAway."""
    chosen = RANGES[range_key]
    store = WindowStore()
    from_ms = now_ms - chosen.span_ms
    window_ms = WINDOW_MS[chosen.grain]
    points = [
        Point(window.end_ms, coverage(window.columns, window_ms), values_of(window.columns, window_ms))
        for window in store.read_windows(chosen.grain, channel_id, from_ms, now_ms)
    ]
    gaps = [
        GapSpan(event.at_ms, event.until_ms, GAP_REASONS.get(event.reason, event.reason))
        for event in store.read_events(channel_id, from_ms, now_ms)
        if event.kind == "gap" and event.until_ms is not None
    ]
    return Series(chosen, points, gaps)
