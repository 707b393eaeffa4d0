"""Summary of one broadcast, computed from its stored windows after it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.metrics import ranges
from core.metrics.columns import LIVE_WINDOW_MS, Columns
from core.metrics.excitement import excitements
from core.metrics.lower_bounds import LowerBounds
from core.metrics.ranges import VIEWERS_COVERAGE_MIN, Row, hours_watched, whole_minutes
from core.metrics.table import METRIC
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import HOUR_MS, MINUTE_MS

MOMENTS = 5
# Peaks closer than this belong to the same moment.
MOMENTS_APART_MS = 2 * MINUTE_MS

Rows = Mapping[int, Columns]


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Figures of a broadcast; None means unknown.

    `coverage` is the share of its time on air that was heard, 0 to 1. `viewers_coverage` is the share of its time on
    air with a known viewer count, None if that share was not recorded; `hours_watched` sums only the seconds with a
    known count. `chatters_by_hour` is keyed by the end of each clock hour that overlaps the broadcast, and counts the
    whole hour. `moments` are the highest excitement values by window end, from the live windows that were still stored.
    """

    channel_id: str
    started_ms: int
    ended_ms: int
    messages: int
    coverage: float
    peak_viewers: int | None = None
    mean_viewers: float | None = None
    hours_watched: float | None = None
    chatters_by_hour: Mapping[int, int] = field(default_factory=dict)
    moments: Mapping[int, float] = field(default_factory=dict)
    viewers_coverage: float | None = None

    @property
    def lower_bounds(self) -> LowerBounds:
        """Return which figures are lower bounds."""
        return LowerBounds.of_shares(heard=self.coverage, viewers_known=self.watched_coverage)

    @property
    def heard_messages(self) -> int | None:
        """Return the messages, or None if nothing was heard."""
        return self.messages if self.coverage else None

    @property
    def has_viewers(self) -> bool:
        """Return whether any viewer figure is known."""
        return self.peak_viewers is not None or self.watched is not None

    @property
    def watched(self) -> float | None:
        """Return the hours watched, or None if viewer counts are known for too little of the broadcast."""
        return None if self.watched_coverage < VIEWERS_COVERAGE_MIN else self.hours_watched

    @property
    def watched_coverage(self) -> float:
        """Return the share of the broadcast that is included in `hours_watched`.

        Versions up to 0.3 did not record this share, because they multiplied the mean viewers by the length. For their
        broadcasts, return the share heard.
        """
        return self.coverage if self.viewers_coverage is None else self.viewers_coverage

    @property
    def counted_ms(self) -> int:
        """Return how long the broadcast was on air within the whole minutes from which its figures are computed."""
        first_ms, last_ms = whole_minutes(self.started_ms, self.ended_ms)
        return max(0, min(self.ended_ms, last_ms) - max(self.started_ms, first_ms))

    @property
    def watched_ms(self) -> int:
        """Return the part of `counted_ms` that the hours watched cover."""
        return round(self.watched_coverage * self.counted_ms)


def summarize(
    channel_id: str,
    started_ms: int,
    ended_ms: int,
    *,
    live: Rows,
    minutes: Rows,
    hours: Rows,
    gaps: RecordedGaps,
    broadcasts: Intervals,
) -> Broadcast:
    """Return the summary of a broadcast from rows by window end; rows outside the broadcast are ignored.

    Its figures equal those of the range that spans its whole minutes. `broadcasts` includes this one.
    """
    first_ms, last_ms = whole_minutes(started_ms, ended_ms)
    inside = [
        Row(end_ms - MINUTE_MS, MINUTE_MS, columns)
        for end_ms, columns in sorted(minutes.items())
        if first_ms < end_ms <= last_ms
    ]
    figures = ranges.summarize(inside, gaps, broadcasts, first_ms, last_ms)
    peak = figures.peaks.get("viewers")
    return Broadcast(
        channel_id,
        started_ms,
        ended_ms,
        messages=figures.sums.get("messages", 0),
        coverage=figures.coverage_on_air or 0.0,
        peak_viewers=None if peak is None else round(peak.value),
        mean_viewers=figures.value(METRIC["viewers"]),
        hours_watched=hours_watched(figures.sums),
        viewers_coverage=figures.viewers_known_on_air or 0.0,
        chatters_by_hour=_chatters_by_hour(started_ms, ended_ms, hours),
        moments=_moments(started_ms, ended_ms, live),
    )


def _chatters_by_hour(started_ms: int, ended_ms: int, hours: Rows) -> dict[int, int]:
    return {
        end_ms: columns["chatters"]
        for end_ms, columns in sorted(hours.items())
        if "chatters" in columns and end_ms > started_ms and end_ms - HOUR_MS < ended_ms
    }


def _moments(started_ms: int, ended_ms: int, live: Rows) -> dict[int, float]:
    first_ms = started_ms + LIVE_WINDOW_MS
    peaks = [
        (value, end_ms) for end_ms, value in excitements(live).items() if first_ms <= end_ms <= ended_ms and value > 0
    ]
    return dict(sorted(_spaced_apart(sorted(peaks, reverse=True))))


def _spaced_apart(peaks: Sequence[tuple[float, int]]) -> list[tuple[int, float]]:
    """Return the first MOMENTS peaks that are at least MOMENTS_APART_MS apart."""
    moments: list[tuple[int, float]] = []
    for value, end_ms in peaks:
        if len(moments) < MOMENTS and all(abs(end_ms - other) >= MOMENTS_APART_MS for other, _ in moments):
            moments.append((end_ms, value))
    return moments
