"""Reads the events of a span in pages, as many days at a time as a page needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from apps.metrics.event_marks import EventMark
from apps.metrics.queries import GapSpan
from core.irc.event_ids import EventIds
from core.times import DAY_MS

# A busy channel has some 60,000 events in so long.
PIECE_MS = 31 * DAY_MS

Position = tuple[int, str]
# Returns the marks and the gaps of [from_ms, until_ms], by time.
Read = Callable[[int, int], tuple[list[EventMark], list[GapSpan]]]


def read_events(
    channel_id: str, read: Read, from_ms: int, until_ms: int, after: Position | None, count: int
) -> list[EventMark]:
    """Return the first `count` events of [from_ms, until_ms], by time, or of those after a position."""
    begin_ms = from_ms if after is None else max(from_ms, after[0])
    marks: list[EventMark] = []
    gaps: list[GapSpan] = []
    found: list[EventMark] = []
    first_ms = begin_ms
    while begin_ms <= until_ms and len(found) < count:
        end_ms = min(until_ms, begin_ms + PIECE_MS - 1)
        more, more_gaps = read(begin_ms, end_ms)
        marks += more
        for gap in more_gaps:
            # A gap that began in an earlier piece is read again, as far as it lasts into this one.
            if not _continue(gaps, gap) and (begin_ms == first_ms or gap.from_ms >= begin_ms):
                gaps.append(gap)
        found = [
            event for event in events_of(channel_id, marks, gaps) if after is None or (event.at_ms, event.id) > after
        ]
        begin_ms = end_ms + 1
    return found[:count]


def events_of(channel_id: str, marks: Sequence[EventMark], gaps: Sequence[GapSpan]) -> list[EventMark]:
    """Return a channel's events with its gaps among them, by time."""
    ids = EventIds(PIECE_MS)
    unheard = [
        EventMark(ids.next(channel_id, "gap", g.from_ms), g.from_ms, g.until_ms, "gap", None, g.reason) for g in gaps
    ]
    return sorted([*marks, *unheard], key=lambda event: (event.at_ms, event.id))


def _continue(gaps: list[GapSpan], gap: GapSpan) -> bool:
    """Extend the last gap of the same reason by one that overlaps it, and tell whether there was one."""
    place = next((at for at in reversed(range(len(gaps))) if gaps[at].reason == gap.reason), None)
    if place is None or gap.from_ms > gaps[place].until_ms:
        return False
    gaps[place] = replace(gaps[place], until_ms=max(gaps[place].until_ms, gap.until_ms))
    return True
