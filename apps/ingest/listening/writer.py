"""The way into Kafka: a bounded buffer, then stamping, hashing and `produce`. The IRC reader never waits for it."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import KafkaError, Message, Producer

from apps.ingest.listening.event_buffer import WaitingEvents
from core.errors import TwitchlyError
from core.irc.event_time import PartitionTime
from core.irc.hashing import text_hash, user_hash
from core.pipeline.coverage import Gap
from core.pipeline.records import SPOKEN_KINDS, clock_record
from core.times import DAY_MS
from twitchly import kafka
from twitchly.kafka import topic_name

log = logging.getLogger(__name__)

# Kafka is taken to be away when it has confirmed nothing for this long; then records wait in the buffer.
AWAY_AFTER_S = 2.0
BATCH = 5_000
# What librdkafka holds at the most; the rest waits in the buffer, where it is not stamped yet.
IN_FLIGHT = 50_000
# The group may give our partitions to another this long after the last sign of life, which is up to 2 s older than
# the moment from which a stopped process stands still.
STOOD_STILL_S = kafka.SESSION_TIMEOUT_MS / 1000 - 3.0
# How long the driver may take to give back what was not sent.
PURGE_S = 1.0
# What is missing for good when it is lost; pulses and clocks come every second.
_NOT_SENT_AGAIN = SPOKEN_KINDS | {"removal"}


class StoodStill(TwitchlyError):
    """This process was stopped for so long that another may own its partitions: it must not write any more."""


@dataclass(slots=True)
class Entry:
    """A record before it is stamped. `user` and the text are hashed with the key of the day that `at_ms` falls on."""

    partition: int
    sent_ms: int
    fields: dict[str, Any]
    user: str | None = None


class Writer:
    """Writes the records of the partitions this producer owns, in order, each with its event time.

    `now_ms` is the producer's clock, `hash_key` returns the key of a UTC day. What cannot be written is
    returned by `take_lost` as gaps. `counts` has records by kind and losses by reason, `acked` what Kafka
    confirmed of them, `most_moved_ms` the farthest that a record's `at_ms` lies from its `sent_ms`.
    """

    def __init__(
        self,
        producer: Producer,
        *,
        name: str,
        limit: int,
        now_ms: Callable[[], int],
        hash_key: Callable[[dt.date], bytes],
        running_s: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        """`running_s` is a clock that never goes back and counts the time that the machine slept."""
        self._producer = producer
        self._running_s = running_s
        self._stepped_s: float | None = None
        self.has_stood_still = False
        self._name = name
        self._limit = limit
        self._now_ms = now_ms
        self._hash_key = hash_key
        self._chat = topic_name("chat")
        self._events = WaitingEvents(producer)
        self._buffer: deque[Entry] = deque()
        self._times: dict[int, PartitionTime] = {}
        self._suspended: dict[int, PartitionTime] = {}
        self._lost: dict[tuple[str, str], tuple[int, int]] = {}
        self._confirmed_s = time.monotonic()
        self._clocks_out = 0
        self._probing = False
        self._key_day, self._key = -1, b""
        self.acked = 0
        self.most_moved_ms = 0
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

    def put_clocks(self, lag_ms: int) -> None:
        """Add a clock to each partition: the promise that nothing much earlier follows.

        `lag_ms` tells the next owner how long what we hear is under way to us.
        """
        now_ms = self._now_ms()
        for partition in self.partitions:
            self.put(Entry(partition, now_ms, clock_record(producer=self._name, lag_ms=lag_ms)))

    def put_gap(self, gap: Gap) -> None:
        """Record a gap; it is kept until Kafka has it."""
        self._events.put_gap(gap)
        self.counts["gap"] += 1

    def put_event(self, fields: dict[str, Any]) -> None:
        """Record what happened to a channel; when too many wait, for Kafka is away, it is dropped and a gap."""
        if self._events.put(fields):
            self.counts["event"] += 1
        else:
            self.counts["lost by overflow"] += 1
            self._note_lost(fields["channel_id"], "overflow", fields["at_ms"])

    def step(self) -> None:
        """Hand to Kafka what it can take now; never waits. Raises: StoodStill, once and for all."""
        self._mind_the_time()
        self._producer.poll(0)
        if self._probing and not self._clocks_out:
            self._probe()
        if self.is_held():
            return
        self._events.write()
        room = min(BATCH, IN_FLIGHT - len(self._producer), len(self._buffer))
        self._write([self._buffer.popleft() for _ in range(room)])

    def flush(self, seconds: float) -> None:
        """Write all that is buffered, waiting at most `seconds` for Kafka. Raises: StoodStill."""
        until = time.monotonic() + seconds
        while (self._buffer or self._events or len(self._producer)) and time.monotonic() < until:
            self.step()
            self._producer.flush(0.05)

    def skip(self, channel_id: str, sent_ms: int, reason: str) -> None:
        """Account for a message that was heard and is not to be written."""
        self._lose({"kind": "message", "channel_id": channel_id, "sent_ms": sent_ms}, reason)

    @property
    def buffered(self) -> int:
        """How many records wait in memory, before Kafka's driver."""
        return len(self._buffer)

    @property
    def in_flight(self) -> int:
        """How many records Kafka's driver holds that are not confirmed yet."""
        return len(self._producer)

    def take_lost(self) -> list[Gap]:
        """Return, once, the gaps made of records that were dropped or not confirmed."""
        gaps = [Gap(channel, first, last, reason) for (channel, reason), (first, last) in self._lost.items()]
        self._lost.clear()
        return gaps

    def is_held(self) -> bool:
        """Say whether records wait, because Kafka is away."""
        silent = time.monotonic() - self._confirmed_s > AWAY_AFTER_S
        return bool(self._suspended) or self._probing or (self._clocks_out > 0 and silent)

    def _mind_the_time(self) -> None:
        now_s = self._running_s()
        stood_s = 0.0 if self._stepped_s is None else now_s - self._stepped_s
        self._stepped_s = now_s
        if stood_s > STOOD_STILL_S:
            self.has_stood_still = True
            self._purge()
        if self.has_stood_still:
            raise StoodStill(f"stood still for {stood_s:.0f} s: another may write what was ours, so this process ends")

    def _probe(self) -> None:
        """Write a clock that promises nothing new, to learn whether Kafka is back before records are risked."""
        for partition, times in list(self._times.items())[:1]:
            self._write([Entry(partition, times.last_ms, clock_record(producer=self._name))])

    def _write(self, entries: Iterable[Entry]) -> None:
        now_ms = self._now_ms()
        batches: dict[int, list[dict[str, Any]]] = {}
        for entry in entries:
            if message := self._message(entry, now_ms):
                batches.setdefault(entry.partition, []).append(message)
        for partition, batch in batches.items():
            # The driver heeds the partition of a batch, not that of a message in it.
            self._producer.produce_batch(self._chat, batch, partition=partition, on_delivery=self._delivered)
            for message in batch:
                if "_error" in message:
                    self.counts["refused by the driver"] += 1
                    self._lose(orjson.loads(message["value"]), "delivery")

    def _message(self, entry: Entry, now_ms: int) -> dict[str, Any] | None:
        """Stamp a record and return it as the driver takes it; None when its partition is not ours any more."""
        fields, times = entry.fields, self._times.get(entry.partition)
        if times is None:
            self._lose(fields, "handover")
            return None
        at_ms = fields["at_ms"] = times.stamp(entry.sent_ms, now_ms)
        kind = fields["kind"]
        if entry.user is not None:
            key = self._key_of(at_ms)
            fields["user_hash"], fields["text_hash"] = user_hash(entry.user, key), text_hash(fields["text"], key)
        if at_ms != entry.sent_ms and kind != "clock":
            self.counts["moved"] += 1
            self.most_moved_ms = max(self.most_moved_ms, abs(at_ms - entry.sent_ms))
        self.counts[kind] += 1
        message = {"value": orjson.dumps(fields), "key": fields.get("channel_id")}
        if kind == "clock":
            message["callback"] = self._clock_delivered
            if not self._clocks_out:
                self._confirmed_s = time.monotonic()
            self._clocks_out += 1
        return message

    def _key_of(self, at_ms: int) -> bytes:
        day = at_ms // DAY_MS
        if day != self._key_day:
            self._key = self._hash_key(dt.datetime.fromtimestamp(day * DAY_MS / 1000, dt.UTC).date())
            self._key_day = day
        return self._key

    def _clock_delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._clocks_out -= 1
        self._probing = error is not None
        if error is None:
            self.acked += 1
            self._confirmed_s = time.monotonic()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.acked += 1
        else:
            value = message.value()
            self._lose(orjson.loads(value if isinstance(value, bytes) else b"{}"), "delivery")

    def _purge(self) -> None:
        """Take back what the driver holds. One purge misses what is just being moved between the driver's queues."""
        until = time.monotonic() + PURGE_S
        while len(self._producer) and time.monotonic() < until:
            self._producer.purge(in_queue=True, in_flight=True, blocking=True)
            self._producer.poll(0.01)
        if left := len(self._producer):
            log.error("Kafka's driver did not give back %d records: they may still be written", left)

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
        if fields.get("kind") not in _NOT_SENT_AGAIN:
            return
        self._note_lost(fields["channel_id"], reason, fields["sent_ms"])

    def _note_lost(self, channel_id: str, reason: str, at_ms: int) -> None:
        key = (channel_id, reason)
        first, last = self._lost.get(key, (at_ms, at_ms))
        self._lost[key] = (min(first, at_ms), max(last, at_ms))
