"""Buffer of channel events that keeps each one until Kafka acknowledges it."""

from __future__ import annotations

import itertools
import math
import uuid
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from confluent_kafka import KafkaError, Message, Producer

from core.pipeline.coverage import Gap
from core.pipeline.records import gap_record
from twitchly.kafka import topic_name

# If the buffer is full, further events are dropped. Gaps never are.
MAX_BUFFERED_EVENTS = 20_000


class EventBuffer:
    """Writes records to `channel-events` in order; a record that was not delivered is queued again.

    `running_s` is a monotonic clock.
    """

    def __init__(self, producer: Producer, running_s: Callable[[], float]) -> None:
        self._producer = producer
        self._topic = topic_name("channel-events")
        self._buffer: deque[dict[str, Any]] = deque()
        self._running_s = running_s
        self._numbers = itertools.count()
        # Times at which the events were passed to the Kafka client, oldest first.
        self._sent_s: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._buffer)

    @property
    def in_flight(self) -> int:
        """The number of events that the Kafka client has neither delivered nor returned."""
        return len(self._sent_s)

    @property
    def oldest_s(self) -> float:
        """The time at which the oldest event in flight was passed to the Kafka client, or infinity if there is none."""
        return next(iter(self._sent_s.values()), math.inf)

    def put(self, fields: dict[str, Any]) -> bool:
        """Queue an event; return False if the buffer is full because Kafka is unavailable."""
        if len(self._buffer) >= MAX_BUFFERED_EVENTS:
            return False
        self._buffer.append(fields)
        return True

    def put_gap(self, gap: Gap) -> None:
        """Queue a gap, even if the buffer is full."""
        self._buffer.append(
            gap_record(
                event_id=str(uuid.uuid4()),
                channel_id=gap.channel_id,
                from_ms=gap.from_ms,
                until_ms=gap.until_ms,
                reason=gap.reason,
            )
        )

    def write(self) -> None:
        """Pass events to the Kafka client until its queue is full."""
        while self._buffer:
            fields, number = self._buffer[0], next(self._numbers)
            try:
                self._producer.produce(
                    self._topic,
                    orjson.dumps(fields),
                    key=fields["channel_id"],
                    on_delivery=partial(self._delivered, fields, number),
                )
            except BufferError:
                return
            self._sent_s[number] = self._running_s()
            self._buffer.popleft()

    def _delivered(self, fields: dict[str, Any], number: int, error: KafkaError | None, _message: Message) -> None:
        del self._sent_s[number]
        if error is not None:
            self._buffer.append(fields)
