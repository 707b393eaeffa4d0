"""Time ranges of charts, exports and API responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from apps.metrics.past_progress import recorded_since_ms
from core.metrics.columns import STEP_MS, StoredGrain
from core.metrics.excitement import RANGE_MAX_MS
from core.metrics.grains import RETENTION_MS, grain_for
from core.pipeline.intervals import Span
from core.times import DAY_MS, HOUR_MS, MINUTE_MS


@dataclass(frozen=True, slots=True)
class Range:
    """A range of a chart that ends at `until_ms`, or now if `until_ms` is None.

    `merge_ms` is the span over which frequent events are summed, `grain` the stored grain of the points. A range
    between two given times has no key. `has_live` is whether the 30-second windows of the whole range are stored,
    regardless of the grain.
    """

    key: str
    label: str
    span_ms: int
    merge_ms: int
    grain: StoredGrain
    has_live: bool
    until_ms: int | None = None

    @property
    def is_short(self) -> bool:
        """Return whether peaks come from 30-second windows; otherwise they come from minutes."""
        return self.has_live and self.span_ms <= SHORT_MS

    @property
    def has_excitement(self) -> bool:
        """Return whether excitement over the range is defined."""
        return self.has_live and self.span_ms <= RANGE_MAX_MS

    @property
    def step_ms(self) -> int:
        """The distance between points in ms."""
        return STEP_MS[self.grain]

    def bounds(self, now_ms: int) -> Span:
        """Return the start and the end. A range up to now ends at the last whole step, or minute if steps are longer.

        Charts, exports and API responses thus have the same windows, and an entity tag is stable until a new window.
        """
        step_ms = min(self.step_ms, MINUTE_MS)
        until_ms = now_ms // step_ms * step_ms if self.until_ms is None else self.until_ms
        return until_ms - self.span_ms, until_ms

    def event_bounds(self, now_ms: int) -> Span:
        """Return the times of the first and the last possible event, which need not be multiples of a step.

        The end of a range up to now is not rounded. Its start is not rounded if a caller gave it.
        """
        from_ms, until_ms = self.bounds(now_ms)
        if self.until_ms is not None:
            return from_ms, until_ms
        return (from_ms if self.key else now_ms - self.span_ms), now_ms


RANGES: Mapping[str, Range] = {
    key: Range(key, label, span_ms, merge_ms, grain_for(0, span_ms, span_ms), span_ms <= RETENTION_MS["live"])
    for key, label, span_ms, merge_ms in (
        ("10m", "10 min", 10 * MINUTE_MS, MINUTE_MS),
        ("1h", "1 h", HOUR_MS, 5 * MINUTE_MS),
        ("6h", "6 h", 6 * HOUR_MS, 15 * MINUTE_MS),
        ("24h", "24 h", DAY_MS, 30 * MINUTE_MS),
        ("7d", "7 d", 7 * DAY_MS, 6 * HOUR_MS),
        ("90d", "90 d", 90 * DAY_MS, 3 * DAY_MS),
    )
}
# Peaks of ranges up to this long come from 30-second windows; peaks of longer ranges come from the busiest minute.
SHORT_MS = 30 * MINUTE_MS


def named_range(key: str, now_ms: int) -> Range:
    """Return the range up to now with this key of RANGES."""
    return _as_recorded(RANGES[key], now_ms)


def past_range(from_ms: int, until_ms: int, now_ms: int) -> Range:
    """Return the range between two times, with the finest grain that is still stored."""
    span_ms = until_ms - from_ms
    merge_ms = next((known.merge_ms for known in RANGES.values() if known.span_ms >= span_ms), 3 * DAY_MS)
    grain, has_live = grain_for(from_ms, until_ms, now_ms), from_ms >= now_ms - RETENTION_MS["live"]
    return _as_recorded(Range("", between(from_ms, until_ms), span_ms, merge_ms, grain, has_live, until_ms), now_ms)


def _as_recorded(chosen: Range, now_ms: int) -> Range:
    """Return the range, with minutes if it begins in a simulated past, which has no 30-second windows."""
    if not chosen.has_live or chosen.bounds(now_ms)[0] >= recorded_since_ms():
        return chosen
    return replace(chosen, grain="minute" if chosen.grain == "live" else chosen.grain, has_live=False)


def between(from_ms: int, until_ms: int) -> str:
    """Return the start and the end of a range as text, in UTC."""
    since, until = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (from_ms, until_ms))
    day = "" if since.date() == until.date() else f"{until:%-d %b %Y} "
    return f"{since:%-d %b %Y %H:%M} to {day}{until:%H:%M}"
