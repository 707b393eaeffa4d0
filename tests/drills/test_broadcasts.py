"""The check of broadcasts on `channel-events`."""

from __future__ import annotations

from core.irc.channel_events import END_WITHDRAWN, stream_end_id
from core.pipeline.records import EventRecord
from drills.broadcasts import event_errors

T = 1_795_399_200_000
MINUTE = 60_000


def start(at_ms: int = T) -> EventRecord:
    return EventRecord(f"7-stream_start-{at_ms}", "stream_start", "7", at_ms)


def end(at_ms: int, reported_ms: int, kind: str = "stream_end") -> EventRecord:
    return EventRecord(stream_end_id("7", T), kind, "7", at_ms, started_ms=T, reported_ms=reported_ms)


def test_a_withdrawn_end_is_not_an_error_whatever_the_order() -> None:
    first, withdrawal = end(T + MINUTE, T + 2 * MINUTE), end(T + MINUTE, T + 3 * MINUTE, END_WITHDRAWN)
    second = end(T + 5 * MINUTE, T + 6 * MINUTE)
    assert event_errors([start(), first, withdrawal], {"7": T}) == []
    assert event_errors([withdrawal, first, second, start()], {}) == []
    assert event_errors([start(), first, withdrawal, second], {"7": T + 9 * MINUTE}) == []


def test_two_ends_or_the_end_of_a_live_broadcast_are_errors() -> None:
    first, second = end(T + MINUTE, T + 2 * MINUTE), end(T + 5 * MINUTE, T + 6 * MINUTE)
    assert event_errors([first, second], {}) == [f"channel 7: the broadcast that started at {T} has 2 ends"]
    assert event_errors([first], {"7": T}) == [f"channel 7: the live broadcast that started at {T} has an end"]


def test_other_events_are_ignored() -> None:
    assert event_errors([EventRecord("r", "raid", "7", T, count=3)], {"7": T}) == []
