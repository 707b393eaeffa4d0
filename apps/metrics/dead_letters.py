"""Records that cannot be used go to their topic's dead-letter topic, with the reason."""

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
    """Writes unusable records away.

    A record is kept as it came, cut where it is too long, and one of chat without its content; its place, length and
    fault are in the headers.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._failed: list[_Outgoing] = []

    def add(self, message: Message, reason: str) -> None:
        """Set one record aside."""
        topic, partition, offset = str(message.topic()), message.partition() or 0, message.offset() or 0
        key, value = _bytes(message.key()), _bytes(message.value())
        headers = dead_letter_headers(
            topic=topic, partition=partition, offset=offset, key=key, value=value, reason=reason
        )
        log.warning("unusable record at %s/%d/%d: %s", topic, partition, offset, reason)
        if topic_of(message) == PRIVATE_TOPIC:
            # It may hold what somebody wrote, which no topic keeps for longer than chat does.
            value = None
        kept_key = None if key is None else key[:MAX_KEY_BYTES]
        kept = None if value is None else value[:MAX_VALUE_BYTES]
        self._send(_Outgoing(dead_letter_topic(topic), kept_key, kept, headers))

    def flush(self, stop: Callable[[], bool]) -> bool:
        """Return True when Kafka has them all; tries again those it did not take, until told to stop."""
        while self._producer.flush(1) or self._failed:
            if stop():
                return False
            failed, self._failed = self._failed, []
            for letter in failed:
                self._send(letter)
        return True

    def _send(self, letter: _Outgoing) -> None:
        delivered = partial(self._delivered, letter)
        try:
            self._producer.produce(
                letter.topic, letter.value, letter.key, headers=letter.headers, on_delivery=delivered
            )
        except BufferError:
            # A batch of very long records is more than the driver holds at once: sent again by flush().
            self._failed.append(letter)

    def _delivered(self, letter: _Outgoing, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            log.warning("a dead letter was not taken and is sent again: %s", error)
            self._failed.append(letter)


def _bytes(content: bytes | str | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
