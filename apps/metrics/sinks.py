"""Kafka windows into Cassandra (history) and Redis (boards): two loops of `step()`, each in its own group."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import redis
from channels.layers import get_channel_layer
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from apps.metrics.batches import Batch, read_batch
from apps.metrics.boards import BoardWriter
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.dead_letters import DeadLetters
from apps.metrics.forgetting import forget_channel
from apps.metrics.readers import READERS, Record, place_of, taken_ms
from apps.metrics.sink_measures import SinkCounts
from apps.metrics.store import WindowStore, is_stored
from apps.metrics.summaries import Ended, Summaries
from core.channel_events import OPT_OUT, STILL_HEARD_MS
from core.errors import BadRecord, ServiceAway
from core.excitement import EVERY_MS, PAST_MS, Past
from core.records import EventRecord, Grain, WindowRecord
from core.share_limit import Excess, ShareLimits
from twitchly.kafka import is_fatal, offsets_at, topic_name, topic_of

log = logging.getLogger(__name__)

HISTORY_TOPICS = ("windows-live", "windows-distinct", "windows", "channel-events")
# How much the boards read again when they start: what is newest, and of the chatters what excitement compares with.
BOARD_TOPICS: Mapping[str, int] = {
    "windows-live": 60_000,
    "windows-distinct": 60_000 + PAST_MS,
    "channel-events": STILL_HEARD_MS + 60_000,
}
TICK_GROUP = "boards"


class HistorySink:
    """Windows and events into Cassandra, then the Kafka commit. A repeat after a crash changes nothing.

    An opt-out deletes what is stored of its channel and leaves no trace itself, but for how much it was. A broadcast
    that has ended is summed up once its windows have come; until then the record of its end is not committed. Where too
    large a share of a topic is unusable, the sink halts for the rest of its life: a start by somebody gives it a fresh
    allowance.
    """

    def __init__(
        self,
        consumer: Consumer,
        store: WindowStore,
        broadcasts: BroadcastStore,
        dead_letters: DeadLetters,
        counts: SinkCounts,
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._broadcasts = broadcasts
        self._dead_letters = dead_letters
        self._counts = counts
        self._limits = ShareLimits()
        self._summaries = Summaries()
        self._places: dict[tuple[str, int], TopicPartition] = {}
        self._halt: Halt | None = None
        topics = [topic_name(topic) for topic in HISTORY_TOPICS]
        consumer.subscribe(topics, on_revoke=self._give_up, on_lost=self._give_up)

    def step(self, stop: Callable[[], bool]) -> int:
        """Carry one batch over and return its size; waits as long as Cassandra is away, unless told to stop."""
        self._counts.look(self._consumer)
        if self._halt is not None:
            self._halt.step()
            return 0
        messages = _good(self._consumer.consume(1000, timeout=0.2))
        batch = read_batch(messages, self._limits)
        self._counts.read(messages)
        if batch.next_places and self._carry(batch, stop):
            self._sum_up()
            self._places |= {(place.topic, place.partition): place for place in batch.next_places}
            self._commit([self._summaries.held(place) for place in self._places.values()])
        if batch.excess is not None:
            self._halt = Halt(self._consumer, batch.excess)
            self._counts.halted = str(batch.excess)
        return len(messages)

    def _carry(self, batch: Batch, stop: Callable[[], bool]) -> bool:
        """Return whether all is written and set aside; the dead letters come last, for they are sent at once."""
        windows = [record for record, _ in batch.records if isinstance(record, WindowRecord) and is_stored(record)]
        events = [(record, message) for record, message in batch.records if isinstance(record, EventRecord)]
        if not self._write(windows, [event for event, _ in events], stop):
            return False
        for event, message in events:
            self._summaries.take(event, place_of(message))
        self._summaries.stored(windows)
        for message, reason in batch.unusable:
            self._dead_letters.add(message, reason)
            self._counts.dead_letters[topic_of(message)] += 1
        return self._dead_letters.flush(stop)

    def _write(self, windows: list[WindowRecord], events: list[EventRecord], stop: Callable[[], bool]) -> bool:
        began_s = time.monotonic()
        while True:
            try:
                self._store.write(windows, [event for event in events if event.kind != OPT_OUT])
                for event in events:
                    if event.kind == OPT_OUT:
                        forget_channel(self._store, event)
                self._counts.waits = False
                self._counts.wrote(windows, len(events), time.monotonic() - began_s)
                return True
            except ServiceAway as error:
                self._counts.waits = True
                log.warning("waiting for Cassandra with %d windows: %s", len(windows), error)
                if stop():
                    return False
                time.sleep(1)

    def _sum_up(self) -> None:
        """Sum up the broadcasts whose windows have all come; what does not succeed is tried again."""
        try:
            for ended in self._summaries.due(self._is_complete):
                self._broadcasts.summarise(ended.channel_id, ended.started_ms, ended.ended_ms, revision=ended.summed)
                self._summaries.done(ended)
        except ServiceAway as error:
            log.warning("a broadcast is summed up later: %s", error)

    def _is_complete(self, ended: Ended) -> bool:
        return self._broadcasts.is_complete(ended.channel_id, ended.ended_ms, revision=ended.summed)

    def _give_up(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._summaries.forget(partitions)
        for place in partitions:
            self._places.pop((place.topic, place.partition), None)

    def _commit(self, places: Sequence[TopicPartition]) -> None:
        try:
            self._consumer.commit(offsets=list(places), asynchronous=False)
        except KafkaException as error:
            # Another sink owns the partitions by now, or Kafka is away: the batch is read again, harmlessly.
            log.warning("the batch is written but not committed: %s", error)


class Halt:
    """A sink that goes no further: it keeps its partitions, so that they are read by nobody, and says why."""

    SAY_AGAIN_S = 30.0

    def __init__(self, consumer: Consumer, excess: Excess, now_s: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._excess = excess
        self._now_s = now_s
        self._say_s = now_s()

    def step(self) -> None:
        """Poll, which keeps the membership; what a partition that came just now still brings is left where it is."""
        self._consumer.pause(self._consumer.assignment())
        _good(self._consumer.consume(1000, timeout=0.2))
        if self._now_s() >= self._say_s:
            self._say_s = self._now_s() + self.SAY_AGAIN_S
            log.error(
                "halted: %s. Nothing further is moved or committed. Look at what was moved with `manage.py "
                "dead_letters list %s`, then restart this sink to let it go on with a fresh allowance.",
                self._excess,
                self._excess.topic,
            )


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
        messages = _good(self._consumer.consume(5000, timeout=0.05))
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
        self._gone[event.channel_id] = max(self._gone.get(event.channel_id, 0), event.at_ms + STILL_HEARD_MS)
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
            self._runner.run(layer.group_send(TICK_GROUP, {"type": "tick", "ends": dict(self._ends)}))
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


def _good(messages: Iterable[Message]) -> list[Message]:
    """Return the records among what Kafka gave.

    Raises: KafkaException when we may not go on, as when another process has taken our name.
    """
    good = []
    for message in messages:
        error = message.error()
        if error is None:
            good.append(message)
        elif is_fatal(error):
            raise KafkaException(error)
        else:
            log.warning("Kafka: %s", error)
    return good
