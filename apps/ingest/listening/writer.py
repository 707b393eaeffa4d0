"""The way into Kafka: a bounded buffer, then stamping, hashing and `produce`. The IRC reader never waits for it."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from confluent_kafka import KafkaError, Message, Producer

from core.coverage import Gap
from core.event_time import PartitionTime
from core.hashing import user_hash
from core.records import DAY_MS, clock_record, gap_record
from twitchly.kafka import topic_name

log = logging.getLogger(__name__)

# Kafka is taken to be away when it has confirmed nothing for this long; then records wait in the buffer.
AWAY_AFTER_S = 2.0
BATCH = 2_000


@dataclass(slots=True)
class Entry:
    """A record before it is stamped. `user` is hashed with the key of the day that `at_ms` falls on."""

    partition: int
    sent_ms: int
    fields: dict[str, Any]
    user: str | None = None


class Writer:
    """Writes the records of the partitions this producer owns, in order, each with its event time.

    `now_ms` is the producer's clock, `hash_key` returns the key of a UTC day. What cannot be written is
    returned by `take_lost` as gaps.
    """

    def __init__(
        self,
        producer: Producer,
        *,
        name: str,
        limit: int,
        now_ms: Callable[[], int],
        hash_key: Callable[[dt.date], bytes],
    ) -> None:
        self._producer = producer
        self._name = name
        self._limit = limit
        self._now_ms = now_ms
        self._hash_key = hash_key
        self._chat = topic_name("chat")
        self._events = topic_name("channel-events")
        self._buffer: deque[Entry] = deque()
        self._times: dict[int, PartitionTime] = {}
        self._suspended: dict[int, PartitionTime] = {}
        self._lost: dict[tuple[str, str], tuple[int, int]] = {}
        self._gaps: deque[Gap] = deque()
        self._confirmed_s = time.monotonic()
        self._clocks_out = 0
        self._probing = False
        self.counts: Counter[str] = Counter()

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that are written, or will be again when Kafka is back."""
        return frozenset(self._times) | frozenset(self._suspended)

    def own(self, last_ms: Mapping[int, int]) -> None:
        """Begin to write partitions; `last_ms` is the greatest `at_ms` each holds.

        A suspended partition goes on where it was if nobody else wrote to it; what waits for one that did
        change hands is lost.
        """
        kept = {p: times for p, times in self._suspended.items() if last_ms.get(p, times.last_ms + 1) <= times.last_ms}
        self._drop(self._suspended.keys() - kept.keys())
        self._suspended.clear()
        self._times.update({p: kept.get(p) or PartitionTime(at_ms) for p, at_ms in last_ms.items()})

    def suspend(self, partitions: Iterable[int]) -> None:
        """Stop writing partitions at once: they may have another owner. What is buffered waits."""
        self._purge()
        self._suspended.update({p: self._times.pop(p) for p in partitions if p in self._times})

    def disown(self, partitions: Iterable[int], *, flush_s: float) -> None:
        """Give partitions up: write what is buffered within `flush_s`, then never again."""
        self.flush(flush_s)
        if len(self._producer):
            # Kafka is slow to answer: what it has not confirmed must not be sent beside the new owner's records.
            self._purge()
        self._drop(partitions)

    def put(self, entry: Entry) -> None:
        """Take one record; when the buffer is full the oldest one is dropped, counted and becomes a gap."""
        if len(self._buffer) >= self._limit:
            self._lose(self._buffer.popleft().fields, "overflow")
        self._buffer.append(entry)

    def put_clocks(self) -> None:
        """Add a clock to each partition: the promise that nothing much earlier follows."""
        now_ms = self._now_ms()
        for partition in self.partitions:
            self.put(Entry(partition, now_ms, clock_record(producer=self._name)))

    def put_gap(self, gap: Gap) -> None:
        """Record a gap; it is kept until Kafka has it."""
        self._gaps.append(gap)

    def step(self) -> None:
        """Hand to Kafka what it can take now; never waits."""
        self._producer.poll(0)
        if self._probing and not self._clocks_out:
            self._probe()
        if self.is_held():
            return
        self._write_gaps()
        for _ in range(min(BATCH, len(self._buffer))):
            if not self._write(self._buffer[0]):
                return
            self._buffer.popleft()
            if self.is_held():
                return

    def flush(self, seconds: float) -> None:
        """Write all that is buffered, waiting at most `seconds` for Kafka."""
        until = time.monotonic() + seconds
        while (self._buffer or self._gaps or len(self._producer)) and time.monotonic() < until:
            self.step()
            self._producer.flush(0.05)

    def skip(self, channel_id: str, sent_ms: int, reason: str) -> None:
        """Account for a message that was heard and is not to be written."""
        self._lose({"kind": "message", "channel_id": channel_id, "sent_ms": sent_ms}, reason)

    def take_lost(self) -> list[Gap]:
        """Return, once, the gaps made of records that were dropped or not confirmed."""
        gaps = [Gap(channel, first, last, reason) for (channel, reason), (first, last) in self._lost.items()]
        self._lost.clear()
        return gaps

    def is_held(self) -> bool:
        """Say whether records wait, because Kafka is away."""
        silent = time.monotonic() - self._confirmed_s > AWAY_AFTER_S
        return bool(self._suspended) or self._probing or (self._clocks_out > 0 and silent)

    def _probe(self) -> None:
        """Write a clock that promises nothing new, to learn whether Kafka is back before records are risked."""
        for partition, times in list(self._times.items())[:1]:
            self._write(Entry(partition, times.last_ms, clock_record(producer=self._name)))

    def _write(self, entry: Entry) -> bool:
        times = self._times.get(entry.partition)
        if times is None:
            self._lose(entry.fields, "handover")
            return True
        before_ms = times.last_ms
        fields = entry.fields
        at_ms = fields["at_ms"] = times.stamp(entry.sent_ms, self._now_ms())
        if entry.user is not None:
            day = dt.datetime.fromtimestamp(at_ms // DAY_MS * DAY_MS / 1000, dt.UTC).date()
            fields["user_hash"] = user_hash(entry.user, self._hash_key(day))
        is_clock = fields["kind"] == "clock"
        try:
            self._producer.produce(
                self._chat,
                orjson.dumps(fields),
                key=fields.get("channel_id"),
                partition=entry.partition,
                on_delivery=self._clock_delivered if is_clock else self._delivered,
            )
        except BufferError:
            times.last_ms = before_ms
            return False
        if is_clock:
            if not self._clocks_out:
                self._confirmed_s = time.monotonic()
            self._clocks_out += 1
        elif at_ms != entry.sent_ms:
            self.counts["moved"] += 1
        self.counts[fields["kind"]] += 1
        return True

    def _write_gaps(self) -> None:
        while self._gaps:
            gap = self._gaps[0]
            fields = gap_record(
                event_id=str(uuid.uuid4()),
                channel_id=gap.channel_id,
                from_ms=gap.from_ms,
                until_ms=gap.until_ms,
                reason=gap.reason,
            )
            try:
                self._producer.produce(
                    self._events,
                    orjson.dumps(fields),
                    key=gap.channel_id,
                    on_delivery=partial(self._gap_delivered, gap),
                )
            except BufferError:
                return
            self._gaps.popleft()

    def _clock_delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._clocks_out -= 1
        self._probing = error is not None
        if error is None:
            self._confirmed_s = time.monotonic()

    def _gap_delivered(self, gap: Gap, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._gaps.append(gap)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            value = message.value()
            self._lose(orjson.loads(value if isinstance(value, bytes) else b"{}"), "delivery")

    def _purge(self) -> None:
        self._producer.purge(in_queue=True, in_flight=True, blocking=True)
        self._producer.poll(0)

    def _drop(self, partitions: Iterable[int]) -> None:
        gone = frozenset(partitions)
        for partition in gone:
            self._times.pop(partition, None)
        for entry in self._buffer:
            if entry.partition in gone:
                self._lose(entry.fields, "handover")
        self._buffer = deque(entry for entry in self._buffer if entry.partition not in gone)

    def _lose(self, fields: Mapping[str, Any], reason: str) -> None:
        self.counts[f"lost by {reason}"] += 1
        if fields.get("kind") != "message":
            return
        key, at_ms = (fields["channel_id"], reason), fields["sent_ms"]
        first, last = self._lost.get(key, (at_ms, at_ms))
        self._lost[key] = (min(first, at_ms), max(last, at_ms))
