"""What Flink had to ignore on `chat`, found by the reader that goes by the same rules, and set aside.

Flink keeps no trace of it. A scan goes on where the last one ended: a group's commits say where, and are made once
Kafka has the letters.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from apps.metrics.batches import Batch, read_batch
from apps.metrics.dead_letters import DeadLetters
from core.errors import ServiceAway
from core.pipeline.bad_record_rate import BadRecordRate, RateExceeded
from core.pipeline.dead_letters import kind_of_fault
from core.pipeline.topics import dead_letter_topic
from twitchly import kafka

TOPIC = "chat"
FLUSH_LIMIT_S = 30.0


class ChatScan:
    """One scan of `chat` to its present end; `read` and `moved` count what it came upon."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self.read = 0
        self.moved: Counter[str] = Counter()
        self._dead_letters = dead_letters
        self._limits = BadRecordRate()
        self._reader = kafka.reader("chat-scan")

    def run(self) -> RateExceeded | None:
        """Move what is unusable; return what ended the scan before the end of `chat`, if so. Raises: ServiceAway."""
        kafka.partitions_of(self._reader, dead_letter_topic(TOPIC))
        for messages in kafka.read_to_end(self._reader, self._places()):
            batch = read_batch(messages, self._limits)
            self._move(batch)
            if batch.excess is not None:
                return batch.excess
        return None

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._reader.close()

    def _places(self) -> list[TopicPartition]:
        """Return where the last scan ended; where Kafka no longer holds that, what it still holds."""
        places = _committed(self._reader, kafka.partitions_of(self._reader, TOPIC))
        for place in places:
            low, high = kafka.ends_of(self._reader, place)
            place.offset = place.offset if low <= place.offset <= high else low
        return places

    def _move(self, batch: Batch) -> None:
        for message, reason in batch.unusable:
            self._dead_letters.add(message, reason)
        until_s = time.monotonic() + FLUSH_LIMIT_S
        if not self._dead_letters.flush(lambda: time.monotonic() > until_s):
            raise ServiceAway(f"Kafka did not take the letters within {FLUSH_LIMIT_S:.0f} s: they are moved again")
        _commit(self._reader, batch.next_places)
        self.read += len(batch.records) + len(batch.unusable)
        self.moved.update(kind_of_fault(reason) for _, reason in batch.unusable)


def _committed(reader: Consumer, places: Sequence[TopicPartition]) -> list[TopicPartition]:
    try:
        return list(reader.committed(list(places), timeout=10))
    except KafkaException as error:
        raise ServiceAway(f"Kafka does not tell where the last scan ended: {error}") from error


def _commit(reader: Consumer, places: Sequence[TopicPartition]) -> None:
    try:
        if places:
            reader.commit(offsets=list(places), asynchronous=False)
    except KafkaException as error:
        raise ServiceAway(f"Kafka did not note how far the scan came, the next moves some again: {error}") from error
