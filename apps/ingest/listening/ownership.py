"""Which partitions of `chat` this producer may write: decided by a Kafka consumer group that only polls.

Membership is static, so a producer that dies and comes back under its name has its partitions at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

import orjson
from confluent_kafka import Consumer, KafkaException, TopicPartition
from django.conf import settings

from twitchly import kafka

log = logging.getLogger(__name__)

# A clock is written five times a second, so the newest record of any kind lies among the last ones.
LAST_RECORDS = 500
TRIES = 5


class Ownership:
    """Polls in a thread of its own; `assigned` and `revoked` are called there, and may block it.

    `assigned` gets the greatest `at_ms` of each new partition, 0 for an empty one; `revoked` gets the
    partitions and whether they are lost already, so that nothing may be written any more.
    """

    def __init__(
        self,
        name: str,
        assigned: Callable[[dict[int, int]], None],
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
        self._thread.join(timeout=5)

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
                if error is not None and error.fatal():
                    raise KafkaException(error)
                if error is not None:
                    log.warning("Kafka, owning partitions: %s", error)
            self._consumer.close()
        except BaseException as error:
            self.failure = error

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        consumer.pause(partitions)
        self._assigned(newest_times(_numbers(partitions)))


def newest_times(partitions: Iterable[int]) -> dict[int, int]:
    """Return the greatest `at_ms` that each partition of `chat` holds, 0 if it is empty."""
    reader = kafka.consumer("producers-reader")
    topic = kafka.topic_name("chat")
    times: dict[int, int] = {}
    try:
        for number in partitions:
            low, high = _ends(reader, TopicPartition(topic, number))
            times[number] = _newest_time(reader, TopicPartition(topic, number, max(low, high - LAST_RECORDS)), high)
    finally:
        reader.close()
    return times


def _ends(reader: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """Return the partition's first and next offset; a broker that has just started may not lead it yet."""
    for _ in range(TRIES - 1):
        try:
            return reader.get_watermark_offsets(partition, timeout=2)
        except KafkaException as error:
            log.warning("the end of partition %d is not known yet: %s", partition.partition, error)
            time.sleep(0.5)
    return reader.get_watermark_offsets(partition, timeout=2)


def _newest_time(reader: Consumer, start: TopicPartition, end: int) -> int:
    newest_ms = 0
    position = start.offset
    reader.assign([start])
    while position < end:
        for message in reader.consume(LAST_RECORDS, timeout=1.0):
            if message.error() is None:
                position = int(message.offset() or 0) + 1
                newest_ms = max(newest_ms, _at_ms(message.value(), int(message.timestamp()[1])))
    return newest_ms


def _at_ms(value: bytes | str | None, appended_ms: int) -> int:
    """Return a record's `at_ms`; a record that is not ours, or dated after Kafka took it, says nothing."""
    try:
        at_ms = orjson.loads(value or b"")["at_ms"]
    except (ValueError, KeyError, TypeError):
        return 0
    latest_ms = appended_ms + settings.CLOCK_OFFSET_MS + kafka.SESSION_TIMEOUT_MS
    return at_ms if isinstance(at_ms, int) and at_ms <= latest_ms else 0


def _numbers(partitions: Iterable[TopicPartition]) -> frozenset[int]:
    return frozenset(partition.partition for partition in partitions)
