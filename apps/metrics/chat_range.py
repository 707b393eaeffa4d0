"""The records of `chat` by their event time, read from Kafka without being in a group."""

from __future__ import annotations

import time
from collections.abc import Iterator

from confluent_kafka import KafkaException, Message, TopicPartition
from django.conf import settings

from apps.metrics.record_readers import taken_ms
from core.errors import BadRecord, NotFound, ServiceAway
from core.irc.event_time import PROMISE_DELAY_MS
from core.pipeline.records import ChatRecord, read_chat
from flink.sql import CLOCKS_DIFFER_MS
from twitchly import kafka


class ChatRange:
    """Reads stretches of `chat`, each from where its event time begins."""

    def __init__(self) -> None:
        """Raises: ServiceAway."""
        self._consumer = kafka.reader("chat-range")
        self._places = kafka.partitions_of(self._consumer, "chat")

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._consumer.close()

    def kept_from_ms(self) -> int:
        """Return from when on Kafka holds every record: 0 while it has deleted none of them. Raises: ServiceAway."""
        return max((self._first_ms(place) for place in self._places), default=0)

    def records(self, from_ms: int, until_ms: int) -> Iterator[ChatRecord]:
        """Yield the usable records with from_ms <= at_ms < until_ms, partition by partition; clocks are none.

        Raises: NotFound when a partition does not promise yet that it has them all; ServiceAway.
        """
        for place in self._starts(from_ms):
            yield from self._of_partition(place, from_ms, until_ms)

    def _starts(self, from_ms: int) -> list[TopicPartition]:
        """A record's event time is never later than when Kafka took it."""
        taken_ms = from_ms - settings.CLOCK_OFFSET_MS - CLOCKS_DIFFER_MS
        try:
            return kafka.offsets_at(self._consumer, self._places, max(0, taken_ms))
        except KafkaException as error:
            raise ServiceAway(f"Kafka does not answer: {error}") from error

    def _of_partition(self, place: TopicPartition, from_ms: int, until_ms: int) -> Iterator[ChatRecord]:
        # No offset: Kafka has taken nothing since then.
        for message in self._messages(place) if place.offset >= 0 else ():
            try:
                record = read_chat(message.value(), taken_ms(message))
            except BadRecord:
                continue
            # What a partition may still bring after a record is at most so much earlier.
            if record.at_ms >= until_ms + PROMISE_DELAY_MS:
                return
            if record.kind != "clock" and from_ms <= record.at_ms < until_ms:
                yield record
        raise NotFound(f"partition {place.partition} of chat does not reach {until_ms} ms yet: try again later")

    def _messages(self, place: TopicPartition) -> Iterator[Message]:
        for batch in kafka.read_to_end(self._consumer, [place]):
            yield from batch

    def _first_ms(self, place: TopicPartition) -> int:
        """Return a time at which the partition's first record had been taken, 0 while none was deleted."""
        low, high = kafka.ends_of(self._consumer, place)
        if not low:
            return 0
        if low == high:
            return int(time.time() * 1000) + settings.CLOCK_OFFSET_MS
        return taken_ms(kafka.record_at(self._consumer, place, low)) + CLOCKS_DIFFER_MS
