"""Writes unusable records to the dead-letter topic of their topic, with the reason."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from confluent_kafka import KafkaError, Message, Producer

from core.pipeline.dead_letters import MAX_KEY_BYTES, MAX_VALUE_BYTES, PRIVATE_TOPIC, Header, dead_letter_headers
from core.pipeline.topics import dead_letter_topic
from twitchly.kafka import topic_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[Header]


class DeadLetters:
    """Writes dead letters.

    A record is kept as it was read, truncated if it is too long; chat records are kept without their content. The
    headers contain the record's position, length and fault.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._failed: list[_Outgoing] = []

    def add(self, message: Message, reason: str) -> None:
        """Write one dead letter."""
        topic, partition, offset = str(message.topic()), message.partition() or 0, message.offset() or 0
        key, value = _bytes(message.key()), _bytes(message.value())
        headers = dead_letter_headers(
            topic=topic, partition=partition, offset=offset, key=key, value=value, reason=reason
        )
        log.warning("unusable record at %s/%d/%d: %s", topic, partition, offset, reason)
        if topic_of(message) == PRIVATE_TOPIC:
            # It may contain chat text, which must not be kept longer than the retention of chat.
            value = None
        kept_key = None if key is None else key[:MAX_KEY_BYTES]
        kept = None if value is None else value[:MAX_VALUE_BYTES]
        self._send(_Outgoing(dead_letter_topic(topic), kept_key, kept, headers))

    def flush(self, stop: Callable[[], bool]) -> bool:
        """Return True once Kafka has acknowledged all dead letters; retry failed ones until `stop` returns True."""
        while self._producer.flush(1) or self._failed:
            if stop():
                return False
            failed, self._failed = self._failed, []
            for dead_letter in failed:
                self._send(dead_letter)
        return True

    def _send(self, dead_letter: _Outgoing) -> None:
        try:
            self._producer.produce(
                dead_letter.topic,
                dead_letter.value,
                dead_letter.key,
                headers=dead_letter.headers,
                on_delivery=partial(self._delivered, dead_letter),
            )
        except BufferError:
            # The client's queue is full, for example with very long records. flush() sends the dead letter again.
            self._failed.append(dead_letter)

    def _delivered(self, dead_letter: _Outgoing, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            log.warning("dead letter not acknowledged, retrying: %s", error)
            self._failed.append(dead_letter)


def _bytes(content: bytes | str | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
