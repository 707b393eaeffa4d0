"""What happened to a channel, as a chart marks it: one event a mark, or the sum of the frequent ones over a span."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.irc.channel_events import SUMMED, label
from core.pipeline.records import EventRecord

# These say nothing that a chart shows as a mark: gaps are drawn as gaps.
UNMARKED = frozenset({"gap", "opt_out"})


@dataclass(frozen=True, slots=True)
class EventMark:
    """An event for people to read. A sum covers [`at_ms`, `until_ms`); the others happen at `at_ms`."""

    id: str
    at_ms: int
    until_ms: int | None
    kind: str
    count: int | None
    label: str


def marks_of(events: Iterable[EventRecord]) -> list[EventMark]:
    """Return the marks of stored events, in their order."""
    return [
        EventMark(event.id, event.at_ms, event.until_ms, event.kind, event.count, _written(event))
        for event in events
        if event.kind not in UNMARKED
    ]


def merged(marks: Iterable[EventMark], step_ms: int) -> list[EventMark]:
    """Return `marks` with one sum a kind and span of `step_ms`, by time; what is no sum stays as it is."""
    sums: dict[tuple[str, int], int] = {}
    kept = []
    for mark in marks:
        if mark.kind in SUMMED:
            key = (mark.kind, mark.at_ms // step_ms * step_ms)
            sums[key] = sums.get(key, 0) + (mark.count or 0)
        else:
            kept.append(mark)
    kept += [_sum(kind, at_ms, step_ms, count) for (kind, at_ms), count in sums.items()]
    return sorted(kept, key=lambda mark: (mark.at_ms, mark.id))


def condensed(marks: Iterable[EventMark], step_ms: int, until_ms: int) -> list[EventMark]:
    """Return `marks` with those before `until_ms` merged and the later ones as they are."""
    marks = list(marks)
    earlier = merged((mark for mark in marks if mark.at_ms < until_ms), step_ms)
    return earlier + [mark for mark in marks if mark.at_ms >= until_ms]


def _written(event: EventRecord) -> str:
    return label(event.kind, event.count, event.text)


def _sum(kind: str, at_ms: int, step_ms: int, count: int) -> EventMark:
    return EventMark(f"{kind}@{at_ms}", at_ms, at_ms + step_ms, kind, count, label(kind, count, ""))
