"""`chat` and `channel-events` as `check_ledger` reads them: from Kafka, without being in a group."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from apps.metrics.chat_range import offsets
from core.coverage import Gap
from core.errors import BadRecord, ServiceAway
from core.proof import EVENT_OF_NOTICE, Heard
from core.proof_sums import SUM_KINDS, HeardSum
from core.records import read_event
from core.reference import Tally
from twitchly import kafka

SILENCE_S = 20.0
_NOTICES = frozenset(EVENT_OF_NOTICE.values())


@dataclass(frozen=True, slots=True)
class Events:
    """What `channel-events` holds for the check: the gaps by channel id, the notices that have an id, and the sums."""

    gaps: Mapping[str, Sequence[Gap]] = field(default_factory=dict)
    notices: Heard = field(default_factory=Heard)
    sums: Sequence[HeardSum] = ()


class ChatLog(Protocol):
    """`chat` and `channel-events`, read without being in a group."""

    tally: Tally

    @property
    def partitions(self) -> Sequence[int]:
        """The numbers of the partitions of `chat`."""
        ...

    def catch_up(self) -> None:
        """Take what was written to `chat` since the last call, from the beginning at first. Raises: ServiceAway."""
        ...

    def kept_from_ms(self) -> int:
        """Return the time from which `chat` still holds everything; 0 when nothing was deleted yet."""
        ...

    def events(self) -> Events:
        """Return every recorded gap, raid, gift bomb and sum. Raises: ServiceAway."""
        ...


class KafkaChatLog:
    """The real topics; without `windows` the tally keeps only what was heard."""

    def __init__(self, *, windows: bool = True) -> None:
        """Raises: ServiceAway."""
        self.tally = Tally(windows=windows)
        self._consumer = kafka.consumer("check-ledger", **{"enable.partition.eof": True})
        self._next = {place.partition: place for place in self._beginnings("chat")}
        self._low = {number: place.offset for number, place in self._next.items()}

    @property
    def partitions(self) -> Sequence[int]:
        """The numbers of the partitions of `chat`."""
        return sorted(self._next)

    def catch_up(self) -> None:
        """Take what was written to `chat` since the last call."""
        for message in _read(self._consumer, list(self._next.values())):
            place = self._next[message.partition() or 0]
            self.tally.add(place.partition, message.value(), message.timestamp()[1])
            place.offset = (message.offset() or 0) + 1

    def kept_from_ms(self) -> int:
        """Return the time from which `chat` still holds everything."""
        return max((self.tally.first_ms.get(number, 0) for number, low in self._low.items() if low), default=0)

    def events(self) -> Events:
        """Return every recorded gap, raid, gift bomb and sum."""
        return read_events(
            (message.value(), message.timestamp()[1])
            for message in _read(self._consumer, self._beginnings("channel-events"))
        )

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._consumer.close()

    def _beginnings(self, topic: str) -> list[TopicPartition]:
        places = kafka.partitions_of(self._consumer, topic)
        return [_at(place, offsets(self._consumer, place)[0]) for place in places]


def read_events(records: Iterable[tuple[bytes | None, int]]) -> Events:
    """Return what records of `channel-events` hold, each with when Kafka took it; an unusable one is nothing."""
    gaps: dict[str, list[Gap]] = defaultdict(list)
    notices = Heard()
    sums: list[HeardSum] = []
    for value, appended_ms in records:
        try:
            event = read_event(value, appended_ms)
        except BadRecord:
            continue
        if event.kind == "gap" and event.until_ms is not None:
            gaps[event.channel_id].append(Gap(event.channel_id, event.at_ms, event.until_ms, event.reason))
        elif event.kind in _NOTICES:
            notices.add(event.id, event.channel_id, event.at_ms, event.kind)
        elif event.kind in SUM_KINDS:
            sums.append(HeardSum(event.channel_id, event.kind, event.at_ms, event.count or 0))
    return Events(gaps, notices, sums)


def _at(place: TopicPartition, offset: int) -> TopicPartition:
    return TopicPartition(place.topic, place.partition, offset)


def _read(consumer: Consumer, places: Sequence[TopicPartition]) -> Iterator[Message]:
    """Yield what one topic's partitions hold now, from the given places on. Raises: ServiceAway."""
    ends = {place.partition: offsets(consumer, place)[1] for place in places}
    wanted = {place.partition for place in places if place.offset < ends[place.partition]}
    consumer.assign([_at(place, place.offset) for place in places if place.partition in wanted])
    heard_s = time.monotonic()
    while wanted:
        for message in consumer.consume(10_000, timeout=1.0):
            heard_s = time.monotonic()
            partition, offset, error = message.partition() or 0, message.offset() or 0, message.error()
            if error is None and offset < ends[partition]:
                yield message
            # The end of a partition is told even where its last offsets hold no record.
            at_end = error is not None and error.code() == KafkaError._PARTITION_EOF
            if at_end or (error is None and offset + 1 >= ends[partition]):
                wanted.discard(partition)
        if time.monotonic() - heard_s > SILENCE_S:
            raise ServiceAway(f"Kafka has gone silent before the end of {places[0].topic}")
    consumer.unassign()
