"""The dead letters of a topic, read back, and put back on the topic when today's reader can use them.

Windows and events are upserts, so a record that is put back twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from confluent_kafka import KafkaError, Message, TopicPartition

from apps.metrics.record_readers import READERS, taken_ms
from core.errors import BadRecord, NotFound, ServiceAway
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

# So many letters of the greatest length fit into what the driver holds at once.
AT_ONCE = 100
FLUSH_LIMIT_S = 20.0


class DeadLetterBox:
    """The dead letters of one topic, read without being in a group."""

    def __init__(self, topic: str) -> None:
        """Raises: ServiceAway."""
        self.topic = topic
        self._reader = kafka.reader("dead-letters")
        (self._place,) = kafka.partitions_of(self._reader, dead_letter_topic(topic))

    def letters(self) -> Iterator[DeadLetter]:
        """Yield the letters that there are now, oldest first. Raises: ServiceAway."""
        for message in self._messages():
            if replayed_offset(_headers(message)) is None:
                yield _letter(message)

    def named(self, offsets: Collection[int]) -> list[DeadLetter]:
        """Return these letters. Raises: NotFound, ServiceAway."""
        found = {letter.offset: letter for letter in self.letters() if letter.offset in offsets}
        missing = sorted(set(offsets) - set(found))
        if missing:
            low, high = kafka.ends_of(self._reader, self._place)
            kept = f"offsets {low} to {high - 1} are kept, notes of replays among them" if high > low else "it has none"
            raise NotFound(f"{self.topic} has no dead letter at {', '.join(map(str, missing))}: {kept}")
        return [found[offset] for offset in sorted(found)]

    def replayed(self) -> frozenset[int]:
        """Return the offsets of the letters that were put back. Raises: ServiceAway."""
        noted = (replayed_offset(_headers(message)) for message in self._messages())
        return frozenset(offset for offset in noted if offset is not None)

    def source_partitions(self) -> frozenset[int]:
        """Return the partitions that the topic itself has. Raises: ServiceAway."""
        return frozenset(place.partition for place in kafka.partitions_of(self._reader, self.topic))

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._reader.close()

    def _messages(self) -> Iterator[Message]:
        low, _ = kafka.ends_of(self._reader, self._place)
        start = TopicPartition(self._place.topic, self._place.partition, low)
        for messages in kafka.read_to_end(self._reader, [start]):
            yield from messages


def fault_today(topic: str, letter: DeadLetter) -> str | None:
    """Return why a letter could not be used if it came to its topic now, None when it could."""
    if letter.is_cut:
        return f"it was cut: {letter.length} bytes, and {letter.key_length} of its key, are more than is kept"
    try:
        READERS[topic](letter.value, clock.now_ms())
    except BadRecord as error:
        return str(error)
    return None


def replay(box: DeadLetterBox, letters: Iterable[DeadLetter]) -> Iterator[tuple[int, str | None]]:
    """Put letters back on their topic; yield each one's offset, and why it was refused or None. Raises: ServiceAway."""
    ours, writer = iter(letters), _Writer(box.topic, box.source_partitions())
    while some := list(islice(ours, AT_ONCE)):
        faults = {letter.offset: fault_today(box.topic, letter) for letter in some}
        writer.put_back([letter for letter in some if faults[letter.offset] is None])
        yield from faults.items()


class _Writer:
    """Puts letters back on their topic, where they came from if that is still there."""

    def __init__(self, topic: str, partitions: Collection[int]) -> None:
        self._topic = kafka.topic_name(topic)
        self._partitions = partitions
        self._producer = kafka.producer()
        self._failed: list[KafkaError] = []

    def put_back(self, letters: Collection[DeadLetter]) -> None:
        """Write the records, and the notes once Kafka has these: what fails in between is put back once more."""
        for letter in letters:
            partition = letter.partition if letter.partition in self._partitions else UNKNOWN
            self._producer.produce(self._topic, letter.value, letter.key, partition, self._delivered)
        self._flush()
        notes = dead_letter_topic(self._topic)
        for letter in letters:
            self._producer.produce(notes, headers=replay_note_headers(letter.offset), on_delivery=self._delivered)
        self._flush()

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error)

    def _flush(self) -> None:
        left = self._producer.flush(FLUSH_LIMIT_S)
        if left or self._failed:
            why = self._failed[0] if self._failed else f"{left} records are still under way"
            raise ServiceAway(f"Kafka did not take what was put back: {why}")


def _letter(message: Message) -> DeadLetter:
    return parse_dead_letter(
        offset=message.offset() or 0,
        written_ms=taken_ms(message),
        key=_content(message.key()),
        value=_content(message.value()),
        headers=_headers(message),
    )


def _headers(message: Message) -> list[Header]:
    found = message.headers() or []
    return list(found.items() if isinstance(found, Mapping) else found)


def _content(content: bytes | str | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
