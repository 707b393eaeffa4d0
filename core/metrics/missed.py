"""Locates the missed time of a range that no recorded gap covers, to the resolution of the stored rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.pipeline.intervals import Intervals


@dataclass(frozen=True, slots=True)
class Part:
    """A row of a range, or an interval without rows, and how much of it was heard, missed and on air.

    `is_tracked`: the channel was tracked while it was not heard; otherwise it was only on air.
    """

    start_ms: int
    end_ms: int
    heard_ms: int
    missed_ms: int
    on_air_ms: int
    on_air_heard_ms: int
    is_tracked: bool = False


@dataclass(frozen=True, slots=True)
class MissedSpan:
    """An interval that was missed without a recorded gap; see Part."""

    from_ms: int
    until_ms: int
    is_tracked: bool


def missed_spans(parts: Iterable[Part], gaps: Intervals, broadcasts: Intervals) -> list[MissedSpan]:
    """Return the missed time of `parts`, which tile a range, outside recorded gaps.

    Rows store how much was missed, but not when. Missed time is placed at the start of its row if other missed time or
    a gap ends there, or if the row was partly heard and the row before it was not heard at all; otherwise, at the end.
    If the channel was not tracked, it is placed within broadcasts, provided that they are long enough.
    """
    spans: list[MissedSpan] = []
    before: Part | None = None
    for part in parts:
        missed_ms = part.missed_ms - gaps.overlap_ms(part.start_ms, part.end_ms)
        if missed_ms > 0:
            is_continued = (bool(spans) and spans[-1].until_ms == part.start_ms) or bool(
                gaps.overlap_ms(part.start_ms - 1, part.start_ms)
            )
            is_early = is_continued or (part.heard_ms > 0 and (before is None or not before.heard_ms))
            for from_ms, until_ms in _locate(part, missed_ms, gaps, broadcasts, is_early=is_early):
                _append(spans, MissedSpan(from_ms, until_ms, part.is_tracked))
        before = part
    return spans


def _locate(part: Part, missed_ms: int, gaps: Intervals, broadcasts: Intervals, *, is_early: bool) -> Intervals:
    """Return the first or last `missed_ms` of the time in a part that may have been missed."""
    free = Intervals([(part.start_ms, part.end_ms)]) - gaps
    on_air = free - (free - broadcasts)
    if not part.is_tracked and on_air.overlap_ms(part.start_ms, part.end_ms) >= missed_ms:
        free = on_air
    return free.first_ms(missed_ms) if is_early else free.last_ms(missed_ms)


def _append(spans: list[MissedSpan], span: MissedSpan) -> None:
    if spans and spans[-1].until_ms == span.from_ms and spans[-1].is_tracked == span.is_tracked:
        span = MissedSpan(spans.pop().from_ms, span.until_ms, span.is_tracked)
    spans.append(span)
