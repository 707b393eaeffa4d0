"""A batch of messages, read as far as the share limit lets it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Message, TopicPartition

from apps.metrics.record_readers import READERS, Record, taken_ms
from core.errors import BadRecord
from core.pipeline.bad_record_rate import BadRecordRate, RateExceeded
from twitchly.kafka import topic_of


@dataclass(slots=True)
class Batch:
    """What was read: the usable records and where from, the unusable messages and why.

    `excess` is what ended it before its end, if anything did.
    """

    records: list[tuple[Record, Message]] = field(default_factory=list)
    unusable: list[tuple[Message, str]] = field(default_factory=list)
    excess: RateExceeded | None = None
    _next: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def next_places(self) -> Sequence[TopicPartition]:
        """Where reading goes on once the batch is dealt with; empty when nothing was read."""
        return [TopicPartition(topic, number, offset) for (topic, number), offset in self._next.items()]

    def add(self, message: Message, found: Record | str) -> None:
        """Add a message with its record, or with why it has none."""
        if isinstance(found, str):
            self.unusable.append((message, found))
        else:
            self.records.append((found, message))
        self._next[str(message.topic()), message.partition() or 0] = (message.offset() or 0) + 1


def read_batch(messages: Iterable[Message], limits: BadRecordRate) -> Batch:
    """Read messages until the limit is exceeded: the message that does so, and what follows it, is left alone.

    So after a start up to as many unusable ones are set aside as the limit lets through, and there is an end.
    """
    batch = Batch()
    for message in messages:
        found = _record(message)
        batch.excess = limits.take(topic_of(message), found if isinstance(found, str) else None)
        if batch.excess is not None:
            break
        batch.add(message, found)
    return batch


def _record(message: Message) -> Record | str:
    try:
        return READERS[topic_of(message)](message.value(), taken_ms(message))
    except BadRecord as error:
        return str(error)
