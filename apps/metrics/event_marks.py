"""Event marks of a chart: one mark per event, or the sum of frequent events over a span."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.irc.channel_events import SUMMED, label
from core.pipeline.records import EventRecord

# Kinds that get no mark on charts. Gaps are drawn as hatched areas instead.
UNMARKED = frozenset({"gap", "opt_out"})


@dataclass(frozen=True, slots=True)
class EventMark:
    """An event for display. A sum covers [`at_ms`, `until_ms`); other events happen at `at_ms`."""

    id: str
    at_ms: int
    until_ms: int | None
    kind: str
    count: int | None
    label: str


def event_marks(events: Iterable[EventRecord]) -> list[EventMark]:
    """Return the marks of stored events, in the same order."""
    return [
        EventMark(
            event.id,
            event.at_ms,
            event.until_ms if event.kind in SUMMED else None,
            event.kind,
            event.count,
            _label(event),
        )
        for event in events
        if event.kind not in UNMARKED
    ]


def merge_sums(marks: Iterable[EventMark], step_ms: int) -> list[EventMark]:
    """Return `marks` in chronological order, with sums merged per kind and `step_ms`; other marks are unchanged."""
    sums: dict[tuple[str, int], int] = {}
    merged = []
    for mark in marks:
        if mark.kind in SUMMED:
            key = (mark.kind, mark.at_ms // step_ms * step_ms)
            sums[key] = sums.get(key, 0) + (mark.count or 0)
        else:
            merged.append(mark)
    merged += [_sum(kind, at_ms, step_ms, count) for (kind, at_ms), count in sums.items()]
    return sorted(merged, key=lambda mark: (mark.at_ms, mark.id))


def merge_sums_before(marks: Iterable[EventMark], step_ms: int, until_ms: int) -> list[EventMark]:
    """Return `marks` with sums before `until_ms` merged; later marks are unchanged."""
    marks = list(marks)
    earlier = merge_sums((mark for mark in marks if mark.at_ms < until_ms), step_ms)
    return earlier + [mark for mark in marks if mark.at_ms >= until_ms]


def _label(event: EventRecord) -> str:
    return label(event.kind, event.count, event.text)


def _sum(kind: str, at_ms: int, step_ms: int, count: int) -> EventMark:
    return EventMark(f"{kind}@{at_ms}", at_ms, at_ms + step_ms, kind, count, label(kind, count, ""))
