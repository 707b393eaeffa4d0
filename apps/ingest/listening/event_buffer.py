"""What waits for `channel-events`: it is kept until Kafka has it."""

from __future__ import annotations

import uuid
from collections import deque
from functools import partial
from typing import Any

import orjson
from confluent_kafka import KafkaError, Message, Producer

from core.pipeline.coverage import Gap
from core.pipeline.records import gap_record
from twitchly.kafka import topic_name

# Events that wait for Kafka; gaps among them are never dropped.
EVENTS_WAITING = 20_000


class WaitingEvents:
    """Writes channel events in the order in which they came; one that Kafka did not take waits again."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._topic = topic_name("channel-events")
        self._waiting: deque[dict[str, Any]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, fields: dict[str, Any]) -> bool:
        """Take an event; False when too many wait, for Kafka is away."""
        if len(self._waiting) >= EVENTS_WAITING:
            return False
        self._waiting.append(fields)
        return True

    def put_gap(self, gap: Gap) -> None:
        """Take a gap, however many wait."""
        self._waiting.append(
            gap_record(
                event_id=str(uuid.uuid4()),
                channel_id=gap.channel_id,
                from_ms=gap.from_ms,
                until_ms=gap.until_ms,
                reason=gap.reason,
            )
        )

    def write(self) -> None:
        """Hand to Kafka's driver what it can take now."""
        while self._waiting:
            fields = self._waiting[0]
            try:
                self._producer.produce(
                    self._topic,
                    orjson.dumps(fields),
                    key=fields["channel_id"],
                    on_delivery=partial(self._delivered, fields),
                )
            except BufferError:
                return
            self._waiting.popleft()

    def _delivered(self, fields: dict[str, Any], error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._waiting.append(fields)
