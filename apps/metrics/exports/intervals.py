"""Intervals of exported windows. By default, windows do not overlap, so that counts may be summed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.metrics.queries import Point
from core.metrics.columns import STEP_MS, WINDOW_MS, StoredGrain


@dataclass(frozen=True, slots=True)
class Interval:
    """Windows of a stored grain, one of which ends every `step_ms`."""

    grain: StoredGrain
    step_ms: int

    @property
    def overlaps(self) -> bool:
        """Return whether a message is in more than one window."""
        return self.step_ms < WINDOW_MS[self.grain]

    def of(self, points: Iterable[Point]) -> list[Point]:
        """Return the stored windows that belong to this interval."""
        return [point for point in points if point.end_ms % self.step_ms == 0]


def non_overlapping(grain: StoredGrain) -> Interval:
    """Return the interval of non-overlapping windows of a grain."""
    return Interval(grain, WINDOW_MS[grain])


def stored(grain: StoredGrain) -> Interval:
    """Return the interval of all stored windows of a grain."""
    return Interval(grain, STEP_MS[grain])


INTERVALS: Mapping[str, Interval] = {
    "30s": non_overlapping("live"),
    "10s": stored("live"),
    "1m": non_overlapping("minute"),
    "1h": non_overlapping("hour"),
}
