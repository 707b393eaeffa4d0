"""The producer's writer against real Kafka: order, event time, ownership, and the handover to a new owner."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition
from django.conf import settings

from apps.ingest.listening.ownership import Ownership, PartitionHead, read_partition_heads
from apps.ingest.listening.writer import Writer
from core.irc.event_time import PROMISE_DELAY_MS
from core.pipeline.coverage import Gap
from core.pipeline.records import read_event, watermark_record
from core.pipeline.topics import TOPIC
from core.pipeline.unstamped import UnstampedRecord
from drills.stack import wait_until
from twitchly import kafka

pytestmark = pytest.mark.server

NOW = 1_795_400_000_000
PARTITIONS = TOPIC["chat"].partitions


def writer(now_ms: int = NOW) -> Writer:
    return Writer(kafka.producer(), name="p", limit=1000, now_ms=lambda: now_ms, hash_key=lambda _day: b"k" * 32)


def message(sent_ms: int, partition: int = 0) -> UnstampedRecord:
    return UnstampedRecord(
        partition, sent_ms, {"kind": "message", "channel_id": "7", "sent_ms": sent_ms, "words": 1, "text": "hi"}, "42"
    )


def records(topic: str, partition: int) -> list[dict[str, Any]]:
    reader = kafka.consumer("test")
    _, high = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
    reader.assign([TopicPartition(topic, partition, 0)])
    messages = reader.consume(high, timeout=10) if high else []
    reader.close()
    return [json.loads(record.value() or b"") for record in messages]


def test_event_time_is_preserved_and_never_falls_behind_the_promise(topics: str) -> None:
    ours = writer()
    ours.own({0: NOW - 10_000})
    for sent_ms in (NOW - 20_000, NOW - 9_000, NOW - 9_400, NOW - 9_900, NOW + 60_000):
        ours.put(message(sent_ms))
    ours.flush(10)
    times = [record["at_ms"] for record in records(f"{topics}chat", 0)]
    assert times == [NOW - 10_000 - PROMISE_DELAY_MS, NOW - 9_000, NOW - 9_400, NOW - 9_500, NOW]
    assert ours.counts.moved == 3


def test_a_watermark_record_is_written_to_each_owned_partition(topics: str) -> None:
    ours = writer()
    ours.own({1: NOW - 10_000, 2: NOW - 10_000})
    ours.put_watermarks(0)
    ours.flush(10)
    assert [len(records(f"{topics}chat", n)) for n in range(PARTITIONS)] == [0, 1, 1, 0]


def test_a_gap_is_written_to_channel_events(topics: str) -> None:
    ours = writer()
    ours.put_gap(Gap("7", NOW, NOW + 900, "closed"))
    ours.flush(10)
    events = [
        record for n in range(TOPIC["channel-events"].partitions) for record in records(f"{topics}channel-events", n)
    ]
    event = read_event(json.dumps(events[0]).encode(), NOW + 900)
    assert (event.kind, event.channel_id, event.at_ms, event.until_ms) == ("gap", "7", NOW, NOW + 900)


def test_a_new_owner_reads_the_newest_time_of_each_partition(topics: str) -> None:
    ours = writer()
    ours.own({0: NOW - 10_000, 1: NOW - 10_000})
    ours.put(message(NOW - 700))
    ours.put(message(NOW - 900))
    ours.put(UnstampedRecord(1, NOW - 40, watermark_record(producer="p", lag_ms=250)))
    ours.flush(10)
    kafka_topic = kafka.topic_name("chat")
    poison = kafka.producer()
    poison.produce(kafka_topic, b"not json", partition=1)
    poison.produce(kafka_topic, json.dumps({"at_ms": 2**62}).encode(), partition=1)
    poison.flush(10)
    # A time that is an hour ahead, as if Kafka's clock had been set back since the record was written.
    ahead_ms = int(time.time() * 1000) + 3_600_000
    poison.produce(kafka_topic, json.dumps({"at_ms": ahead_ms}).encode(), partition=2)
    poison.flush(10)
    assert read_partition_heads(range(PARTITIONS)) == {
        0: PartitionHead(NOW - 700),
        1: PartitionHead(NOW - 40, lag_ms=250),
        2: PartitionHead(ahead_ms),
        3: PartitionHead(),
    }


def test_a_producer_fails_when_another_one_takes_its_name(topics: str) -> None:
    owned: set[int] = set()
    first = Ownership("same", owned.update, lambda *_: None)
    second = Ownership("same", owned.update, lambda *_: None)
    first.start()
    wait_until(lambda: len(owned) == PARTITIONS, 30, "the first producer to own all partitions")
    second.start()
    wait_until(lambda: first.failure is not None, 30, "the first producer to end")
    assert isinstance(first.failure, KafkaException)
    assert second.failure is None
    second.close()


def test_two_producers_share_the_partitions_until_one_takes_over_all(topics: str) -> None:
    owned: dict[str, set[int]] = {"a": set(), "b": set()}

    def member(name: str) -> Ownership:
        return Ownership(
            name,
            lambda newest: owned[name].update(newest),
            lambda partitions, _lost: owned[name].difference_update(partitions),
        )

    first, second = member("a"), member("b")

    def owns(name: str, count: int) -> bool:
        assert first.failure is None, first.failure
        assert second.failure is None, second.failure
        return len(owned[name]) == count

    first.start()
    wait_until(lambda: owns("a", PARTITIONS), 30, "the first producer to own all partitions")
    second.start()
    wait_until(lambda: owns("a", PARTITIONS // 2) and owns("b", PARTITIONS // 2), 30, "the two producers to share them")
    assert owned["a"] | owned["b"] == set(range(PARTITIONS))
    second.close()
    wait_until(lambda: owns("a", PARTITIONS), 30, "the first producer to take over after the session timeout")
    first.close()


SLOW_MEMBER = """
import sys
from confluent_kafka import Consumer
address, group, topic = sys.argv[1:]
consumer = Consumer({
    "bootstrap.servers": address, "group.id": group, "session.timeout.ms": 60_000,
    "partition.assignment.strategy": "cooperative-sticky",
})
consumer.subscribe([topic])
while not consumer.assignment():
    consumer.poll(0.2)
print("assigned", flush=True)
while True:
    consumer.poll(0.2)
"""


def test_partitions_are_suspended_while_the_group_does_not_complete_a_rebalance(topics: str) -> None:
    writing: set[int] = set()
    suspensions: list[frozenset[int]] = []

    def revoked(partitions: frozenset[int], lost: bool) -> None:
        writing.difference_update(partitions)
        if lost:
            suspensions.append(partitions)

    first = Ownership("a", writing.update, revoked)
    third = Ownership("c", lambda _heads: None, lambda *_: None)
    arguments = (settings.KAFKA_BOOTSTRAP, kafka.topic_name("producers"), kafka.topic_name("chat"))
    first.start()
    wait_until(lambda: len(writing) == PARTITIONS, 30, "the first producer to own all partitions")
    with subprocess.Popen([sys.executable, "-c", SLOW_MEMBER, *arguments], stdout=subprocess.PIPE) as second:
        try:
            assert second.stdout is not None
            assert second.stdout.readline() == b"assigned\n"
            wait_until(
                lambda: len(writing) == PARTITIONS // 2, 30, "the first producer to give up half of its partitions"
            )
            shared = frozenset(writing)
            second.send_signal(signal.SIGSTOP)
            third.start()
            wait_until(lambda: not writing, 30, "the first producer to suspend its partitions")
            assert suspensions == [shared]
            assert first.failure is None
            second.send_signal(signal.SIGCONT)
            wait_until(lambda: bool(writing), 30, "the first producer to write again")
            assert writing <= shared
        finally:
            second.kill()
    third.close()
    first.close()


def test_topics_are_created_according_to_the_table(topics: str) -> None:
    reader = kafka.consumer("test")
    topics_by_name = reader.list_topics(timeout=10).topics
    reader.close()
    assert {name: len(topics_by_name[topics + name].partitions) for name in TOPIC} == {
        name: topic.partitions for name, topic in TOPIC.items()
    }
    assert kafka.create_topics() == []
