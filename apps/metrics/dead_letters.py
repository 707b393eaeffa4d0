"""Records that cannot be used go to their topic's dead-letter topic, with the reason."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from confluent_kafka import KafkaError, Message, Producer

from core.topics import dead_letter_topic

log = logging.getLogger(__name__)

# What Kafka takes in one record, less room for the headers.
LONGEST_BYTES = 900_000


@dataclass(frozen=True, slots=True)
class _Letter:
    topic: str
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


class DeadLetters:
    """Writes unusable records away.

    A record is kept as it came, cut where it is too long; its place, length and fault are in the headers.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._failed: list[_Letter] = []

    def add(self, message: Message, reason: str) -> None:
        """Set one record aside."""
        where = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        value = message.value()
        raw = value if isinstance(value, bytes) else b""
        headers: list[tuple[str, str | bytes | None]] = [
            ("reason", reason.encode(errors="replace")),
            ("from", json.dumps(where).encode()),
            ("bytes", str(len(raw)).encode()),
        ]
        log.warning("unusable record at %s: %s", where, reason)
        self._send(_Letter(dead_letter_topic(str(message.topic())), raw[:LONGEST_BYTES], headers))

    def flush(self, stop: Callable[[], bool]) -> bool:
        """Return True when Kafka has them all; tries again those it did not take, until told to stop."""
        while self._producer.flush(1) or self._failed:
            if stop():
                return False
            failed, self._failed = self._failed, []
            for letter in failed:
                self._send(letter)
        return True

    def _send(self, letter: _Letter) -> None:
        self._producer.produce(
            letter.topic, letter.value, headers=letter.headers, on_delivery=partial(self._delivered, letter)
        )

    def _delivered(self, letter: _Letter, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            log.warning("a dead letter was not taken and is sent again: %s", error)
            self._failed.append(letter)
