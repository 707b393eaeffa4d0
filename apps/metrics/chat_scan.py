"""Scans `chat` for records that Flink ignored, and moves them to the dead letters.

Flink leaves no trace of them, so a parser with the same rules finds them. A scan resumes where the last one ended, at
the offsets committed for its group. Offsets are committed once Kafka has stored the dead letters.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from apps.metrics.batches import Batch, read_batch
from apps.metrics.dead_letters import DeadLetters
from core.errors import ServiceUnavailable
from core.pipeline.bad_record_rate import BadRecordRate, RateExceeded
from core.pipeline.dead_letters import kind_of_fault
from core.pipeline.topics import dead_letter_topic
from twitchly import kafka

TOPIC = "chat"
FLUSH_LIMIT_S = 30.0


class ChatScan:
    """One scan of `chat` to its current end; `read` counts all records; `moved` counts the dead letters by reason."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self.read = 0
        self.moved: Counter[str] = Counter()
        self._dead_letters = dead_letters
        self._limits = BadRecordRate()
        self._reader = kafka.reader("chat-scan")

    def run(self) -> RateExceeded | None:
        """Move unusable records to the dead letters. Return the RateExceeded if too many of them ended the scan early.

        Raises: ServiceUnavailable.
        """
        kafka.partitions_of(self._reader, dead_letter_topic(TOPIC))
        for messages in kafka.read_to_end(self._reader, self._starts()):
            batch = read_batch(messages, self._limits)
            self._move(batch)
            if batch.excess is not None:
                return batch.excess
        return None

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._reader.close()

    def _starts(self) -> list[TopicPartition]:
        """Return the offsets at which the last scan ended, or the first ones in Kafka if those records were deleted."""
        starts = _committed(self._reader, kafka.partitions_of(self._reader, TOPIC))
        for start in starts:
            low, high = kafka.ends_of(self._reader, start)
            start.offset = start.offset if low <= start.offset <= high else low
        return starts

    def _move(self, batch: Batch) -> None:
        for message, reason in batch.unusable:
            self._dead_letters.add(message, reason)
        until_s = time.monotonic() + FLUSH_LIMIT_S
        if not self._dead_letters.flush(lambda: time.monotonic() > until_s):
            raise ServiceUnavailable(
                f"Kafka did not accept the dead letters within {FLUSH_LIMIT_S:.0f} s: the next scan moves them again"
            )
        _commit(self._reader, batch.next_offsets)
        self.read += len(batch.records) + len(batch.unusable)
        self.moved.update(kind_of_fault(reason) for _, reason in batch.unusable)


def _committed(reader: Consumer, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
    try:
        return list(reader.committed(list(partitions), timeout=10))
    except KafkaException as error:
        raise ServiceUnavailable(f"Kafka did not return the offsets of the last scan: {error}") from error


def _commit(reader: Consumer, offsets: Sequence[TopicPartition]) -> None:
    try:
        if offsets:
            reader.commit(offsets=list(offsets), asynchronous=False)
    except KafkaException as error:
        raise ServiceUnavailable(
            f"scan offsets not committed, the next scan will move some records again: {error}"
        ) from error
