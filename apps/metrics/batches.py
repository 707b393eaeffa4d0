"""Batches of Kafka messages, parsed until the limit on unusable records is exceeded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Message, TopicPartition

from apps.metrics.record_readers import READERS, Record, appended_ms
from core.errors import BadRecord
from core.pipeline.bad_record_rate import BadRecordRate, RateExceeded
from twitchly.kafka import topic_of


@dataclass(slots=True)
class Batch:
    """A parsed batch: the usable records with their messages, and the unusable messages with the reasons.

    `excess` is set if the limit on unusable records ended the batch early.
    """

    records: list[tuple[Record, Message]] = field(default_factory=list)
    unusable: list[tuple[Message, str]] = field(default_factory=list)
    excess: RateExceeded | None = None
    _next: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def next_offsets(self) -> Sequence[TopicPartition]:
        """The offsets to commit once the batch is processed; empty if nothing was read."""
        return [TopicPartition(topic, number, offset) for (topic, number), offset in self._next.items()]

    def add(self, message: Message, result: Record | str) -> None:
        """Add a message with its record, or with the reason why it is unusable."""
        if isinstance(result, str):
            self.unusable.append((message, result))
        else:
            self.records.append((result, message))
        self._next[str(message.topic()), message.partition() or 0] = (message.offset() or 0) + 1


def read_batch(messages: Iterable[Message], limits: BadRecordRate) -> Batch:
    """Parse messages until one exceeds the limit; neither this message nor those after it are added.

    This way, each restart moves at most as many unusable records to the dead letters as the limit allows.
    """
    batch = Batch()
    for message in messages:
        result = _parse(message)
        batch.excess = limits.take(topic_of(message), result if isinstance(result, str) else None)
        if batch.excess is not None:
            break
        batch.add(message, result)
    return batch


def _parse(message: Message) -> Record | str:
    try:
        return READERS[topic_of(message)](message.value(), appended_ms(message))
    except BadRecord as error:
        return str(error)
