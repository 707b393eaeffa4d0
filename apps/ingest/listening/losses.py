"""Intervals of dropped records by channel and reason, which become gaps."""

from __future__ import annotations

from core.pipeline.coverage import Gap
from core.pipeline.reasons import Loss


class Losses:
    """Remembers the first and last send time of dropped records until they are taken as gaps."""

    def __init__(self) -> None:
        self._intervals: dict[tuple[str, Loss], tuple[int, int]] = {}

    def add(self, channel_id: str, reason: Loss, at_ms: int) -> None:
        """Add a dropped record."""
        first, last = self._intervals.get((channel_id, reason), (at_ms, at_ms))
        self._intervals[channel_id, reason] = (min(first, at_ms), max(last, at_ms))

    def take(self) -> list[Gap]:
        """Remove and return the gaps."""
        gaps = [Gap(channel, first, last, reason) for (channel, reason), (first, last) in self._intervals.items()]
        self._intervals.clear()
        return gaps
