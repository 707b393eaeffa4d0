"""The Kafka writer with an unreachable broker: unwritten records become gaps."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer

from apps.ingest.listening.writer import AWAY_AFTER_S, STALL_LIMIT_S, ProducerStalled, Writer
from core.pipeline.coverage import Gap
from core.pipeline.unstamped import UnstampedRecord

NOW = 1_795_400_000_000


def unreachable_writer(limit: int = 1_000, **config: Any) -> Writer:
    """Return a writer whose broker refuses connections (port 9 of loopback)."""
    producer = Producer({"bootstrap.servers": "127.0.0.1:9", "message.timeout.ms": 500, "log_level": 0, **config})
    writer = Writer(producer, name="p", limit=limit, now_ms=lambda: NOW, hash_key=lambda _day: b"k" * 32)
    writer.own({0: NOW})
    return writer


def message(sent_ms: int, channel_id: str = "7") -> UnstampedRecord:
    fields = {"kind": "message", "channel_id": channel_id, "sent_ms": sent_ms, "id": str(sent_ms), "text": ""}
    return UnstampedRecord(0, sent_ms, fields, "42")


def settle(writer: Writer, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        writer.step()
        time.sleep(0.02)


def settle_until(writer: Writer, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        settle(writer, 0.02)


def test_a_full_buffer_drops_the_oldest_records_and_records_gaps() -> None:
    writer = unreachable_writer(limit=3)
    for n in range(5):
        writer.put(message(NOW + n))
    assert writer.take_lost() == [Gap("7", NOW, NOW + 1, "overflow")]
    assert writer.take_lost() == []
    assert writer.counts["lost by overflow"] == 2


def test_a_stalled_process_never_writes_again() -> None:
    """Another producer may already own the partitions, so neither buffered nor new records may be written."""
    clock = [100.0]
    producer = Producer({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    writer = Writer(
        producer, name="p", limit=9, now_ms=lambda: NOW, hash_key=lambda _day: b"k" * 32, running_s=lambda: clock[0]
    )
    writer.own({0: NOW})
    for clock[0] in (100.0, 100.0 + STALL_LIMIT_S, 100.0 + STALL_LIMIT_S):
        writer.put(message(NOW))
        writer.step()
    assert writer.in_flight == 3
    clock[0] += STALL_LIMIT_S + 0.1
    writer.put(message(NOW + 1))
    for _ in range(2):
        with pytest.raises(ProducerStalled):
            writer.step()
        # On a busy machine the driver's thread may take longer to return its records.
        until = time.monotonic() + 30
        while writer.in_flight and time.monotonic() < until:
            producer.poll(0.05)
        assert (writer.in_flight, writer.buffered) == (0, 1)
    with pytest.raises(ProducerStalled):
        writer.flush(1)


def test_unconfirmed_records_become_gaps() -> None:
    writer = unreachable_writer()
    for n in (10, 30, 20):
        writer.put(message(NOW + n))
    settle(writer, 1.5)
    assert writer.take_lost() == [Gap("7", NOW + 10, NOW + 30, "delivery")]


def test_records_wait_in_the_buffer_while_kafka_confirms_nothing() -> None:
    writer = unreachable_writer(**{"message.timeout.ms": 60_000})
    writer.put_watermarks(0)
    settle(writer, AWAY_AFTER_S + 0.3)
    assert writer.is_held()
    written = writer.counts["message"]
    writer.put(message(NOW))
    settle(writer, 0.3)
    assert writer.counts["message"] == written
    assert writer.take_lost() == []


def test_kafka_is_probed_after_an_outage_before_records_are_sent() -> None:
    writer = unreachable_writer()
    writer.put_watermarks(0)
    settle_until(writer, writer.is_held)
    writer.put(message(NOW))
    settle_until(writer, lambda: writer.counts["clock"] >= 3)
    assert writer.is_held()
    assert writer.counts["message"] == 0
    assert writer.take_lost() == []


def test_records_of_a_released_partition_become_gaps() -> None:
    writer = unreachable_writer(**{"message.timeout.ms": 60_000})
    writer.put(message(NOW))
    writer.step()
    writer.put(message(NOW + 5, "8"))
    writer.suspend([0])
    assert writer.take_lost() == [Gap("7", NOW, NOW, "delivery")]
    writer.own({0: NOW + 700})
    assert writer.take_lost() == [Gap("8", NOW + 5, NOW + 5, "handover")]


def test_records_of_a_lost_partition_wait_until_it_is_reassigned() -> None:
    writer = unreachable_writer(**{"message.timeout.ms": 60_000})
    writer.suspend([0])
    writer.put(message(NOW + 5))
    settle(writer, 0.2)
    assert writer.is_held()
    assert writer.partitions == {0}
    assert writer.counts["message"] == 0
    writer.own({0: NOW})
    writer.step()
    assert writer.counts["message"] == 1
    assert writer.take_lost() == []


def test_records_for_a_partition_with_a_new_owner_become_gaps() -> None:
    writer = unreachable_writer()
    writer.own({1: NOW})
    writer.suspend([0, 1])
    writer.put(message(NOW + 5))
    writer.own({1: NOW})
    assert writer.partitions == {1}
    assert writer.take_lost() == [Gap("7", NOW + 5, NOW + 5, "handover")]


def test_a_user_id_never_reaches_the_record() -> None:
    writer = unreachable_writer()
    entry = message(NOW)
    writer.put(entry)
    writer.step()
    assert "42" not in entry.fields.values()
    assert isinstance(entry.fields["user_hash"], int)
    assert dt.datetime.fromtimestamp(entry.fields["at_ms"] / 1000, dt.UTC).year == 2026
