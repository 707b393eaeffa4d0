"""Events and gaps of a range are the same in one read, in chunks and in pages, and each is listed once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

import pytest

from apps.metrics import queries
from apps.metrics.chart_ranges import past_range
from apps.metrics.event_history import BEFORE_MS, CHUNK_MS, Position, Reader, event_batches, events_of, stored_events
from apps.metrics.event_marks import EventMark
from apps.metrics.gaps import NOT_HEARD, GapSpan
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.missed_history import MissedStore

START = 1_790_000_000_000
EDGE = START // HOUR_MS * HOUR_MS + CHUNK_MS
END = EDGE + 9 * DAY_MS
NOW = END + DAY_MS


class Store:
    """Reads events like the history store: a gap is in every range that it overlaps within a day after its start."""

    def __init__(self, marks: list[EventMark], gaps: list[GapSpan]) -> None:
        self.marks, self.gaps = marks, gaps
        self.reads = 0

    def read(self, from_ms: int, until_ms: int) -> tuple[list[EventMark], list[GapSpan]]:
        self.reads += 1
        marks = [mark for mark in self.marks if from_ms <= mark.at_ms <= until_ms]
        gaps = [gap for gap in self.gaps if from_ms - DAY_MS <= gap.from_ms <= until_ms and gap.until_ms >= from_ms]
        return marks, gaps


def first(read: Reader, until_ms: int, after: Position | None, count: int) -> list[EventMark]:
    return list(islice(chain.from_iterable(event_batches("7", read, START, until_ms, after)), count))


def pages(read: Reader, until_ms: int, limit: int) -> list[EventMark]:
    """Return all events, read page by page as a client would."""
    events: list[EventMark] = []
    after: Position | None = None
    while True:
        page = first(read, until_ms, after, limit + 1)
        events += page[:limit]
        if len(page) <= limit:
            return events
        after = page[limit - 1].at_ms, page[limit - 1].id


@pytest.mark.parametrize("limit", [1, 7, 50, 200])
def test_pages_over_90_days_contain_every_event_once(limit: int) -> None:
    marks = [EventMark(f"raid-{n}", START + n * 7 * HOUR_MS, None, "raid", 5, "Raid") for n in range(300)]
    gaps = [
        GapSpan(START + DAY_MS, START + DAY_MS + 60_000, "joining"),
        GapSpan(EDGE - HOUR_MS, EDGE + HOUR_MS, "restart"),
        GapSpan(EDGE + 2 * DAY_MS, EDGE + 2 * DAY_MS + 1, "joining"),
    ]
    events = pages(Store(marks, gaps).read, START + 90 * DAY_MS, limit)
    assert [event.id for event in events if event.kind == "raid"] == [mark.id for mark in marks]
    assert [(event.at_ms, event.until_ms) for event in events if event.kind == "gap"] == [
        (gap.from_ms, gap.until_ms) for gap in gaps
    ]
    assert [(event.at_ms, event.id) for event in events] == sorted((event.at_ms, event.id) for event in events)


def test_a_page_reads_only_the_chunks_it_needs() -> None:
    marks = [EventMark(f"raid-{n}", START + n * HOUR_MS, None, "raid", 5, "Raid") for n in range(300)]
    store = Store(marks, [])
    first(store.read, START + 90 * DAY_MS, None, 51)
    assert store.reads == 1


# Missed and untracked spans, and the gaps that are expected.
AROUND_AN_EDGE: dict[str, tuple[Sequence[Span], Sequence[Span], Sequence[Span]]] = {
    "over the edge": ([(EDGE - 77 * MINUTE_MS, EDGE + 320 * MINUTE_MS)], [], [(-77, 320)]),
    "up to the edge": ([(EDGE - 30 * MINUTE_MS, EDGE)], [], [(-30, 0)]),
    "from the edge": ([(EDGE, EDGE + 90 * MINUTE_MS)], [], [(0, 90)]),
    "soon after the edge": ([(EDGE + 20 * MINUTE_MS, EDGE + 120 * MINUTE_MS)], [], [(20, 120)]),
    "until not tracked": (
        [(EDGE - 180 * MINUTE_MS, EDGE + 40 * MINUTE_MS)],
        [(EDGE + 40 * MINUTE_MS, EDGE + 600 * MINUTE_MS)],
        [(-180, 40)],
    ),
    "on each side": (
        [(EDGE - 90 * MINUTE_MS, EDGE - 10 * MINUTE_MS), (EDGE + 10 * MINUTE_MS, EDGE + 70 * MINUTE_MS)],
        [],
        [(-90, -10), (10, 70)],
    ),
}


@pytest.mark.parametrize("case", AROUND_AN_EDGE)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_missed_time_at_the_edge_of_a_chunk_is_the_same_gap_as_in_one_read(
    monkeypatch: pytest.MonkeyPatch, case: str, limit: int
) -> None:
    missed, untracked, expected = AROUND_AN_EDGE[case]
    # The ids of the raids sort before those of gaps.
    raids = [EventRecord(f"0-raid-{n}", "raid", "7", EDGE + n * 50 * MINUTE_MS, None, "") for n in range(-3, 4)]
    store = MissedStore(missed, untracked, raids)
    monkeypatch.setattr(queries, "WindowStore", lambda: store)
    spans = [(EDGE + from_min * MINUTE_MS, EDGE + until_min * MINUTE_MS) for from_min, until_min in expected]
    whole = queries.series("7", past_range(START, END, NOW), NOW)
    assert [(gap.from_ms, gap.until_ms, gap.reason) for gap in whole.gaps] == [(*span, NOT_HEARD) for span in spans]
    events = list(chain.from_iterable(stored_events("7", START, END, NOW)))
    assert events == events_of("7", whole.marks, whole.gaps)
    assert len(whole.marks) == len(raids)
    assert pages(lambda from_ms, until_ms: queries.marks_and_gaps("7", from_ms, until_ms, NOW), END, limit) == events


def test_a_missed_span_is_not_split_at_chunk_boundaries(monkeypatch: pytest.MonkeyPatch) -> None:
    until_ms = EDGE + 2 * CHUNK_MS
    store = MissedStore([(EDGE - DAY_MS, until_ms - DAY_MS)])
    monkeypatch.setattr(queries, "WindowStore", lambda: store)
    (gap,) = chain.from_iterable(stored_events("7", START, until_ms, until_ms + DAY_MS))
    assert (gap.at_ms, gap.until_ms, gap.label) == (EDGE - DAY_MS, until_ms - DAY_MS, NOT_HEARD)


def test_a_full_page_reads_the_next_chunk_only_for_a_gap_that_lasts_into_it() -> None:
    raid = EventMark("raid-1", EDGE - HOUR_MS, None, "raid", 5, "Raid")
    for gap_from_ms, reads in ((EDGE - 2 * HOUR_MS, 2), (EDGE - 3 * DAY_MS, 1)):
        store = Store([raid], [GapSpan(gap_from_ms, gap_from_ms + 2 * HOUR_MS, NOT_HEARD)])
        (event,) = first(store.read, START + 90 * DAY_MS, None, 1)
        assert (event.kind, store.reads) == ("gap", reads)


def test_chunks_after_the_first_are_read_with_the_time_just_before_them() -> None:
    spans: list[Span] = []

    def read(from_ms: int, until_ms: int) -> tuple[list[EventMark], list[GapSpan]]:
        spans.append((from_ms, until_ms))
        return [], []

    assert first(read, END, None, 1) == []
    assert spans == [(START, EDGE - 1), (EDGE - BEFORE_MS, END)]


def test_gaps_that_start_in_the_same_millisecond_have_different_ids() -> None:
    gaps = [
        GapSpan(START, START + 5_000, "the channel was being joined"),
        GapSpan(START, START + 900, "more messages arrived than could be buffered"),
    ]
    events = [*events_of("7", [], gaps), *events_of("8", [], gaps)]
    assert len({event.id for event in events}) == 4
    assert {event.id for event in events_of("7", [], gaps)} == {event.id for event in events[:2]}
