"""Intervals of the windows in a file. By default windows do not overlap, so that their counts may be summed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.metrics.queries import Point
from core.metrics.columns import STEP_MS, WINDOW_MS, StoredGrain


@dataclass(frozen=True, slots=True)
class Interval:
    """Windows of a stored grain, of which one ends every `step_ms`."""

    grain: StoredGrain
    step_ms: int

    @property
    def overlaps(self) -> bool:
        """Return whether a message is in more than one window."""
        return self.step_ms < WINDOW_MS[self.grain]

    def of(self, points: Iterable[Point]) -> list[Point]:
        """Return those of the stored windows that this interval has."""
        return [point for point in points if point.end_ms % self.step_ms == 0]


def apart(grain: StoredGrain) -> Interval:
    """Return the interval of windows of a grain that do not overlap."""
    return Interval(grain, WINDOW_MS[grain])


def stored(grain: StoredGrain) -> Interval:
    """Return the interval of all windows of a grain that are stored."""
    return Interval(grain, STEP_MS[grain])


INTERVALS: Mapping[str, Interval] = {
    "30s": apart("live"),
    "10s": stored("live"),
    "1m": apart("minute"),
    "1h": apart("hour"),
}
