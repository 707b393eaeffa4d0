"""Event marks and gaps of a chart, from stored events."""

from __future__ import annotations

from apps.metrics.event_marks import EventMark, event_marks, merge_sums, merge_sums_before
from apps.metrics.gaps import GapSpan, merge_gaps
from core.pipeline.records import EventRecord

T = 1_795_392_000_000
MINUTE_MS = 60_000


def summed(kind: str, minute: int, count: int) -> EventMark:
    return EventMark(f"{kind}{minute}", T + minute * MINUTE_MS + 7, T + minute * MINUTE_MS + 9, kind, count, "")


def test_events_become_labeled_marks_except_gaps_and_opt_outs() -> None:
    events = [
        EventRecord("a", "raid", "7", T, count=1_200),
        EventRecord("b", "gap", "7", T, T + 1, "restart"),
        EventRecord("c", "category", "7", T + 5, text="Chess"),
        EventRecord("d", "opt_out", "7", T + 6),
    ]
    assert event_marks(events) == [
        EventMark("a", T, None, "raid", 1_200, "Raid: 1,200 viewers"),
        EventMark("c", T + 5, None, "category", None, "Category: Chess"),
    ]


def test_sums_of_a_kind_are_merged_and_events_are_not() -> None:
    raid = EventMark("r", T + MINUTE_MS, None, "raid", 5, "Raid: 5 viewers")
    marks = merge_sums([summed("bans", 0, 2), raid, summed("bans", 4, 3), summed("bans", 5, 1)], 5 * MINUTE_MS)
    assert [(mark.at_ms, mark.kind, mark.count, mark.label) for mark in marks] == [
        (T, "bans", 5, "Bans: 5"),
        (T + MINUTE_MS, "raid", 5, "Raid: 5 viewers"),
        (T + 5 * MINUTE_MS, "bans", 1, "Bans: 1"),
    ]
    assert marks[0].until_ms == T + 5 * MINUTE_MS


def test_recent_sums_are_not_merged() -> None:
    raw = [summed("bans", 0, 2), summed("bans", 1, 3), summed("bans", 3, 4)]
    merged = merge_sums_before(raw, 5 * MINUTE_MS, T + 2 * MINUTE_MS)
    assert [(mark.id, mark.count) for mark in merged] == [(f"bans@{T}", 5), ("bans3", 4)]
    assert merge_sums(merged, 5 * MINUTE_MS) == merge_sums(raw, 5 * MINUTE_MS)


def test_adjacent_gaps_with_the_same_reason_are_merged() -> None:
    parts = [
        GapSpan(0, 60, "lost"),
        GapSpan(60, 120, "lost"),
        GapSpan(120, 130, "restart"),
        GapSpan(200, 210, "restart"),
    ]
    assert merge_gaps(parts) == [GapSpan(0, 120, "lost"), GapSpan(120, 130, "restart"), GapSpan(200, 210, "restart")]
