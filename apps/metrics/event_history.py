"""The events of a time range, including its gaps, read in chunks for API pages and export files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from apps.metrics import queries
from apps.metrics.event_marks import EventMark
from apps.metrics.gaps import GapSpan, merge_gaps
from core.irc.event_ids import EventIds
from core.pipeline.intervals import Span
from core.times import DAY_MS, HOUR_MS

# A busy channel has about 60,000 events in this time.
CHUNK_MS = 31 * DAY_MS
# Each read starts this much earlier, because the computed position of missed time depends on missed time in preceding
# rows.
BEFORE_MS = DAY_MS

Position = tuple[int, str]
# Returns the marks and the gaps in [from_ms, until_ms], in chronological order.
Reader = Callable[[int, int], tuple[list[EventMark], list[GapSpan]]]


def stored_events(
    channel_id: str, from_ms: int, until_ms: int, now_ms: int, after: Position | None = None
) -> Iterator[list[EventMark]]:
    """Yield the stored events of a channel: see `event_batches`. Raises: ServiceUnavailable."""
    read = partial(queries.marks_and_gaps, channel_id, now_ms=now_ms)
    return event_batches(channel_id, read, from_ms, until_ms, after)


def event_batches(
    channel_id: str, read: Reader, from_ms: int, until_ms: int, after: Position | None = None
) -> Iterator[list[EventMark]]:
    """Yield the events in [from_ms, until_ms], or those after a position, in chronological order, one batch per chunk.

    A gap that lasts beyond the end of its chunk is in the batch of the chunk in which it ends, and so are the events
    after its start. Chunks do not depend on `after`, so pages with the same `from_ms` are cut from the same events.
    """
    marks: list[EventMark] = []
    gaps: list[GapSpan] = []
    for begin_ms, next_ms in _chunks(from_ms, until_ms, after):
        chunk_marks, chunk_gaps = read(max(from_ms, begin_ms - BEFORE_MS), min(until_ms, next_ms - 1))
        if begin_ms > from_ms:
            chunk_marks = [mark for mark in chunk_marks if mark.at_ms >= begin_ms]
            chunk_gaps = _since(chunk_gaps, begin_ms)
        marks += chunk_marks
        gaps = merge_gaps([*gaps, *chunk_gaps])
        open_ms = next_ms
        if next_ms <= until_ms:
            open_ms = min([next_ms, *(gap.from_ms for gap in gaps if gap.until_ms >= next_ms)])
        events = events_of(
            channel_id,
            [mark for mark in marks if mark.at_ms < open_ms],
            [gap for gap in gaps if gap.from_ms < open_ms],
        )
        yield [event for event in events if after is None or (event.at_ms, event.id) > after]
        marks = [mark for mark in marks if mark.at_ms >= open_ms]
        gaps = [gap for gap in gaps if gap.from_ms >= open_ms]


def events_of(channel_id: str, marks: Sequence[EventMark], gaps: Sequence[GapSpan]) -> list[EventMark]:
    """Return a channel's marks and gaps as events, in chronological order."""
    ids = EventIds(CHUNK_MS)
    gap_events = [
        EventMark(ids.next(channel_id, "gap", g.from_ms), g.from_ms, g.until_ms, "gap", None, g.reason) for g in gaps
    ]
    return sorted([*marks, *gap_events], key=lambda event: (event.at_ms, event.id))


def _chunks(from_ms: int, until_ms: int, after: Position | None) -> Iterator[Span]:
    """Yield the start of each chunk and of the following chunk, from the first one that does not end before `after`.

    All chunks except the first begin on a whole hour, so no stored row is in two of them.
    """
    begin_ms = from_ms
    while begin_ms <= until_ms:
        next_ms = begin_ms // HOUR_MS * HOUR_MS + CHUNK_MS
        # If `after` is at the start of a chunk, a gap may extend into it from the previous one; that remainder is not
        # an event.
        if after is None or after[0] <= next_ms:
            yield begin_ms, next_ms
        begin_ms = next_ms


def _since(gaps: Sequence[GapSpan], begin_ms: int) -> list[GapSpan]:
    """Return the parts of gaps after a given time."""
    return [
        replace(gap, from_ms=max(gap.from_ms, begin_ms))
        for gap in gaps
        if gap.from_ms >= begin_ms or gap.until_ms > begin_ms
    ]
