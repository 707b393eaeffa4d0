"""The drill's check of broadcasts on `channel-events`."""

from __future__ import annotations

from core.irc.channel_events import END_WITHDRAWN, stream_end_id
from core.pipeline.records import EventRecord
from drills.broadcasts import wrong_events

T = 1_795_399_200_000
MINUTE = 60_000


def start(at_ms: int = T) -> EventRecord:
    return EventRecord(f"7-stream_start-{at_ms}", "stream_start", "7", at_ms)


def end(at_ms: int, reported_ms: int, kind: str = "stream_end") -> EventRecord:
    return EventRecord(stream_end_id("7", T), kind, "7", at_ms, started_ms=T, reported_ms=reported_ms)


def test_a_withdrawn_end_is_no_problem_whatever_the_order() -> None:
    first, withdrawal = end(T + MINUTE, T + 2 * MINUTE), end(T + MINUTE, T + 3 * MINUTE, END_WITHDRAWN)
    second = end(T + 5 * MINUTE, T + 6 * MINUTE)
    assert wrong_events([start(), first, withdrawal], {"7": T}) == []
    assert wrong_events([withdrawal, first, second, start()], {}) == []
    assert wrong_events([start(), first, withdrawal, second], {"7": T + 9 * MINUTE}) == []


def test_two_ends_and_the_end_of_a_live_broadcast_are_problems() -> None:
    first, second = end(T + MINUTE, T + 2 * MINUTE), end(T + 5 * MINUTE, T + 6 * MINUTE)
    assert wrong_events([first, second], {}) == [f"channel 7: 2 ends of the broadcast of {T}"]
    assert wrong_events([first], {"7": T}) == [f"channel 7: the broadcast of {T} has an end and is live"]


def test_other_events_are_left_out() -> None:
    assert wrong_events([EventRecord("r", "raid", "7", T, count=3)], {"7": T}) == []
