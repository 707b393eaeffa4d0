"""The Kafka writer with an unreachable broker: unwritten records become gaps."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer

from apps.ingest.listening.writer import RETURN_AFTER_S, STALL_LIMIT_S, UNAVAILABLE_AFTER_S, ProducerStalled, Writer
from core.pipeline.coverage import Gap
from core.pipeline.reasons import Loss
from core.pipeline.unstamped import UnstampedRecord
from drills.stack import wait_until
from twitchly.kafka import MESSAGE_TIMEOUT_MS

NOW = 1_795_400_000_000


class Clock:
    """A monotonic clock in seconds that moves only when a test moves it."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def unreachable_producer(**config: Any) -> Producer:
    """Return a producer whose broker refuses connections (port 9 of loopback)."""
    return Producer({"bootstrap.servers": "127.0.0.1:9", "message.timeout.ms": 500, "log_level": 0, **config})


def writer_to(producer: Producer, *, limit: int = 1_000, clock: Clock | None = None) -> Writer:
    writer = Writer(
        producer,
        name="p",
        limit=limit,
        now_ms=lambda: NOW,
        hash_key=lambda _day: b"k" * 32,
        running_s=clock or Clock(),
    )
    writer.own({0: NOW})
    return writer


def unreachable_writer(limit: int = 1_000, **config: Any) -> Writer:
    return writer_to(unreachable_producer(**config), limit=limit)


def message(sent_ms: int, channel_id: str = "7") -> UnstampedRecord:
    fields = {"kind": "message", "channel_id": channel_id, "sent_ms": sent_ms, "id": str(sent_ms), "text": ""}
    return UnstampedRecord(0, sent_ms, fields, "42")


def step_until(writer: Writer, condition: Callable[[], bool]) -> None:
    """Step until the condition holds; on a busy machine, the Kafka client's thread may need several steps."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        writer.step()
        time.sleep(0.01)


def test_a_full_buffer_drops_the_oldest_records_and_records_gaps() -> None:
    writer = unreachable_writer(limit=3)
    for n in range(5):
        writer.put(message(NOW + n))
    assert writer.take_lost() == [Gap("7", NOW, NOW + 1, "overflow")]
    assert writer.take_lost() == []
    assert writer.counts.lost == {Loss.OVERFLOW: 2}


def test_a_stalled_process_never_writes_again() -> None:
    """Another producer may already own the partitions, so neither buffered nor new records may be written."""
    producer, clock = unreachable_producer(**{"message.timeout.ms": 300_000}), Clock()
    writer = writer_to(producer, limit=9, clock=clock)
    for later_s in (0.0, STALL_LIMIT_S, 0.0):
        clock.s += later_s
        writer.put(message(NOW))
        writer.step()
    # The first record has been returned, because it was unacknowledged for too long.
    assert writer.in_flight == 2
    clock.s += STALL_LIMIT_S + 0.1
    writer.put(message(NOW + 1))
    with pytest.raises(ProducerStalled):
        writer.step()
    # On a busy machine, the Kafka client's thread returns the purged records only after `step` has stopped waiting.
    wait_until(lambda: producer.poll(0.05) >= 0 and not writer.in_flight, 60, "the purged records")
    for _ in range(2):
        with pytest.raises(ProducerStalled):
            writer.step()
        assert (writer.in_flight, writer.buffered) == (0, 1)
    with pytest.raises(ProducerStalled):
        writer.flush(1)


def test_errors_of_the_kafka_client_are_not_counted_as_in_flight() -> None:
    producer = unreachable_producer(**{"message.timeout.ms": 300_000})
    writer = writer_to(producer)
    writer.put(message(NOW))
    writer.step()
    wait_until(lambda: len(producer) > 1, 60, "an unread connection error")
    assert writer.in_flight == 1


def test_events_queued_in_the_kafka_client_are_in_flight_until_delivered_or_purged() -> None:
    producer = unreachable_producer(**{"message.timeout.ms": 300_000})
    writer = writer_to(producer)
    writer.put_gap(Gap("7", NOW, NOW + 900, "closed"))
    writer.step()
    assert writer.in_flight == 1
    writer.suspend([0])
    wait_until(lambda: producer.poll(0.05) >= 0 and not writer.in_flight, 60, "the purged event")


def test_unacknowledged_records_become_gaps() -> None:
    writer = unreachable_writer()
    for n in (10, 30, 20):
        writer.put(message(NOW + n))
    writer.step()
    step_until(writer, lambda: not writer.in_flight)
    assert writer.take_lost() == [Gap("7", NOW + 10, NOW + 30, "delivery")]


@pytest.mark.parametrize("entry", [message(NOW), None])
def test_all_records_are_returned_before_one_times_out_in_the_kafka_client(entry: UnstampedRecord | None) -> None:
    """After one timeout, the client would send the other records as new ones, although Kafka may already have them."""
    clock = Clock()
    writer = writer_to(unreachable_producer(**{"message.timeout.ms": 300_000}), clock=clock)
    if entry:
        writer.put(entry)
    else:
        writer.put_gap(Gap("7", NOW, NOW + 900, "closed"))
    writer.step()
    clock.s += RETURN_AFTER_S
    for n in range(2):
        writer.put(message(NOW + 10 + n))
        writer.step()
        assert writer.in_flight == 2 + n
    clock.s += 0.1
    writer.put(message(NOW + 20))
    step_until(writer, lambda: writer.counts.lost[Loss.DELIVERY] >= 2 + bool(entry))
    gaps = writer.take_lost()
    assert [(gap.from_ms, gap.until_ms) for gap in gaps] == [(NOW if entry else NOW + 10, NOW + 11)]
    # The event is queued again, and the newest message is sent only now.
    step_until(writer, lambda: writer.in_flight == 1 + (entry is None))
    assert RETURN_AFTER_S < MESSAGE_TIMEOUT_MS / 1000


def test_records_wait_in_the_buffer_while_kafka_acknowledges_nothing() -> None:
    clock = Clock()
    writer = writer_to(unreachable_producer(**{"message.timeout.ms": 300_000}), clock=clock)
    writer.put_watermarks(0)
    writer.step()
    clock.s += UNAVAILABLE_AFTER_S
    assert not writer.is_held()
    clock.s += 0.1
    assert writer.is_held()
    writer.put(message(NOW))
    writer.step()
    assert (writer.counts.records["message"], writer.buffered) == (0, 1)
    assert writer.take_lost() == []


def test_kafka_is_probed_after_an_outage_before_records_are_sent() -> None:
    writer = unreachable_writer()
    writer.put_watermarks(0)
    step_until(writer, writer.is_held)
    writer.put(message(NOW))
    step_until(writer, lambda: writer.counts.records["clock"] >= 3)
    assert writer.is_held()
    assert writer.counts.records["message"] == 0
    assert writer.take_lost() == []


def test_records_of_a_released_partition_become_gaps() -> None:
    writer = unreachable_writer(**{"message.timeout.ms": 300_000})
    writer.put(message(NOW))
    writer.step()
    writer.put(message(NOW + 5, "8"))
    writer.suspend([0])
    step_until(writer, lambda: not writer.in_flight)
    assert writer.take_lost() == [Gap("7", NOW, NOW, "delivery")]
    writer.own({0: NOW + 700})
    assert writer.take_lost() == [Gap("8", NOW + 5, NOW + 5, "handover")]


def test_records_of_a_lost_partition_wait_until_it_is_reassigned() -> None:
    writer = unreachable_writer()
    writer.suspend([0])
    writer.put(message(NOW + 5))
    writer.step()
    assert writer.is_held()
    assert writer.partitions == {0}
    assert writer.counts.records["message"] == 0
    writer.own({0: NOW})
    writer.step()
    assert writer.counts.records["message"] == 1
    assert writer.take_lost() == []


def test_records_for_a_partition_with_a_new_owner_become_gaps() -> None:
    writer = unreachable_writer()
    writer.own({1: NOW})
    writer.suspend([0, 1])
    writer.put(message(NOW + 5))
    writer.own({1: NOW})
    assert writer.partitions == {1}
    assert writer.take_lost() == [Gap("7", NOW + 5, NOW + 5, "handover")]


def test_a_suspended_partition_can_be_released() -> None:
    writer = unreachable_writer()
    writer.own({0: NOW, 1: NOW})
    writer.suspend([0, 1])
    writer.put(message(NOW + 5))
    writer.disown([0], flush_s=0)
    assert writer.partitions == {1}
    assert writer.take_lost() == [Gap("7", NOW + 5, NOW + 5, "handover")]
    writer.own({1: NOW})
    assert not writer.is_held()


def test_a_user_id_never_reaches_the_record() -> None:
    writer = unreachable_writer()
    entry = message(NOW)
    writer.put(entry)
    writer.step()
    assert "42" not in entry.fields.values()
    assert isinstance(entry.fields["user_hash"], int)
    assert dt.datetime.fromtimestamp(entry.fields["at_ms"] / 1000, dt.UTC).year == 2026


def test_a_watermark_that_the_kafka_client_rejects_does_not_prevent_probes() -> None:
    writer = unreachable_writer(**{"queue.buffering.max.messages": 1})
    writer.own({1: NOW})
    writer.put_watermarks(0)
    writer.step()
    assert writer.counts.refused == 1
    step_until(writer, writer.is_held)
    step_until(writer, lambda: writer.counts.records["clock"] >= 3)
