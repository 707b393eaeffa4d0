"""Schedules the summaries of ended broadcasts: once the last minute is stored, and again after the last hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from confluent_kafka import TopicPartition

from core.irc.channel_events import END_WITHDRAWN, STREAM_END
from core.pipeline.records import EventRecord, WindowRecord, reported_at
from core.times import HOUR_MS, MINUTE_MS

# Windows with the same end come from several writers. A minute later, all of them have arrived.
SETTLED_MS = MINUTE_MS
# How long to wait for a channel's own windows, measured by the end times of other windows. The wait is limited, because
# the channel may no longer be heard.
WAIT_MAX_MS = 15 * MINUTE_MS


@dataclass(slots=True)
class Ended:
    """An ended broadcast to summarize, the time at which its end was reported, and the position of the report."""

    channel_id: str
    started_ms: int
    ended_ms: int
    reported_ms: int
    position: TopicPartition
    revision: int = 0

    @property
    def due_ms(self) -> int:
        """The time by which the broadcast's windows have arrived."""
        step_ms = MINUTE_MS if self.revision == 0 else HOUR_MS
        return -(-self.ended_ms // step_ms) * step_ms + SETTLED_MS


@dataclass(slots=True)
class Summaries:
    """Broadcasts waiting for their summaries, in memory only: the records of their ends are not committed yet."""

    waiting: list[Ended] = field(default_factory=list)
    newest_ms: int = 0

    def add(self, event: EventRecord, position: TopicPartition) -> None:
        """Add the end of a broadcast or its withdrawal; the latest report wins. Other events are ignored."""
        if event.kind not in (STREAM_END, END_WITHDRAWN) or event.started_ms is None:
            return
        waiting = {(ended.channel_id, ended.started_ms): ended for ended in self.waiting}
        key, reported_ms = (event.channel_id, event.started_ms), reported_at(event)
        if key in waiting and waiting[key].reported_ms > reported_ms:
            return
        if event.kind == END_WITHDRAWN:
            waiting.pop(key, None)
        else:
            waiting[key] = Ended(*key, event.at_ms, reported_ms, position)
        self.waiting = list(waiting.values())

    def windows_stored(self, windows: Iterable[WindowRecord]) -> None:
        """Update the end of the newest stored minute."""
        self.newest_ms = max([self.newest_ms, *(w.end_ms for w in windows if w.grain == "minute")])

    def due(self, is_complete: Callable[[Ended], bool]) -> Iterator[Ended]:
        """Yield the broadcasts that can be summarized now; the caller then calls `mark_done`.

        `is_complete` returns whether the channel's own windows are stored; another sink may write them and lag behind.
        """
        for ended in list(self.waiting):
            waited_ms = self.newest_ms - ended.due_ms
            if waited_ms >= 0 and (waited_ms >= WAIT_MAX_MS or is_complete(ended)):
                yield ended

    def mark_done(self, ended: Ended) -> None:
        """Mark a broadcast as summarized. After the first summary, it waits until its last hour has closed."""
        ended.revision += 1
        if ended.revision > 1:
            self.waiting.remove(ended)

    def drop(self, partitions: Iterable[TopicPartition]) -> None:
        """Drop the broadcasts whose records are in partitions that were revoked."""
        revoked = {(partition.topic, partition.partition) for partition in partitions}
        self.waiting = [e for e in self.waiting if (e.position.topic, e.position.partition) not in revoked]

    def committable(self, next_offset: TopicPartition) -> TopicPartition:
        """Return the offset that may be committed for a partition: not past an end that is still waiting."""
        offsets = [
            ended.position.offset
            for ended in self.waiting
            if (ended.position.topic, ended.position.partition) == (next_offset.topic, next_offset.partition)
        ]
        return TopicPartition(next_offset.topic, next_offset.partition, min([next_offset.offset, *offsets]))
