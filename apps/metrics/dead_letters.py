"""Records that cannot be used go to their topic's dead-letter topic, with the reason."""

from __future__ import annotations

import json
import logging
from typing import Any

from confluent_kafka import Message, Producer

from core.records import dead_letter_topic

log = logging.getLogger(__name__)


class DeadLetters:
    """Writes unusable records away. The record itself is kept as it came, its place and fault in headers."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._failed: list[str] = []
        self.count = 0

    def add(self, message: Message, reason: str) -> None:
        """Set one record aside."""
        where = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        headers: list[tuple[str, Any]] = [("reason", reason.encode()), ("from", json.dumps(where).encode())]
        self._producer.produce(
            dead_letter_topic(str(message.topic())),
            value=message.value(),
            key=message.key(),
            headers=headers,
            on_delivery=self._delivered,
        )
        self.count += 1
        log.warning("unusable record at %s: %s", where, reason)

    def flush(self) -> bool:
        """Wait until Kafka has them all; False when one was not taken, and they must be read again."""
        left = self._producer.flush(10)
        taken = not left and not self._failed
        self._failed.clear()
        return taken

    def _delivered(self, error: object, _message: Message) -> None:
        if error is not None:
            self._failed.append(str(error))
