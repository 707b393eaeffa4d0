"""When a broadcast is summed up, and what that keeps from being committed."""

from __future__ import annotations

from itertools import permutations

from confluent_kafka import TopicPartition

from apps.metrics.summaries import Summaries
from core.irc.channel_events import END_WITHDRAWN
from core.pipeline.records import EventRecord, WindowRecord
from core.times import HOUR_MS, MINUTE_MS

T = 1_795_399_200_000
ENDED = T + 10 * MINUTE_MS + 5_000


def end(channel_id: str = "7", at_ms: int = ENDED, reported_ms: int | None = None) -> EventRecord:
    return EventRecord(f"end-{channel_id}", "stream_end", channel_id, at_ms, started_ms=T, reported_ms=reported_ms)


def withdrawal(reported_ms: int) -> EventRecord:
    return EventRecord("withdrawal-7", END_WITHDRAWN, "7", ENDED, started_ms=T, reported_ms=reported_ms)


def place(offset: int, partition: int = 0) -> TopicPartition:
    return TopicPartition("channel-events", partition, offset)


def minute(end_ms: int) -> WindowRecord:
    return WindowRecord("1", "minute", end_ms - MINUTE_MS, end_ms, {})


def held(summaries: Summaries, offset: int = 90) -> int:
    return summaries.held(place(offset)).offset


def test_a_broadcast_is_summed_up_when_its_minutes_are_there_and_again_when_its_hour_is() -> None:
    summaries = Summaries()
    summaries.take(end(), place(40))
    times = []
    for at_ms in range(T, T + 2 * HOUR_MS, MINUTE_MS):
        summaries.stored([minute(at_ms)])
        for ended in summaries.due(lambda _: True):
            times.append(at_ms)
            summaries.done(ended)
    assert times == [T + 12 * MINUTE_MS, T + 61 * MINUTE_MS]
    assert summaries.waiting == []


def test_a_channel_whose_own_windows_lag_is_waited_for_but_not_for_ever() -> None:
    summaries = Summaries()
    summaries.take(end(), place(40))
    summaries.stored([minute(T + 20 * MINUTE_MS)])
    assert list(summaries.due(lambda _: False)) == []
    assert [ended.channel_id for ended in summaries.due(lambda ended: ended.channel_id == "7")] == ["7"]
    summaries.stored([minute(T + 27 * MINUTE_MS)])
    assert [ended.channel_id for ended in summaries.due(lambda _: False)] == ["7"]


def test_nothing_past_an_end_that_waits_is_committed() -> None:
    summaries = Summaries()
    assert held(summaries) == 90
    summaries.take(end(), place(40))
    summaries.take(end("8"), place(55))
    assert held(summaries) == 40
    assert summaries.held(place(70, partition=1)).offset == 70
    summaries.stored([minute(T + 3 * HOUR_MS)])
    for _ in range(2):
        for ended in summaries.due(lambda _: True):
            summaries.done(ended)
    assert held(summaries) == 90


def test_an_end_that_is_told_again_waits_once() -> None:
    summaries = Summaries()
    summaries.take(end(), place(40))
    summaries.take(end(at_ms=ENDED + 1), place(41))
    assert [(ended.ended_ms, ended.place.offset) for ended in summaries.waiting] == [(ENDED + 1, 41)]


def test_an_end_that_is_withdrawn_waits_no_longer() -> None:
    summaries = Summaries()
    summaries.take(end(reported_ms=ENDED + 1), place(40))
    summaries.take(end("8"), place(45))
    summaries.take(withdrawal(ENDED + 2), place(50))
    assert [ended.channel_id for ended in summaries.waiting] == ["8"]
    assert held(summaries) == 45


def test_of_ends_and_withdrawals_of_a_broadcast_the_last_reported_is_right_in_any_order() -> None:
    records = [end(reported_ms=ENDED + 1), withdrawal(ENDED + 2), end(at_ms=ENDED + 9, reported_ms=ENDED + 10)]
    for order in permutations(records):
        summaries = Summaries()
        for offset, record in enumerate(order):
            summaries.take(record, place(offset))
        assert [ended.ended_ms for ended in summaries.waiting] == [ENDED + 9], order


def test_other_events_and_ends_without_a_beginning_are_none() -> None:
    summaries = Summaries()
    summaries.take(EventRecord("x", "raid", "7", T, count=3), place(1))
    summaries.take(EventRecord("x", "stream_end", "7", T), place(2))
    assert summaries.waiting == []


def test_what_another_sink_has_now_is_forgotten() -> None:
    summaries = Summaries()
    summaries.take(end(), place(40))
    summaries.take(end("8"), place(50, partition=1))
    summaries.forget([place(0)])
    assert [ended.channel_id for ended in summaries.waiting] == ["8"]
