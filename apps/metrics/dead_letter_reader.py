"""Reads the dead letters of a topic, and replays those that the current parser accepts.

Windows and events are upserts, so replaying a record twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from confluent_kafka import KafkaError, Message, TopicPartition

from apps.metrics.record_readers import READERS, appended_ms
from core.errors import BadRecord, NotFound, ServiceUnavailable
from core.pipeline.dead_letters import (
    UNKNOWN,
    DeadLetter,
    Header,
    parse_dead_letter,
    replay_note_headers,
    replayed_offset,
)
from core.pipeline.topics import dead_letter_topic
from twitchly import clock, kafka

# The client's queue has room for this many dead letters of the maximum length.
BATCH_SIZE = 100
FLUSH_LIMIT_S = 20.0


class DeadLetterReader:
    """Reads the dead letters of one topic, without a consumer group."""

    def __init__(self, topic: str) -> None:
        """Raises: ServiceUnavailable."""
        self.topic = topic
        self._consumer = kafka.reader("dead-letters")
        (self._partition,) = kafka.partitions_of(self._consumer, dead_letter_topic(topic))

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Yield the current dead letters, oldest first. Raises: ServiceUnavailable."""
        for message in self._messages():
            if replayed_offset(_headers(message)) is None:
                yield _dead_letter(message)

    def dead_letters_at(self, offsets: Collection[int]) -> list[DeadLetter]:
        """Return the dead letters at these offsets. Raises: NotFound, ServiceUnavailable."""
        by_offset = {
            dead_letter.offset: dead_letter for dead_letter in self.dead_letters() if dead_letter.offset in offsets
        }
        missing = sorted(set(offsets) - set(by_offset))
        if missing:
            low, high = kafka.ends_of(self._consumer, self._partition)
            kept = f"offsets {low} to {high - 1} are kept, including replay notes" if high > low else "none are kept"
            raise NotFound(f"{self.topic} has no dead letter at {', '.join(map(str, missing))}: {kept}")
        return [by_offset[offset] for offset in sorted(by_offset)]

    def replayed(self) -> frozenset[int]:
        """Return the offsets of the dead letters that were replayed. Raises: ServiceUnavailable."""
        noted = (replayed_offset(_headers(message)) for message in self._messages())
        return frozenset(offset for offset in noted if offset is not None)

    def source_partitions(self) -> frozenset[int]:
        """Return the partition numbers of the source topic. Raises: ServiceUnavailable."""
        return frozenset(partition.partition for partition in kafka.partitions_of(self._consumer, self.topic))

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._consumer.close()

    def _messages(self) -> Iterator[Message]:
        low, _ = kafka.ends_of(self._consumer, self._partition)
        start = TopicPartition(self._partition.topic, self._partition.partition, low)
        for messages in kafka.read_to_end(self._consumer, [start]):
            yield from messages


def current_fault(topic: str, dead_letter: DeadLetter) -> str | None:
    """Return the reason why the current parser rejects a dead letter, or None if it is accepted."""
    if dead_letter.is_truncated:
        lengths = f"{dead_letter.length} bytes, or its key of {dead_letter.key_length} bytes"
        return f"it was truncated: its value of {lengths}, exceeds the maximum"
    try:
        READERS[topic](dead_letter.value, clock.now_ms())
    except BadRecord as error:
        return str(error)
    return None


def replay(reader: DeadLetterReader, dead_letters: Iterable[DeadLetter]) -> Iterator[tuple[int, str | None]]:
    """Replay dead letters; yield each offset with the reason for a rejection, or None. Raises: ServiceUnavailable."""
    remaining, writer = iter(dead_letters), _ReplayWriter(reader.topic, reader.source_partitions())
    while batch := list(islice(remaining, BATCH_SIZE)):
        faults = {dead_letter.offset: current_fault(reader.topic, dead_letter) for dead_letter in batch}
        writer.write([dead_letter for dead_letter in batch if faults[dead_letter.offset] is None])
        yield from faults.items()


class _ReplayWriter:
    """Writes dead letters back to their topic, to their original partition if it still exists."""

    def __init__(self, topic: str, partitions: Collection[int]) -> None:
        self._topic = kafka.topic_name(topic)
        self._partitions = partitions
        self._producer = kafka.producer()
        self._failed: list[KafkaError] = []

    def write(self, dead_letters: Collection[DeadLetter]) -> None:
        """Write the records, then the replay notes. If writing the notes fails, the records are replayed again."""
        for dead_letter in dead_letters:
            partition = dead_letter.partition if dead_letter.partition in self._partitions else UNKNOWN
            self._producer.produce(self._topic, dead_letter.value, dead_letter.key, partition, self._delivered)
        self._flush()
        notes = dead_letter_topic(self._topic)
        for dead_letter in dead_letters:
            self._producer.produce(notes, headers=replay_note_headers(dead_letter.offset), on_delivery=self._delivered)
        self._flush()

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error)

    def _flush(self) -> None:
        pending = self._producer.flush(FLUSH_LIMIT_S)
        if pending or self._failed:
            reason = self._failed[0] if self._failed else f"{pending} records are still in flight"
            raise ServiceUnavailable(f"Kafka did not acknowledge the replayed records: {reason}")


def _dead_letter(message: Message) -> DeadLetter:
    return parse_dead_letter(
        offset=message.offset() or 0,
        written_ms=appended_ms(message),
        key=_content(message.key()),
        value=_content(message.value()),
        headers=_headers(message),
    )


def _headers(message: Message) -> list[Header]:
    headers = message.headers() or []
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def _content(content: bytes | str | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
