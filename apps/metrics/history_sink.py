"""Kafka windows and events into Cassandra: a loop of `step()`, in a group of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from apps.metrics.batches import Batch, read_batch
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.dead_letters import DeadLetters
from apps.metrics.erasure import forget_channel
from apps.metrics.record_readers import place_of
from apps.metrics.sink_telemetry import SinkCounts
from apps.metrics.store import WindowStore, is_stored
from apps.metrics.summaries import Ended, Summaries
from core.errors import ServiceAway
from core.irc.channel_events import END_WITHDRAWN, OPT_OUT
from core.pipeline.bad_record_rate import BadRecordRate, RateExceeded
from core.pipeline.records import EventRecord, WindowRecord
from twitchly.kafka import records_in, topic_name, topic_of

log = logging.getLogger(__name__)

HISTORY_TOPICS = ("windows-live", "windows-distinct", "windows", "channel-events")


class HistorySink:
    """Windows and events into Cassandra, then the Kafka commit. A repeat after a crash changes nothing.

    An opt-out deletes what is stored of its channel and leaves no trace itself, but for how much it was. A broadcast
    that has ended is summed up once its windows have come; until then the record of its end is not committed. An end
    that is withdrawn is deleted with its summary, and so never stands beside the one that follows. Where too
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
        self._limits = BadRecordRate()
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
        messages = records_in(self._consumer.consume(1000, timeout=0.2))
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
                self._store.write(windows, [event for event in events if event.kind not in (OPT_OUT, END_WITHDRAWN)])
                for event in events:
                    if event.kind == OPT_OUT:
                        forget_channel(self._store, event)
                    elif event.kind == END_WITHDRAWN:
                        self._store.withdraw_end(event)
                        self._broadcasts.withdraw(event)
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
                self._broadcasts.summarise(
                    ended.channel_id,
                    ended.started_ms,
                    ended.ended_ms,
                    reported_ms=ended.reported_ms,
                    revision=ended.summed,
                )
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

    def __init__(self, consumer: Consumer, excess: RateExceeded, now_s: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._excess = excess
        self._now_s = now_s
        self._say_s = now_s()

    def step(self) -> None:
        """Poll, which keeps the membership; what a partition that came just now still brings is left where it is."""
        self._consumer.pause(self._consumer.assignment())
        records_in(self._consumer.consume(1000, timeout=0.2))
        if self._now_s() >= self._say_s:
            self._say_s = self._now_s() + self.SAY_AGAIN_S
            log.error(
                "halted: %s. Nothing further is moved or committed. Look at what was moved with `manage.py "
                "dead_letters list %s`, then restart this sink to let it go on with a fresh allowance.",
                self._excess,
                self._excess.topic,
            )
