"""The check of the whole path: the ledger against `chat`, and Cassandra against the reference over `chat`.

What is equal to what is said in docs/design.md, section 8; the comparisons themselves are in core/ledger.py
and core/reference.py. Here are the readers, and the waiting for what is still on its way.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from apps.metrics.store import StoredWindow
from core.errors import BadRecord, ServiceAway
from core.event_time import PROMISE_DELAY_MS
from core.ledger import Entry, Fault, Gap, Listening, file_hour_ms, match, parse_entry
from core.metrics import WINDOW_MS
from core.records import read_event
from core.reference import STORED_GRAINS, Tally, WindowKey, differences
from twitchly import kafka

# A difference younger than this may still be on its way through the sinks.
RECENT_MS = 30_000
SETTLE_S = 5.0
POLL_S = 1.0
SILENCE_S = 20.0

GapsByChannel = Mapping[str, Sequence[Gap]]
StoredWindows = dict[WindowKey, dict[str, int]]


class WindowReader(Protocol):
    """What the check asks of Cassandra: see apps/metrics/store.py."""

    def read_windows(self, grain: str, channel_id: str, from_ms: int, until_ms: int) -> list[StoredWindow]:
        """Return the windows of a channel whose end lies in (from_ms, until_ms], oldest first."""
        ...


class ChatLog(Protocol):
    """`chat` and the gaps of `channel-events`, read without being in a group."""

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

    def gaps(self) -> GapsByChannel:
        """Return every recorded gap by channel id. Raises: ServiceAway."""
        ...


class KafkaChatLog:
    """The real topics."""

    def __init__(self) -> None:
        """Raises: ServiceAway."""
        self.tally = Tally()
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

    def gaps(self) -> GapsByChannel:
        """Return every recorded gap by channel id."""
        return read_gaps(
            (message.value(), message.timestamp()[1])
            for message in _read(self._consumer, self._beginnings("channel-events"))
        )

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._consumer.close()

    def _beginnings(self, topic: str) -> list[TopicPartition]:
        places = kafka.partitions_of(self._consumer, topic)
        return [_at(place, _offsets(self._consumer, place)[0]) for place in places]


@dataclass(slots=True)
class Report:
    """The figures of a check; `notes` are what a person should know who reads them."""

    listening: Listening
    moved: int
    rejected: int
    windows: int
    differences: list[str]
    notes: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, int]:
        """Return the figures in the order in which they are printed."""
        return {
            "sent": self.listening.sent,
            "in_chat": self.listening.in_chat,
            "in_gaps": self.listening.in_gaps,
            "dropped": self.listening.dropped,
            "moved": self.moved,
            "rejected": self.rejected,
            "pending": self.listening.pending,
            "windows": self.windows,
            "differences": len(self.differences),
        }

    @property
    def proves(self) -> bool:
        """Whether both equalities were compared and hold."""
        return not self.differences and self.listening.sent > 0 and self.windows > 0


@dataclass(slots=True)
class Check:
    """One check; nothing waits longer than `timeout_s` in all."""

    chat: ChatLog
    store: WindowReader
    ledger: Ledger
    timeout_s: float
    faults: Sequence[Fault] | None = None
    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _notes: list[str] = field(default_factory=list)
    _deadline_s: float = 0.0
    _channels: set[str] = field(default_factory=set)

    def run(self) -> Report:
        """Wait for what is under way, compare, and look once more at what is young. Raises: ServiceAway."""
        self._deadline_s = self.now_s() + self.timeout_s
        self._wait_for_promise()
        tally, promise_ms = self.chat.tally, self.chat.tally.promise_ms(self.chat.partitions)
        from_ms = self.chat.kept_from_ms()
        expected = tally.blocks.windows(from_ms=from_ms, until_ms=promise_ms)
        self._wait_for_sink(expected)
        listening = self._listening(promise_ms)
        found = self._stored(from_ms, promise_ms)
        wrong = dict(differences(expected, found))
        young = {key for key in wrong if key[2] > promise_ms - RECENT_MS}
        if young or listening.late_ms > promise_ms - RECENT_MS:
            self.sleep(SETTLE_S)
            self.chat.catch_up()
            listening = self._listening(promise_ms)
            again = self._reread(young)
            wrong = {key: why for key, why in wrong.items() if key not in young}
            wrong |= dict(differences({key: expected[key] for key in young if key in expected}, again))
        if self.ledger.torn:
            self._notes.append(f"{self.ledger.torn} torn lines in the ledger: nothing of them was sent")
        if tally.without_id:
            listening.differences.append(f"{tally.without_id} messages on chat have no id")
        windows = len(expected.keys() | found.keys())
        return Report(
            listening, tally.moved, tally.rejected, windows, [*listening.differences, *wrong.values()], self._notes
        )

    def _wait_for_promise(self) -> None:
        """Read `chat` until its promise has passed the newest entry that is in the ledger now."""
        newest_ms = 0
        for entry in self.ledger.entries():
            self._channels.add(entry.channel_id)
            newest_ms = max(newest_ms, entry.sent_ms if entry.connections else 0)
        self.chat.catch_up()
        while (promise_ms := self.chat.tally.promise_ms(self.chat.partitions)) < newest_ms:
            if self.now_s() > self._deadline_s:
                behind_s = (newest_ms - promise_ms) / 1000
                self._notes.append(f"chat ends {behind_s:.1f} s before the ledger: is run_producer running?")
                return
            self.sleep(POLL_S)
            self.chat.catch_up()

    def _wait_for_sink(self, expected: Mapping[WindowKey, object]) -> None:
        """Wait until the newest closed minute is in Cassandra for every channel that has one."""
        ends = [end_ms for _, grain, end_ms in expected if grain == "minute"]
        waiting = {key[0] for key in expected if key[1] == "minute" and key[2] == max(ends)}
        while waiting:
            end_ms = max(ends)
            waiting = {one for one in waiting if not self.store.read_windows("minute", one, end_ms - 1, end_ms)}
            if waiting and self.now_s() > self._deadline_s:
                self._notes.append(f"the minute ending {end_ms} is missing in Cassandra for {len(waiting)} channels")
                return
            if waiting:
                self.sleep(POLL_S)

    def _listening(self, promise_ms: int) -> Listening:
        # The ledger is read after chat: each message heard was written there before.
        gaps = self.chat.gaps()
        kept_ms = self.chat.kept_from_ms()
        from_ms = kept_ms + PROMISE_DELAY_MS if kept_ms else 0
        return match(self.ledger.entries(), self.chat.tally.heard, gaps, promise_ms, self.faults, from_ms)

    def _stored(self, from_ms: int, until_ms: int) -> StoredWindows:
        """Return what Cassandra holds of the channels known from `chat` or the ledger."""
        channels = self.chat.tally.blocks.channels() | self._channels
        first_ms = min(self.chat.tally.first_ms.values(), default=0)
        found: StoredWindows = {}
        for channel_id in sorted(channels):
            for grain in STORED_GRAINS:
                after_ms = from_ms + WINDOW_MS[grain] - 1 if from_ms else first_ms
                for window in self.store.read_windows(grain, channel_id, after_ms, until_ms):
                    found[channel_id, grain, window.end_ms] = window.columns
        return found

    def _reread(self, keys: Iterable[WindowKey]) -> StoredWindows:
        return {
            (channel_id, grain, end_ms): window.columns
            for channel_id, grain, end_ms in keys
            for window in self.store.read_windows(grain, channel_id, end_ms - 1, end_ms)
        }


class Ledger:
    """The ledger's folder; `torn` counts the lines passed over in the latest reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.torn = 0

    def entries(self) -> Iterator[Entry]:
        """Yield every whole entry, an hour's file after the other; of a torn line nothing was sent."""
        self.torn = 0
        for path in sorted(self._folder.glob("*.tsv")):
            if file_hour_ms(path.name) is not None:
                yield from self._whole(path)

    def _whole(self, path: Path) -> Iterator[Entry]:
        with path.open("rb") as lines:
            for entry in map(parse_entry, lines):
                if entry is None:
                    self.torn += 1
                else:
                    yield entry


def read_gaps(records: Iterable[tuple[bytes | None, int]]) -> GapsByChannel:
    """Return the gaps among records of `channel-events`, each with when Kafka took it; an unusable one is none."""
    gaps: dict[str, list[Gap]] = defaultdict(list)
    for value, appended_ms in records:
        try:
            event = read_event(value, appended_ms)
        except BadRecord:
            continue
        if event.kind == "gap" and event.until_ms is not None:
            gaps[event.channel_id].append(Gap(event.at_ms, event.until_ms, event.reason))
    return gaps


def _at(place: TopicPartition, offset: int) -> TopicPartition:
    return TopicPartition(place.topic, place.partition, offset)


def _offsets(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Return the first offset kept and the one after the last."""
    try:
        low, high = consumer.get_watermark_offsets(place, timeout=10)
    except KafkaException as error:
        raise ServiceAway(f"Kafka does not tell the offsets of {place.topic}: {error}") from error
    return low, high


def _read(consumer: Consumer, places: Sequence[TopicPartition]) -> Iterator[Message]:
    """Yield what one topic's partitions hold now, from the given places on. Raises: ServiceAway."""
    ends = {place.partition: _offsets(consumer, place)[1] for place in places}
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
