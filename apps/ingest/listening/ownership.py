"""Which partitions of `chat` this producer may write: decided by a Kafka consumer group that only polls.

Membership is static, so a producer that dies and comes back under its name has its partitions at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import orjson
from confluent_kafka import Consumer, KafkaException, TopicPartition
from django.conf import settings

from core.errors import ServiceAway
from core.pipeline.records import MAX_AHEAD_MS
from twitchly import kafka

log = logging.getLogger(__name__)

# A clock is written five times a second, so the newest record of any kind lies among the last ones.
LAST_RECORDS = 500
TRIES = 5
NEWEST_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Newest:
    """What a partition holds last: its greatest `at_ms`, 0 when it is empty, and how far its writer lagged behind."""

    at_ms: int = 0
    lag_ms: int = 0


class Ownership:
    """Polls in a thread of its own; `assigned` and `revoked` are called there, and may block it.

    `assigned` gets the newest of each new partition; `revoked` gets the partitions and whether they are lost
    already, so that nothing may be written any more.
    """

    def __init__(
        self,
        name: str,
        assigned: Callable[[Mapping[int, Newest]], None],
        revoked: Callable[[frozenset[int], bool], None],
    ) -> None:
        self._assigned = assigned
        self._revoked = revoked
        self._stop = threading.Event()
        self.failure: BaseException | None = None
        self._consumer = kafka.consumer(
            "producers",
            **{"group.instance.id": name, "partition.assignment.strategy": "cooperative-sticky"},
        )
        self._thread = threading.Thread(target=self._run, name="ownership", daemon=True)

    def start(self) -> None:
        """Join the group."""
        self._thread.start()

    def close(self) -> None:
        """Stop polling; the name keeps its partitions until the session runs out."""
        self._stop.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        try:
            self._consumer.subscribe(
                [kafka.topic_name("chat")],
                on_assign=self._on_assign,
                on_revoke=lambda _consumer, partitions: self._revoked(_numbers(partitions), False),
                on_lost=lambda _consumer, partitions: self._revoked(_numbers(partitions), True),
            )
            while not self._stop.is_set():
                message = self._consumer.poll(0.2)
                error = message.error() if message is not None else None
                if error is not None and kafka.is_fatal(error):
                    raise KafkaException(error)
                if error is not None:
                    log.warning("Kafka, owning partitions: %s", error)
            self._consumer.close()
        except BaseException as error:
            self.failure = error

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        consumer.pause(partitions)
        self._assigned(newest_records(_numbers(partitions)))


def newest_records(partitions: Iterable[int]) -> dict[int, Newest]:
    """Return what each partition of `chat` holds last."""
    reader = kafka.consumer("producers-reader")
    topic = kafka.topic_name("chat")
    newest: dict[int, Newest] = {}
    try:
        for number in partitions:
            low, high = _ends(reader, TopicPartition(topic, number))
            newest[number] = _newest(reader, TopicPartition(topic, number, max(low, high - LAST_RECORDS)), high)
    finally:
        reader.close()
    return newest


def _ends(reader: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """Return the partition's first and next offset; a broker that has just started may not lead it yet."""
    for _ in range(TRIES - 1):
        try:
            return reader.get_watermark_offsets(partition, timeout=2)
        except KafkaException as error:
            log.warning("the end of partition %d is not known yet: %s", partition.partition, error)
            time.sleep(0.5)
    return reader.get_watermark_offsets(partition, timeout=2)


def _newest(reader: Consumer, start: TopicPartition, end: int) -> Newest:
    at_ms = lag_ms = 0
    position, until_s = start.offset, time.monotonic() + NEWEST_LIMIT_S
    reader.assign([start])
    while position < end:
        if time.monotonic() > until_s:
            raise ServiceAway(f"Kafka does not tell what partition {start.partition} of chat holds last")
        for message in reader.consume(LAST_RECORDS, timeout=1.0):
            if message.error() is None:
                position = int(message.offset() or 0) + 1
                fields = _fields(message.value(), int(message.timestamp()[1]))
                at_ms = max(at_ms, fields.get("at_ms", 0))
                lag_ms = fields.get("lag_ms", lag_ms)
    return Newest(at_ms, lag_ms)


def _fields(value: bytes | str | None, appended_ms: int) -> dict[str, int]:
    """Return a record's times; one that is not ours, or that Flink ignores for its date, says nothing."""
    try:
        fields = orjson.loads(value or b"")
    except ValueError:
        return {}
    found = {name: fields.get(name) for name in ("at_ms", "lag_ms")} if isinstance(fields, dict) else {}
    times = {name: ms for name, ms in found.items() if isinstance(ms, int) and ms >= 0}
    latest_ms = appended_ms + settings.CLOCK_OFFSET_MS + MAX_AHEAD_MS
    return times if times.get("at_ms", latest_ms + 1) <= latest_ms else {}


def _numbers(partitions: Iterable[TopicPartition]) -> frozenset[int]:
    return frozenset(partition.partition for partition in partitions)
