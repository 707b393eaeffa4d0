"""Recent board history, cached per web process: each channel's rank a minute ago and its last five minutes.

Each step is read from Redis once. Cached steps survive a flush of Redis, so open pages keep their sparklines.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass, field

from apps.metrics.board_history import RETENTION_MS, STEP_MS, PastValues
from apps.metrics.board_reader import BoardReader
from core.metrics.ranking import Entry, rank
from core.times import MINUTE_MS

# Interval at which a missing step is requested again.
RETRY_MS = 1_000
# Heights of a sparkline. They scale from 0 to the maximum of the five minutes, so that a small change appears small.
# GAP marks a step without a value.
LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"
GAP = "."
POINTS = RETENTION_MS // STEP_MS + 1


@dataclass(slots=True)
class _BoardHistory:
    """The steps of one board by window end, and the ranking and sparklines derived from them."""

    moments: dict[int, PastValues] = field(default_factory=dict)
    ranking: tuple[int, tuple[str, ...]] | None = None
    sparklines: dict[str, str] = field(default_factory=dict)
    requested_ms: int | None = None


class RecentHistory:
    """The cached steps of each open board, by board key: see core.metrics.windows.key_over."""

    def __init__(self, reader: BoardReader) -> None:
        self._reader = reader
        self._by_board: dict[str, _BoardHistory] = {}

    async def refresh(self, boards: Collection[str], newest_end_ms: int | None, now_ms: int) -> None:
        """Read new steps. Raises: ServiceUnavailable."""
        if newest_end_ms is None:
            return
        step_ms = newest_end_ms // STEP_MS * STEP_MS
        due = [board for board in boards if self._is_due(board, step_ms, now_ms)]
        if not due:
            return
        for board, steps in (await self._reader.steps(due)).items():
            history = self._by_board.setdefault(board, _BoardHistory())
            history.requested_ms = now_ms
            missing = [step for step in steps if step not in history.moments and step >= step_ms - RETENTION_MS]
            if missing:
                moments = await self._reader.past_values(board, missing)
                recent = {end: moment for end, moment in history.moments.items() if end >= step_ms - RETENTION_MS}
                history.moments, history.sparklines = recent | moments, {}

    def ranking(self, board: str, newest_end_ms: int | None) -> tuple[str, ...] | None:
        """Return the channels ranked a minute ago, highest rank first, or None if that step is not cached."""
        history = self._by_board.get(board)
        if history is None or newest_end_ms is None:
            return None
        step_ms = (newest_end_ms - MINUTE_MS) // STEP_MS * STEP_MS
        if step_ms not in history.moments:
            return None
        if history.ranking is None or history.ranking[0] != step_ms:
            ranked = history.moments[step_ms].ranked
            entries = (Entry(channel_id, value) for channel_id, value in ranked.items())
            history.ranking = step_ms, rank(entries, len(ranked))
        return history.ranking[1]

    def sparkline(self, board: str, channel_id: str) -> str:
        """Return a channel's last five minutes as LEVELS and GAPs, one per 10 s, oldest first, or "" without values."""
        history = self._by_board.get(board)
        if history is None or not history.moments:
            return ""
        if channel_id not in history.sparklines:
            newest_ms = max(history.moments)
            steps = range(newest_ms - RETENTION_MS, newest_ms + 1, STEP_MS)
            values = [history.moments[step].value(channel_id) if step in history.moments else None for step in steps]
            history.sparklines[channel_id] = sparkline_levels(values)
        return history.sparklines[channel_id]

    def _is_due(self, board: str, step_ms: int, now_ms: int) -> bool:
        history = self._by_board.get(board)
        if history is None or history.requested_ms is None:
            return True
        return step_ms not in history.moments and not 0 <= now_ms - history.requested_ms < RETRY_MS


def sparkline_levels(values: Sequence[float | None]) -> str:
    """Scale values to LEVELS, from 0 or from the lowest negative value; a missing value becomes GAP."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low = min(0.0, *known)
    span, top = max(0.0, *known) - low, len(LEVELS) - 1
    return "".join(
        GAP if value is None else LEVELS[round((value - low) / span * top) if span else 0] for value in values
    )


def positions(ranking: Sequence[str], eligible: Container[str] | None) -> dict[str, int]:
    """Return each channel's position among the eligible ones, from 1. If `eligible` is None, all are eligible."""
    channel_ids = ranking if eligible is None else [channel_id for channel_id in ranking if channel_id in eligible]
    return {channel_id: position for position, channel_id in enumerate(channel_ids, 1)}
