"""Schedule of broadcast summaries, and the commits that wait for them."""

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


def position(offset: int, partition: int = 0) -> TopicPartition:
    return TopicPartition("channel-events", partition, offset)


def minute(end_ms: int) -> WindowRecord:
    return WindowRecord("1", "minute", end_ms - MINUTE_MS, end_ms, {})


def committable(summaries: Summaries, offset: int = 90) -> int:
    return summaries.committable(position(offset)).offset


def test_a_broadcast_is_summarized_after_its_last_minute_and_again_after_its_last_hour() -> None:
    summaries = Summaries()
    summaries.add(end(), position(40))
    times = []
    for at_ms in range(T, T + 2 * HOUR_MS, MINUTE_MS):
        summaries.windows_stored([minute(at_ms)])
        for ended in summaries.due(lambda _: True):
            times.append(at_ms)
            summaries.mark_done(ended)
    assert times == [T + 12 * MINUTE_MS, T + 61 * MINUTE_MS]
    assert summaries.waiting == []


def test_late_windows_of_a_channel_are_awaited_for_a_limited_time() -> None:
    summaries = Summaries()
    summaries.add(end(), position(40))
    summaries.windows_stored([minute(T + 20 * MINUTE_MS)])
    assert list(summaries.due(lambda _: False)) == []
    assert [ended.channel_id for ended in summaries.due(lambda ended: ended.channel_id == "7")] == ["7"]
    summaries.windows_stored([minute(T + 27 * MINUTE_MS)])
    assert [ended.channel_id for ended in summaries.due(lambda _: False)] == ["7"]


def test_offsets_after_an_end_that_is_still_waiting_are_not_committed() -> None:
    summaries = Summaries()
    assert committable(summaries) == 90
    summaries.add(end(), position(40))
    summaries.add(end("8"), position(55))
    assert committable(summaries) == 40
    assert summaries.committable(position(70, partition=1)).offset == 70
    summaries.windows_stored([minute(T + 3 * HOUR_MS)])
    for _ in range(2):
        for ended in summaries.due(lambda _: True):
            summaries.mark_done(ended)
    assert committable(summaries) == 90


def test_an_end_that_is_reported_again_is_awaited_once() -> None:
    summaries = Summaries()
    summaries.add(end(), position(40))
    summaries.add(end(at_ms=ENDED + 1), position(41))
    assert [(ended.ended_ms, ended.position.offset) for ended in summaries.waiting] == [(ENDED + 1, 41)]


def test_a_withdrawn_end_no_longer_waits() -> None:
    summaries = Summaries()
    summaries.add(end(reported_ms=ENDED + 1), position(40))
    summaries.add(end("8"), position(45))
    summaries.add(withdrawal(ENDED + 2), position(50))
    assert [ended.channel_id for ended in summaries.waiting] == ["8"]
    assert committable(summaries) == 45


def test_the_latest_reported_end_or_withdrawal_wins_whatever_the_order() -> None:
    records = [end(reported_ms=ENDED + 1), withdrawal(ENDED + 2), end(at_ms=ENDED + 9, reported_ms=ENDED + 10)]
    for order in permutations(records):
        summaries = Summaries()
        for offset, record in enumerate(order):
            summaries.add(record, position(offset))
        assert [ended.ended_ms for ended in summaries.waiting] == [ENDED + 9], order


def test_ends_without_a_start_and_events_of_other_kinds_are_ignored() -> None:
    summaries = Summaries()
    summaries.add(EventRecord("x", "raid", "7", T, count=3), position(1))
    summaries.add(EventRecord("x", "stream_end", "7", T), position(2))
    assert summaries.waiting == []


def test_broadcasts_of_revoked_partitions_are_dropped() -> None:
    summaries = Summaries()
    summaries.add(end(), position(40))
    summaries.add(end("8"), position(50, partition=1))
    summaries.drop([position(0)])
    assert [ended.channel_id for ended in summaries.waiting] == ["8"]
