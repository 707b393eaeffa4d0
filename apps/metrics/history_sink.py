"""History sink: writes windows and events from Kafka to Cassandra."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from apps.metrics.batches import Batch, read_batch
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.dead_letters import DeadLetters
from apps.metrics.erasure import erase_channel
from apps.metrics.record_readers import position_of
from apps.metrics.sink_telemetry import SinkCounts
from apps.metrics.store import WindowStore, is_stored
from apps.metrics.summaries import Ended, Summaries
from core.errors import ServiceUnavailable
from core.irc.channel_events import END_WITHDRAWN, OPT_OUT
from core.pipeline.bad_record_rate import BadRecordRate, RateExceeded
from core.pipeline.records import EventRecord, WindowRecord
from twitchly.kafka import records_in, topic_name, topic_of

log = logging.getLogger(__name__)

HISTORY_TOPICS = ("windows-live", "windows-distinct", "windows", "channel-events")


class HistorySink:
    """Writes windows and events to Cassandra, then commits to Kafka. Repeating a batch after a crash changes nothing.

    An opt-out erases the channel's history; only the row counts are recorded. A broadcast that has ended is summarized
    once its windows are stored; until then the record of its end is not committed. A withdrawn end is deleted together
    with its summary, so that it never coexists with the end that follows. If too many records of a topic are unusable,
    the sink halts until it is restarted, which resets the limit.
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
        self._offsets: dict[tuple[str, int], TopicPartition] = {}
        self._halt: Halt | None = None
        topics = [topic_name(topic) for topic in HISTORY_TOPICS]
        consumer.subscribe(topics, on_revoke=self._release, on_lost=self._release)

    def step(self, stop: Callable[[], bool]) -> int:
        """Process one batch and return its size. While Cassandra is unavailable, wait until `stop` returns True."""
        self._counts.update_lag(self._consumer)
        if self._halt is not None:
            self._halt.step()
            return 0
        messages = records_in(self._consumer.consume(1000, timeout=0.2))
        batch = read_batch(messages, self._limits)
        self._counts.record_read(messages)
        if batch.next_offsets and self._process(batch, stop):
            self._summarize()
            self._offsets |= {(offset.topic, offset.partition): offset for offset in batch.next_offsets}
            self._commit([self._summaries.committable(offset) for offset in self._offsets.values()])
        if batch.excess is not None:
            self._halt = Halt(self._consumer, batch.excess)
            self._counts.halted = str(batch.excess)
        return len(messages)

    def _process(self, batch: Batch, stop: Callable[[], bool]) -> bool:
        """Return whether the whole batch was written; dead letters come last, because they are sent immediately."""
        windows = [record for record, _ in batch.records if isinstance(record, WindowRecord) and is_stored(record)]
        events = [(record, message) for record, message in batch.records if isinstance(record, EventRecord)]
        if not self._write(windows, [event for event, _ in events], stop):
            return False
        for event, message in events:
            self._summaries.add(event, position_of(message))
        self._summaries.windows_stored(windows)
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
                        erase_channel(self._store, event)
                    elif event.kind == END_WITHDRAWN:
                        self._store.withdraw_end(event)
                        self._broadcasts.withdraw(event)
                self._counts.is_waiting = False
                self._counts.record_write(windows, len(events), time.monotonic() - began_s)
                return True
            except ServiceUnavailable as error:
                self._counts.is_waiting = True
                log.warning("waiting for Cassandra with %d windows: %s", len(windows), error)
                if stop():
                    return False
                time.sleep(1)

    def _summarize(self) -> None:
        """Summarize the broadcasts whose windows are all stored; failures are retried with the next batch."""
        try:
            for ended in self._summaries.due(self._is_complete):
                self._broadcasts.summarize(
                    ended.channel_id,
                    ended.started_ms,
                    ended.ended_ms,
                    reported_ms=ended.reported_ms,
                    revision=ended.revision,
                )
                self._summaries.mark_done(ended)
        except ServiceUnavailable as error:
            log.warning("broadcast summary postponed: %s", error)

    def _is_complete(self, ended: Ended) -> bool:
        return self._broadcasts.is_complete(ended.channel_id, ended.ended_ms, revision=ended.revision)

    def _release(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._summaries.drop(partitions)
        for partition in partitions:
            self._offsets.pop((partition.topic, partition.partition), None)

    def _commit(self, offsets: Sequence[TopicPartition]) -> None:
        try:
            self._consumer.commit(offsets=list(offsets), asynchronous=False)
        except KafkaException as error:
            # Another sink owns the partitions now, or Kafka is unavailable. Reading the batch again is harmless.
            log.warning("batch written but not committed: %s", error)


class Halt:
    """A halted sink: it keeps its partitions, so that no other sink reads them, and logs the reason."""

    LOG_INTERVAL_S = 30.0

    def __init__(self, consumer: Consumer, excess: RateExceeded, now_s: Callable[[], float] = time.monotonic) -> None:
        self._consumer = consumer
        self._excess = excess
        self._now_s = now_s
        self._next_log_s = now_s()

    def step(self) -> None:
        """Poll to keep the group membership; records of a partition that was just assigned are ignored."""
        self._consumer.pause(self._consumer.assignment())
        records_in(self._consumer.consume(1000, timeout=0.2))
        if self._now_s() >= self._next_log_s:
            self._next_log_s = self._now_s() + self.LOG_INTERVAL_S
            log.error(
                "halted: %s. No more records are moved to the dead letters, and no offsets are committed. Inspect the "
                "dead letters with `manage.py dead_letters list %s`, then restart this sink to reset the limit.",
                self._excess,
                self._excess.topic,
            )
