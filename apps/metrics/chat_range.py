"""Reads `chat` records by event time from Kafka, without a consumer group."""

from __future__ import annotations

import time
from collections.abc import Iterator

from confluent_kafka import KafkaException, Message, TopicPartition
from django.conf import settings

from apps.metrics.record_readers import appended_ms
from core.errors import BadRecord, NotFound, ServiceUnavailable
from core.irc.event_time import PROMISE_DELAY_MS
from core.pipeline.records import ChatRecord, read_chat
from flink.sql import CLOCKS_DIFFER_MS
from twitchly import kafka


class ChatRange:
    """Reads ranges of `chat` by event time."""

    def __init__(self) -> None:
        """Raises: ServiceUnavailable."""
        self._consumer = kafka.reader("chat-range")
        self._partitions = kafka.partitions_of(self._consumer, "chat")

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._consumer.close()

    def complete_from_ms(self) -> int:
        """Return the time from which Kafka has every record, or 0 if none was deleted. Raises: ServiceUnavailable."""
        return max((self._first_ms(partition) for partition in self._partitions), default=0)

    def records(self, from_ms: int, until_ms: int) -> Iterator[ChatRecord]:
        """Yield the usable records with from_ms <= at_ms < until_ms by partition, except watermark records.

        Raises: NotFound if a partition's watermark has not passed `until_ms`; ServiceUnavailable.
        """
        for start in self._starts(from_ms):
            yield from self._of_partition(start, from_ms, until_ms)

    def _starts(self, from_ms: int) -> list[TopicPartition]:
        """Return the offsets to read from.

        They are looked up by append time, because no record is appended before its event time.
        """
        appended_ms = from_ms - settings.CLOCK_OFFSET_MS - CLOCKS_DIFFER_MS
        try:
            return kafka.offsets_at(self._consumer, self._partitions, max(0, appended_ms))
        except KafkaException as error:
            raise ServiceUnavailable(f"Kafka is not responding: {error}") from error

    def _of_partition(self, start: TopicPartition, from_ms: int, until_ms: int) -> Iterator[ChatRecord]:
        # A negative offset means that no record was appended after the time that was looked up.
        for message in self._messages(start) if start.offset >= 0 else ():
            try:
                record = read_chat(message.value(), appended_ms(message))
            except BadRecord:
                continue
            # Later records of a partition may be at most PROMISE_DELAY_MS older than this one.
            if record.at_ms >= until_ms + PROMISE_DELAY_MS:
                return
            if record.kind != "clock" and from_ms <= record.at_ms < until_ms:
                yield record
        raise NotFound(f"partition {start.partition} of chat does not reach {until_ms} ms yet: try again later")

    def _messages(self, start: TopicPartition) -> Iterator[Message]:
        for batch in kafka.read_to_end(self._consumer, [start]):
            yield from batch

    def _first_ms(self, partition: TopicPartition) -> int:
        """Return an upper bound of the append time of the oldest remaining record, or 0 if no records were deleted."""
        low, high = kafka.ends_of(self._consumer, partition)
        if not low:
            return 0
        if low == high:
            return int(time.time() * 1000) + settings.CLOCK_OFFSET_MS
        return appended_ms(kafka.record_at(self._consumer, partition, low)) + CLOCKS_DIFFER_MS
