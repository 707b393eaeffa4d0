"""When a broadcast that has ended is summed up: once its last minute is stored, and again once its last hour is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from confluent_kafka import TopicPartition

from core.irc.channel_events import END_WITHDRAWN
from core.pipeline.records import EventRecord, WindowRecord, reported_at
from core.times import HOUR_MS, MINUTE_MS

# Windows of one end come from several writers; a minute later all have come.
SETTLED_MS = MINUTE_MS
# A channel's own windows are waited for so long by the windows of others: it may not have been listened to any more.
PATIENCE_MS = 15 * MINUTE_MS


@dataclass(slots=True)
class Ended:
    """A broadcast that is to be summed up, when its end was reported, and where the record of its end lies."""

    channel_id: str
    started_ms: int
    ended_ms: int
    reported_ms: int
    place: TopicPartition
    summed: int = 0

    @property
    def due_ms(self) -> int:
        """The minute, by its end, with which the windows it is made of have come."""
        step_ms = MINUTE_MS if self.summed == 0 else HOUR_MS
        return -(-self.ended_ms // step_ms) * step_ms + SETTLED_MS


@dataclass(slots=True)
class Summaries:
    """The ends that wait. Nothing of it is kept elsewhere: what is not done is not committed to Kafka either."""

    waiting: list[Ended] = field(default_factory=list)
    newest_ms: int = 0

    def take(self, event: EventRecord, place: TopicPartition) -> None:
        """Note the end of a stream or its withdrawal; of several the last reported counts. Ignore other events."""
        if event.kind not in ("stream_end", END_WITHDRAWN) or event.started_ms is None:
            return
        waiting = {(ended.channel_id, ended.started_ms): ended for ended in self.waiting}
        key, reported_ms = (event.channel_id, event.started_ms), reported_at(event)
        if key in waiting and waiting[key].reported_ms > reported_ms:
            return
        if event.kind == END_WITHDRAWN:
            waiting.pop(key, None)
        else:
            waiting[key] = Ended(*key, event.at_ms, reported_ms, place)
        self.waiting = list(waiting.values())

    def stored(self, windows: Iterable[WindowRecord]) -> None:
        """Learn how far history is written."""
        self.newest_ms = max([self.newest_ms, *(w.end_ms for w in windows if w.grain == "minute")])

    def due(self, is_complete: Callable[[Ended], bool]) -> Iterator[Ended]:
        """Yield each broadcast that can be summed up now; the caller says when it is `done`.

        `is_complete` tells whether the channel's own windows are stored: another sink may write them, and lag behind.
        """
        for ended in list(self.waiting):
            waited_ms = self.newest_ms - ended.due_ms
            if waited_ms >= 0 and (waited_ms >= PATIENCE_MS or is_complete(ended)):
                yield ended

    def done(self, ended: Ended) -> None:
        """A broadcast was summed up: once more when its last hour has closed."""
        ended.summed += 1
        if ended.summed > 1:
            self.waiting.remove(ended)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget what another sink has now."""
        gone = {(place.topic, place.partition) for place in partitions}
        self.waiting = [e for e in self.waiting if (e.place.topic, e.place.partition) not in gone]

    def held(self, position: TopicPartition) -> TopicPartition:
        """Return up to where a partition may be committed: not past an end that still waits."""
        offsets = [
            ended.place.offset
            for ended in self.waiting
            if (ended.place.topic, ended.place.partition) == (position.topic, position.partition)
        ]
        return TopicPartition(position.topic, position.partition, min([position.offset, *offsets]))
