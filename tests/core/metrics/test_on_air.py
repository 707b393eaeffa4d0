"""Time on air that is known from broadcasts."""

from __future__ import annotations

from core.irc.channel_events import stream_end_id
from core.metrics.on_air import BROADCAST_MAX_MS, known_on_air
from core.pipeline.records import EventRecord
from core.times import HOUR_MS

T = 1_795_399_200_000


def start(at_ms: int, left_ms: int | None = None) -> EventRecord:
    return EventRecord(f"7-stream_start-{at_ms}", "stream_start", "7", at_ms, left_ms)


def end(started_ms: int, at_ms: int) -> EventRecord:
    return EventRecord(stream_end_id("7", started_ms), "stream_end", "7", at_ms)


def on_air_ms(ended: list[tuple[int, int]], events: list[EventRecord]) -> int:
    return known_on_air(ended, events, T + 10 * HOUR_MS).overlap_ms(0, T + 100 * HOUR_MS)


def test_a_broadcast_is_on_air_from_its_start_to_its_end() -> None:
    assert on_air_ms([], [start(T), end(T, T + HOUR_MS)]) == HOUR_MS
    # If a channel enters the list during a broadcast, the broadcast's start is known from its end event.
    assert on_air_ms([], [end(T - HOUR_MS, T + HOUR_MS)]) == 2 * HOUR_MS


def test_a_running_broadcast_is_on_air_until_the_end_of_the_range() -> None:
    assert on_air_ms([], [start(T)]) == 10 * HOUR_MS
    assert on_air_ms([], [start(T - 100 * HOUR_MS)]) == BROADCAST_MAX_MS


def test_a_broadcast_without_a_known_end_is_on_air_until_its_channel_leaves_the_list() -> None:
    assert on_air_ms([], [start(T, T + HOUR_MS)]) == HOUR_MS
    assert on_air_ms([], [start(T, T + HOUR_MS), end(T, T + 2 * HOUR_MS)]) == 2 * HOUR_MS


def test_a_broadcast_without_a_known_end_lasts_at_most_until_the_next_one() -> None:
    assert on_air_ms([(T + 2 * HOUR_MS, T + 3 * HOUR_MS)], [start(T), start(T + 2 * HOUR_MS)]) == 3 * HOUR_MS
    assert on_air_ms([], [start(T, T + 3 * HOUR_MS), start(T + HOUR_MS), end(T + HOUR_MS, T + 2 * HOUR_MS)]) == (
        2 * HOUR_MS
    )


def test_a_broadcast_that_begins_after_the_range_is_not_on_air_in_it() -> None:
    assert on_air_ms([], [start(T + 11 * HOUR_MS)]) == 0


def test_a_summary_supplies_an_end_that_is_missing_from_the_events() -> None:
    assert on_air_ms([(T, T + HOUR_MS)], [start(T)]) == HOUR_MS


def test_broadcasts_that_overlap_count_once() -> None:
    assert on_air_ms([(T, T + 2 * HOUR_MS)], [start(T + HOUR_MS), end(T + HOUR_MS, T + 3 * HOUR_MS)]) == 3 * HOUR_MS
