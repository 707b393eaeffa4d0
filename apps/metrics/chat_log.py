"""`chat` and `channel-events` as `check_ledger` reads them: from Kafka, without being in a group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import TopicPartition

from apps.metrics.record_readers import taken_ms
from core.errors import BadRecord
from core.pipeline.coverage import Gap
from core.pipeline.records import read_event
from core.proof.comparison import EVENT_OF_NOTICE, ReceivedMessages
from core.proof.event_sums import SUM_KINDS, EventSum
from core.proof.reference import Tally
from twitchly import kafka

_NOTICES = frozenset(EVENT_OF_NOTICE.values())


@dataclass(frozen=True, slots=True)
class Events:
    """The part of `channel-events` that is checked: gaps by channel id, notices that have an id, and sums.

    Of events with the same channel, time and id history keeps the last, and so do `sums`.
    """

    gaps: Mapping[str, Sequence[Gap]] = field(default_factory=dict)
    notices: ReceivedMessages = field(default_factory=ReceivedMessages)
    sums: Sequence[EventSum] = ()


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
        self._consumer = kafka.reader("check-ledger")
        self._next = {place.partition: place for place in self._beginnings("chat")}
        self._low = {number: place.offset for number, place in self._next.items()}

    @property
    def partitions(self) -> Sequence[int]:
        """The numbers of the partitions of `chat`."""
        return sorted(self._next)

    def catch_up(self) -> None:
        """Take what was written to `chat` since the last call."""
        for messages in kafka.read_to_end(self._consumer, list(self._next.values())):
            for message in messages:
                place = self._next[message.partition() or 0]
                self.tally.add(place.partition, message.value(), taken_ms(message))
                place.offset = (message.offset() or 0) + 1

    def kept_from_ms(self) -> int:
        """Return the time from which `chat` still holds everything."""
        return max((self.tally.first_ms.get(number, 0) for number, low in self._low.items() if low), default=0)

    def events(self) -> Events:
        """Return every recorded gap, raid, gift bomb and sum."""
        return read_events(
            (message.value(), taken_ms(message))
            for messages in kafka.read_to_end(self._consumer, self._beginnings("channel-events"))
            for message in messages
        )

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._consumer.close()

    def _beginnings(self, topic: str) -> list[TopicPartition]:
        places = kafka.partitions_of(self._consumer, topic)
        for place in places:
            place.offset, _ = kafka.ends_of(self._consumer, place)
        return places


def read_events(records: Iterable[tuple[bytes | None, int]]) -> Events:
    """Return what records of `channel-events` hold, each with when Kafka took it; an unusable one is nothing."""
    gaps: dict[str, list[Gap]] = defaultdict(list)
    notices = ReceivedMessages()
    sums: dict[tuple[str, int, str], EventSum] = {}
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
            count = 1 if event.count is None else event.count
            key = (event.channel_id, event.at_ms, event.id)
            sums[key] = EventSum(event.channel_id, event.kind, event.at_ms, count)
    return Events(gaps, notices, list(sums.values()))
