"""Kafka windows onto the boards in Redis, and a tick to all who show them: a loop of `step()` in its own group."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import redis
from channels.layers import get_channel_layer
from confluent_kafka import Consumer, Message, TopicPartition

from apps.metrics.boards import BoardWriter
from apps.metrics.record_readers import READERS, Record, taken_ms
from apps.metrics.sink_telemetry import SinkCounts
from core.contracts import group
from core.errors import BadRecord
from core.irc.channel_events import OPT_OUT, OPT_OUT_DELAY_MS
from core.metrics.excitement import EVERY_MS, PAST_MS, Past
from core.pipeline.records import EventRecord, Grain, WindowRecord
from twitchly.kafka import offsets_at, records_in, topic_name, topic_of

log = logging.getLogger(__name__)

# How much the boards read again when they start: what is newest, and of the chatters what excitement compares with.
BOARD_TOPICS: Mapping[str, int] = {
    "windows-live": 60_000,
    "windows-distinct": 60_000 + PAST_MS,
    "channel-events": OPT_OUT_DELAY_MS + 60_000,
}


class BoardsSink:
    """The newest live windows onto the boards, then one tick a window end through the channel layer.

    A channel that opts out leaves them at once, and windows of what was still heard of it do not bring it back.
    """

    SETTLE_S = 0.5

    def __init__(self, consumer: Consumer, writer: BoardWriter, counts: SinkCounts) -> None:
        self._consumer = consumer
        self._writer = writer
        self._counts = counts
        self._past = Past()
        self._ends: dict[str, int] = {}
        self._gone: dict[str, int] = {}
        self._pending_since: float | None = None
        self._runner = asyncio.Runner()
        consumer.subscribe([topic_name(topic) for topic in BOARD_TOPICS], on_assign=_from_a_while_ago)

    def step(self, stop: Callable[[], bool]) -> int:
        """Apply one batch and return its size; tick when a window end's rows have all come."""
        self._counts.look(self._consumer)
        messages = records_in(self._consumer.consume(5000, timeout=0.05))
        self._counts.read(messages)
        records = self._read(messages)
        for record in records:
            if isinstance(record, EventRecord) and record.kind == OPT_OUT:
                self._forget(record, stop)
        windows = [record for record in records if isinstance(record, WindowRecord) and not self._is_gone(record)]
        for window in windows:
            if window.grain == "live_distinct":
                self._past.take(window.channel_id, window.end_ms, window.columns)
        for grain, newest in _newest(windows).items():
            self._apply(grain, newest, stop)
            if grain == "live" and self._pending_since is None:
                self._pending_since = time.monotonic()
        settled = self._pending_since is not None and (
            not messages or time.monotonic() - self._pending_since > self.SETTLE_S
        )
        if settled:
            self._tick()
        return len(messages)

    def close(self) -> None:
        """Close the loop the ticks are sent from."""
        self._runner.close()

    def _read(self, messages: Iterable[Message]) -> list[Record]:
        records = []
        for message in messages:
            try:
                records.append(READERS[topic_of(message)](message.value(), taken_ms(message)))
            except BadRecord as error:
                # History, which reads these topics too, writes it to the dead letters: once is enough.
                log.warning("skipped an unusable record: %s", error)
                self._counts.dead_letters[topic_of(message)] += 1
        return records

    def _forget(self, event: EventRecord, stop: Callable[[], bool]) -> None:
        self._gone[event.channel_id] = max(self._gone.get(event.channel_id, 0), event.at_ms + OPT_OUT_DELAY_MS)
        self._persist(lambda: self._writer.forget(event.channel_id), stop)

    def _is_gone(self, window: WindowRecord) -> bool:
        return window.end_ms <= self._gone.get(window.channel_id, 0)

    def _apply(self, grain: Grain, windows: Sequence[WindowRecord], stop: Callable[[], bool]) -> None:
        excitement = self._excitement(windows) if grain == "live_distinct" else {}
        began_s = time.monotonic()
        if self._persist(lambda: self._writer.apply(grain, windows, excitement), stop):
            self._counts.wrote(windows, 0, time.monotonic() - began_s)
            self._ends[grain] = max(window.end_ms for window in windows)

    def _persist(self, write: Callable[[], None], stop: Callable[[], bool]) -> bool:
        """Write to Redis as soon as it answers; return whether it was written before we are told to stop."""
        while True:
            try:
                write()
                self._counts.waits = False
                return True
            except redis.RedisError as error:
                self._counts.waits = True
                log.warning("waiting for Redis: %s", error)
                if stop():
                    return False
                time.sleep(0.25)

    def _excitement(self, windows: Sequence[WindowRecord]) -> dict[str, float]:
        found = {w.channel_id: self._past.excitement(w.channel_id, w.end_ms) for w in windows}
        self._past.forget(max(w.end_ms for w in windows) - PAST_MS - EVERY_MS)
        return {channel_id: value for channel_id, value in found.items() if value is not None}

    def _tick(self) -> None:
        self._pending_since = None
        layer: Any = get_channel_layer()
        try:
            self._writer.remember()
            self._runner.run(layer.group_send(group.NAME, group.Tick(self._ends).to_message()))
        except (redis.RedisError, OSError) as error:
            log.warning("no tick: %s", error)


def _from_a_while_ago(consumer: Consumer, partitions: list[TopicPartition]) -> None:
    """A board shows what is newest: older windows need not be read again. Kafka's own clock counts."""
    now_ms = int(time.time() * 1000)
    places: list[TopicPartition] = []
    for topic, read_ms in BOARD_TOPICS.items():
        of_topic = [place for place in partitions if place.topic == topic_name(topic)]
        places += offsets_at(consumer, of_topic, now_ms - read_ms) if of_topic else []
    consumer.assign(places)


def _newest(windows: Iterable[WindowRecord]) -> dict[Grain, list[WindowRecord]]:
    """Return each channel's newest window, by grain: older ones in the same batch would be overwritten."""
    newest: dict[tuple[Grain, str], WindowRecord] = {}
    for window in windows:
        key = (window.grain, window.channel_id)
        if key not in newest or newest[key].end_ms <= window.end_ms:
            newest[key] = window
    grains: dict[Grain, list[WindowRecord]] = {}
    for (grain, _), window in newest.items():
        grains.setdefault(grain, []).append(window)
    return grains
