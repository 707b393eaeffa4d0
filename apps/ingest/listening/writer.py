"""Kafka writer of the producer: a bounded buffer, then stamping, hashing and `produce`. Never blocks the IRC reader."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from confluent_kafka import KafkaError, Message, Producer

from apps.ingest.listening.event_buffer import EventBuffer
from apps.ingest.listening.in_flight import InFlight
from apps.ingest.listening.losses import Losses
from apps.ingest.listening.writer_counts import WriterCounts
from core.errors import TwitchlyError
from core.irc.event_time import PartitionTime
from core.irc.hashing import text_hash, user_hash
from core.pipeline.coverage import Gap
from core.pipeline.reasons import Loss
from core.pipeline.records import TEXT_KINDS, watermark_record
from core.pipeline.unstamped import UnstampedRecord
from core.times import DAY_MS, day_of
from twitchly import kafka
from twitchly.kafka import topic_name

log = logging.getLogger(__name__)

# Kafka is considered unavailable if it has acknowledged nothing for this long; records then wait in the buffer.
UNAVAILABLE_AFTER_S = 2.0
BATCH = 5_000
# Maximum number of records in librdkafka; the rest wait in the buffer, unstamped.
IN_FLIGHT = 50_000
# The group may reassign the partitions one session timeout after the last heartbeat, which precedes the start of a
# stall by up to 2 s. One second is the margin.
STALL_LIMIT_S = kafka.SESSION_TIMEOUT_MS / 1000 - 3.0
# How long a record may stay unacknowledged before the Kafka client must return all records. Once a record exceeds the
# client's own timeout (MESSAGE_TIMEOUT_MS), the client would resend the remaining records as new ones, including those
# that Kafka has already stored.
RETURN_AFTER_S = 6.0
# Time limit for the Kafka client to return unsent records.
PURGE_S = 1.0
# Kinds whose loss is permanent; pulses and watermark records repeat every second.
_IRREPLACEABLE_KINDS = TEXT_KINDS | {"removal"}


class ProducerStalled(TwitchlyError):
    """The process was paused for so long that another producer may own its partitions; it must not write again."""


class Writer:
    """Writes the records of the owned partitions in order and assigns event times.

    `now_ms` is the producer's clock; `hash_key` returns the key for a UTC day. `take_lost` returns the
    gaps left by records that could not be written.
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
        """`running_s` is a monotonic clock that includes suspend."""
        self._producer = producer
        self._running_s = running_s
        self._last_step_s: float | None = None
        self.is_stalled = False
        self._name = name
        self._limit = limit
        self._now_ms = now_ms
        self._hash_key = hash_key
        self._chat = topic_name("chat")
        self._events = EventBuffer(producer, running_s)
        self._buffer: deque[UnstampedRecord] = deque()
        self._times: dict[int, PartitionTime] = {}
        self._suspended: dict[int, PartitionTime] = {}
        self._losses = Losses()
        self._confirmed_s = running_s()
        # Counted here, because the Kafka client's length includes its own unread events, such as connection errors.
        self._unconfirmed = InFlight()
        self._pending_watermarks = 0
        self._probing = False
        self._key_day, self._key = -1, b""
        self.counts = WriterCounts()

    @property
    def partitions(self) -> frozenset[int]:
        """The owned partitions, including suspended ones."""
        return frozenset(self._times) | frozenset(self._suspended)

    def own(self, last_ms: Mapping[int, int]) -> None:
        """Start writing to partitions; `last_ms` is the greatest `at_ms` in each.

        A suspended partition resumes if no other producer wrote to it; otherwise its buffered records are lost.
        """
        unchanged = {
            p: times for p, times in self._suspended.items() if last_ms.get(p, times.last_ms + 1) <= times.last_ms
        }
        self._drop(self._suspended.keys() - unchanged.keys())
        self._suspended.clear()
        self._times.update({p: unchanged.get(p) or PartitionTime(at_ms) for p, at_ms in last_ms.items()})

    def suspend(self, partitions: Iterable[int]) -> None:
        """Stop writing to partitions immediately, because they may have another owner. Buffered records wait."""
        self._purge()
        self._suspended.update({p: self._times.pop(p) for p in partitions if p in self._times})

    def disown(self, partitions: Iterable[int], *, flush_s: float) -> None:
        """Release partitions after flushing the buffer for at most `flush_s`."""
        self.flush(flush_s)
        if self.in_flight:
            # Kafka is slow. Unacknowledged records must not be sent alongside those of the new owner.
            self._purge()
        self._drop(partitions)

    def put(self, entry: UnstampedRecord) -> None:
        """Buffer a record; if the buffer is full, drop the oldest one, count it and record a gap."""
        if len(self._buffer) >= self._limit:
            self._lose(self._buffer.popleft().fields, Loss.OVERFLOW)
        self._buffer.append(entry)

    def put_watermarks(self, lag_ms: int) -> None:
        """Add a watermark record to each partition. It promises that no record with a much earlier time follows.

        `lag_ms` is the current delay of incoming lines; the next owner reads it.
        """
        now_ms = self._now_ms()
        for partition in self.partitions:
            self.put(UnstampedRecord(partition, now_ms, watermark_record(producer=self._name, lag_ms=lag_ms)))

    def put_gap(self, gap: Gap) -> None:
        """Record a gap; it is retried until Kafka acknowledges it."""
        self._events.put_gap(gap)
        self.counts.records["gap"] += 1

    def put_event(self, fields: dict[str, Any]) -> None:
        """Record a channel event; if the event buffer is full, drop it and record a gap."""
        if self._events.put(fields):
            self.counts.records["event"] += 1
        else:
            self.counts.lost[Loss.OVERFLOW] += 1
            self._losses.add(fields["channel_id"], Loss.OVERFLOW, fields["at_ms"])

    def step(self) -> None:
        """Pass as many records to Kafka as it accepts, without blocking.

        Raises: ProducerStalled, and again on every later call.
        """
        self._check_for_stall()
        self._producer.poll(0)
        self._return_old()
        if self._probing and not self._pending_watermarks:
            self._probe()
        if self.is_held():
            return
        self._events.write()
        room = min(BATCH, IN_FLIGHT - self.in_flight, len(self._buffer))
        self._write([self._buffer.popleft() for _ in range(room)])

    def flush(self, seconds: float) -> None:
        """Write all buffered records, waiting at most `seconds` for Kafka. Raises: ProducerStalled."""
        until = time.monotonic() + seconds
        while (self._buffer or self._events or self.in_flight) and time.monotonic() < until:
            self.step()
            self._producer.flush(0.05)

    def skip(self, channel_id: str, sent_ms: int, reason: Loss) -> None:
        """Count a message as lost: it was received, but must not be written."""
        self._lose({"kind": "message", "channel_id": channel_id, "sent_ms": sent_ms}, reason)

    @property
    def buffered(self) -> int:
        """The number of records in the buffer, not yet passed to the Kafka client."""
        return len(self._buffer)

    @property
    def in_flight(self) -> int:
        """The number of records and events that the Kafka client has neither delivered nor returned."""
        return len(self._unconfirmed) + self._events.in_flight

    def take_lost(self) -> list[Gap]:
        """Remove and return the gaps caused by dropped or unacknowledged records."""
        return self._losses.take()

    def is_held(self) -> bool:
        """Return whether records are held back because Kafka is unavailable."""
        is_unconfirmed = self._running_s() - self._confirmed_s > UNAVAILABLE_AFTER_S
        return bool(self._suspended) or self._probing or (self._pending_watermarks > 0 and is_unconfirmed)

    def _check_for_stall(self) -> None:
        now_s = self._running_s()
        paused_s = 0.0 if self._last_step_s is None else now_s - self._last_step_s
        self._last_step_s = now_s
        if paused_s > STALL_LIMIT_S:
            self.is_stalled = True
            self._purge()
        if self.is_stalled:
            raise ProducerStalled(f"stalled for {paused_s:.0f} s: another producer may own the partitions, exiting")

    def _return_old(self) -> None:
        held_s = self._running_s() - min(self._unconfirmed.oldest_s, self._events.oldest_s)
        if held_s > RETURN_AFTER_S:
            log.warning("a record is unacknowledged after %.0f s: dropping %d records", held_s, self.in_flight)
            self._purge()

    def _probe(self) -> None:
        """Write a watermark record that promises nothing new, to test Kafka without risking other records."""
        for partition, times in list(self._times.items())[:1]:
            self._write([UnstampedRecord(partition, times.last_ms, watermark_record(producer=self._name))])

    def _write(self, entries: Iterable[UnstampedRecord]) -> None:
        now_ms = self._now_ms()
        batches: dict[int, list[dict[str, Any]]] = {}
        for entry in entries:
            if message := self._message(entry, now_ms):
                batches.setdefault(entry.partition, []).append(message)
        for partition, batch in batches.items():
            # The Kafka client ignores a message's own partition within a batch.
            self._producer.produce_batch(self._chat, batch, partition=partition, on_delivery=self._delivered)
            refused = [message for message in batch if "_error" in message]
            self._unconfirmed.add(partition, len(batch) - len(refused), self._running_s())
            for message in refused:
                self._pending_watermarks -= "callback" in message
                self.counts.refused += 1
                self._lose(orjson.loads(message["value"]), Loss.DELIVERY)

    def _message(self, entry: UnstampedRecord, now_ms: int) -> dict[str, Any] | None:
        """Stamp a record for the Kafka client. Return None if its partition is no longer owned."""
        fields, times = entry.fields, self._times.get(entry.partition)
        if times is None:
            self._lose(fields, Loss.HANDOVER)
            return None
        at_ms = fields["at_ms"] = times.stamp(entry.sent_ms, now_ms)
        kind = fields["kind"]
        if entry.user is not None:
            key = self._key_of(at_ms)
            fields["user_hash"], fields["text_hash"] = user_hash(entry.user, key), text_hash(fields["text"], key)
        if at_ms != entry.sent_ms and kind != "clock":
            self.counts.moved += 1
            self.counts.most_moved_ms = max(self.counts.most_moved_ms, abs(at_ms - entry.sent_ms))
        self.counts.records[kind] += 1
        message = {"value": orjson.dumps(fields), "key": fields.get("channel_id")}
        if kind == "clock":
            message["callback"] = self._watermark_delivered
            if not self._pending_watermarks:
                self._confirmed_s = self._running_s()
            self._pending_watermarks += 1
        return message

    def _key_of(self, at_ms: int) -> bytes:
        day = at_ms // DAY_MS
        if day != self._key_day:
            self._key = self._hash_key(day_of(at_ms))
            self._key_day = day
        return self._key

    def _watermark_delivered(self, error: KafkaError | None, message: Message) -> None:
        self._unconfirmed.remove(message.partition() or 0)
        self._pending_watermarks -= 1
        self._probing = error is not None
        if error is None:
            self.counts.acked += 1
            self._confirmed_s = self._running_s()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        self._unconfirmed.remove(message.partition() or 0)
        if error is None:
            self.counts.acked += 1
        else:
            value = message.value()
            self._lose(orjson.loads(value if isinstance(value, bytes) else b"{}"), Loss.DELIVERY)

    def _purge(self) -> None:
        """Purge the client's queues repeatedly, because one purge misses records that move between its queues."""
        until = time.monotonic() + PURGE_S
        while self.in_flight and time.monotonic() < until:
            self._producer.purge(in_queue=True, in_flight=True, blocking=True)
            self._producer.poll(0.01)
        if remaining := self.in_flight:
            log.error("purge incomplete: %d records may still be written", remaining)

    def _drop(self, partitions: Iterable[int]) -> None:
        dropped = frozenset(partitions)
        for partition in dropped:
            self._times.pop(partition, None)
            self._suspended.pop(partition, None)
        for entry in self._buffer:
            if entry.partition in dropped:
                self._lose(entry.fields, Loss.HANDOVER)
        self._buffer = deque(entry for entry in self._buffer if entry.partition not in dropped)

    def _lose(self, fields: Mapping[str, Any], reason: Loss) -> None:
        self.counts.lost[reason] += 1
        if fields.get("kind") in _IRREPLACEABLE_KINDS:
            self._losses.add(fields["channel_id"], reason, fields["sent_ms"])
