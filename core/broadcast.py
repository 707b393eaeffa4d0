"""What one broadcast came to: computed from its stored windows when it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.columns import LIVE_WINDOW_MS, Columns
from core.excitement import excitements
from core.times import HOUR_MS, MINUTE_MS

MOMENTS = 5
# Moments of one event are one moment.
APART_MS = 2 * MINUTE_MS

Rows = Mapping[int, Columns]


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast by its figures. What no window tells is None; `coverage` is 0 to 1.

    `chatters_by_hour` is by the end of each clock hour that it touches, counted over the whole hour; `moments` are
    the greatest excitements by the end of their window, as long as live windows were kept.
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

    @property
    def is_partly_heard(self) -> bool:
        """Whether its counts are lower bounds."""
        return self.coverage < 1


def summarise(channel_id: str, started_ms: int, ended_ms: int, *, live: Rows, minutes: Rows, hours: Rows) -> Broadcast:
    """Return the summary of a broadcast; the rows are by window end, and those outside of it do not count.

    A minute counts when most of it lies in the broadcast; hours watched are the mean viewers times its length.
    """
    inside = [columns for end_ms, columns in minutes.items() if started_ms < end_ms - MINUTE_MS // 2 <= ended_ms]
    length_ms = ended_ms - started_ms
    pulses = sum(columns.get("viewer_pulses", 0) for columns in inside)
    mean = sum(columns.get("viewers_sum", 0) for columns in inside) / pulses if pulses else None
    return Broadcast(
        channel_id,
        started_ms,
        ended_ms,
        messages=sum(columns.get("messages", 0) for columns in inside),
        coverage=min(1.0, sum(columns.get("observed_ms", 0) for columns in inside) / max(1, length_ms)),
        peak_viewers=max((columns["viewers_max"] for columns in inside if "viewers_max" in columns), default=None),
        mean_viewers=mean,
        hours_watched=None if mean is None else mean * length_ms / HOUR_MS,
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
    found = [
        (value, end_ms) for end_ms, value in excitements(live).items() if first_ms <= end_ms <= ended_ms and value > 0
    ]
    return dict(sorted(_apart(sorted(found, reverse=True))))


def _apart(found: Sequence[tuple[float, int]]) -> list[tuple[int, float]]:
    """Return the MOMENTS first that lie apart from each other."""
    taken: list[tuple[int, float]] = []
    for value, end_ms in found:
        if len(taken) < MOMENTS and all(abs(end_ms - other) >= APART_MS for other, _ in taken):
            taken.append((end_ms, value))
    return taken
