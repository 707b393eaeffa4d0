"""Reads the events of a time range in pages, in chunks of days until a page is full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from apps.metrics.event_marks import EventMark
from apps.metrics.gaps import GapSpan
from core.irc.event_ids import EventIds
from core.times import DAY_MS

# A busy channel has about 60,000 events in this time.
CHUNK_MS = 31 * DAY_MS

Position = tuple[int, str]
# Returns the marks and the gaps in [from_ms, until_ms], by time.
Reader = Callable[[int, int], tuple[list[EventMark], list[GapSpan]]]


def read_events(
    channel_id: str, read: Reader, from_ms: int, until_ms: int, after: Position | None, count: int
) -> list[EventMark]:
    """Return the first `count` events in [from_ms, until_ms] by time, or the first ones after a position."""
    begin_ms = from_ms if after is None else max(from_ms, after[0])
    marks: list[EventMark] = []
    gaps: list[GapSpan] = []
    events: list[EventMark] = []
    first_ms = begin_ms
    while begin_ms <= until_ms and len(events) < count:
        end_ms = min(until_ms, begin_ms + CHUNK_MS - 1)
        chunk_marks, chunk_gaps = read(begin_ms, end_ms)
        marks += chunk_marks
        for gap in chunk_gaps:
            # A gap that began in an earlier chunk is read again, for the part inside this one.
            if not _extend_last_gap(gaps, gap) and (begin_ms == first_ms or gap.from_ms >= begin_ms):
                gaps.append(gap)
        events = [
            event for event in events_of(channel_id, marks, gaps) if after is None or (event.at_ms, event.id) > after
        ]
        begin_ms = end_ms + 1
    return events[:count]


def events_of(channel_id: str, marks: Sequence[EventMark], gaps: Sequence[GapSpan]) -> list[EventMark]:
    """Return a channel's marks and gaps as events, by time."""
    ids = EventIds(CHUNK_MS)
    gap_events = [
        EventMark(ids.next(channel_id, "gap", g.from_ms), g.from_ms, g.until_ms, "gap", None, g.reason) for g in gaps
    ]
    return sorted([*marks, *gap_events], key=lambda event: (event.at_ms, event.id))


def _extend_last_gap(gaps: list[GapSpan], gap: GapSpan) -> bool:
    """Merge a gap into the last one with the same reason if they overlap; return whether they did."""
    last = next((i for i in reversed(range(len(gaps))) if gaps[i].reason == gap.reason), None)
    if last is None or gap.from_ms > gaps[last].until_ms:
        return False
    gaps[last] = replace(gaps[last], until_ms=max(gaps[last].until_ms, gap.until_ms))
    return True
