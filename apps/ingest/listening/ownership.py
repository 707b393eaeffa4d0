"""Ownership of the partitions of `chat`, assigned through a Kafka consumer group whose members only poll.

Membership is static: a producer that restarts under the same name gets its partitions back immediately.
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

from core.errors import ServiceUnavailable
from core.pipeline.records import MAX_AHEAD_MS
from twitchly import kafka

log = logging.getLogger(__name__)

# Number of records that are read from a partition's end. Watermark records are written five times a second, so the
# newest one is among them.
LAST_RECORDS = 500
TRIES = 5
READ_LIMIT_S = 10.0
STATISTICS_MS = 1_000
# Kafka reassigns a member's partitions when its heartbeats, sent every 2 s, stop for the session timeout. The client
# library notices this only while the membership is steady, not while it waits for a response to its rejoin request.
UNSTEADY_LIMIT_S = kafka.SESSION_TIMEOUT_MS / 1_000 - 4.0
# A rejoin request without a response is retried after this time. A member that does not rejoin delays the rebalance
# by at most this time.
REJOIN_LIMIT_MS = 30_000


@dataclass(frozen=True, slots=True)
class PartitionHead:
    """Newest state of a partition: its greatest `at_ms` (0 if the partition is empty) and its writer's lag."""

    at_ms: int = 0
    lag_ms: int = 0


class Ownership:
    """Polls in a separate thread, which calls `assigned` and `revoked`; both callbacks may block the thread.

    `assigned` receives the head of each new or resumed partition. `revoked` receives the partitions and whether they
    may already have another owner; if so, nothing may be written to them until they are assigned again.
    """

    def __init__(
        self,
        name: str,
        assigned: Callable[[Mapping[int, PartitionHead]], None],
        revoked: Callable[[frozenset[int], bool], None],
    ) -> None:
        self._assigned = assigned
        self._revoked = revoked
        self._stop = threading.Event()
        self._owned: frozenset[int] = frozenset()
        self._suspended: frozenset[int] = frozenset()
        self._is_steady, self._steady_s = False, 0.0
        self.failure: BaseException | None = None
        self._consumer = kafka.consumer(
            "producers",
            **{
                "group.instance.id": name,
                "partition.assignment.strategy": "cooperative-sticky",
                "max.poll.interval.ms": REJOIN_LIMIT_MS,
                "statistics.interval.ms": STATISTICS_MS,
                "stats_cb": self._on_statistics,
            },
        )
        self._thread = threading.Thread(target=self._run, name="ownership", daemon=True)

    def start(self) -> None:
        """Join the group."""
        self._thread.start()

    def close(self) -> None:
        """Stop polling. The group keeps the partitions for this name until the session times out."""
        self._stop.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        try:
            self._consumer.subscribe(
                [kafka.topic_name("chat")],
                on_assign=self._on_assign,
                on_revoke=lambda _consumer, partitions: self._on_revoke(_partition_numbers(partitions), lost=False),
                on_lost=lambda _consumer, partitions: self._on_revoke(_partition_numbers(partitions), lost=True),
            )
            while not self._stop.is_set():
                message = self._consumer.poll(0.2)
                self._check_membership()
                error = message.error() if message is not None else None
                if error is not None and kafka.is_fatal(error):
                    raise KafkaException(error)
                if error is not None:
                    log.warning("partition ownership: Kafka error: %s", error)
            self._consumer.close()
        except BaseException as error:
            self.failure = error

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        consumer.pause(partitions)
        self._take_over(_partition_numbers(partitions))

    def _on_revoke(self, partitions: frozenset[int], *, lost: bool) -> None:
        self._owned -= partitions
        self._suspended -= partitions
        self._revoked(partitions, lost)

    def _on_statistics(self, statistics: str) -> None:
        self._is_steady = orjson.loads(statistics)["cgrp"]["join_state"] == "steady"
        if self._is_steady:
            self._steady_s = time.monotonic()

    def _check_membership(self) -> None:
        """Suspend all partitions while Kafka may have excluded this member, until membership is steady again."""
        unsteady_s = time.monotonic() - self._steady_s
        if self._suspended and self._is_steady:
            self._take_over(frozenset())
        elif self._owned - self._suspended and unsteady_s > UNSTEADY_LIMIT_S:
            log.warning("Kafka has not completed a rebalance of the producers for %.0f s", unsteady_s)
            self._suspended, self._is_steady = self._owned, False
            self._revoked(self._owned, True)

    def _take_over(self, partitions: frozenset[int]) -> None:
        """Start writing to new partitions and resume suspended ones, after Kafka has confirmed the membership."""
        self._steady_s = time.monotonic()
        heads = read_partition_heads(partitions | self._suspended)
        self._owned |= partitions
        self._suspended = frozenset()
        self._assigned(heads)


def read_partition_heads(partitions: Iterable[int]) -> dict[int, PartitionHead]:
    """Return the head of each partition of `chat`."""
    reader = kafka.consumer("producers-reader")
    topic = kafka.topic_name("chat")
    heads: dict[int, PartitionHead] = {}
    try:
        for number in partitions:
            low, high = _ends(reader, TopicPartition(topic, number))
            heads[number] = _read_head(reader, TopicPartition(topic, number, max(low, high - LAST_RECORDS)), high)
    finally:
        reader.close()
    return heads


def _ends(reader: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """Return the partition's low and high offsets.

    Retries, because a newly started broker may not be the partition's leader yet.
    """
    for _ in range(TRIES - 1):
        try:
            return reader.get_watermark_offsets(partition, timeout=2)
        except KafkaException as error:
            log.warning("offsets of partition %d not available, retrying: %s", partition.partition, error)
            time.sleep(0.5)
    return reader.get_watermark_offsets(partition, timeout=2)


def _read_head(reader: Consumer, start: TopicPartition, end: int) -> PartitionHead:
    at_ms = lag_ms = 0
    position, until_s = start.offset, time.monotonic() + READ_LIMIT_S
    reader.assign([start])
    while position < end:
        if time.monotonic() > until_s:
            raise ServiceUnavailable(f"timed out reading the end of partition {start.partition} of chat")
        for message in reader.consume(LAST_RECORDS, timeout=1.0):
            if message.error() is None:
                position = int(message.offset() or 0) + 1
                fields = _fields(message.value(), int(message.timestamp()[1]))
                at_ms = max(at_ms, fields.get("at_ms", 0))
                lag_ms = fields.get("lag_ms", lag_ms)
    return PartitionHead(at_ms, lag_ms)


def _fields(value: bytes | str | None, appended_ms: int) -> dict[str, int]:
    """Return a record's times, or {} if another program wrote it or Flink ignores it because of its timestamp."""
    try:
        fields = orjson.loads(value or b"")
    except ValueError:
        return {}
    values = {name: fields.get(name) for name in ("at_ms", "lag_ms")} if isinstance(fields, dict) else {}
    times = {name: ms for name, ms in values.items() if isinstance(ms, int) and ms >= 0}
    latest_ms = appended_ms + settings.CLOCK_OFFSET_MS + MAX_AHEAD_MS
    return times if times.get("at_ms", latest_ms + 1) <= latest_ms else {}


def _partition_numbers(partitions: Iterable[TopicPartition]) -> frozenset[int]:
    return frozenset(partition.partition for partition in partitions)
