"""Boards sink: writes windows from Kafka to the boards in Redis, then sends a tick to the web processes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import redis
from channels.layers import get_channel_layer
from confluent_kafka import Consumer, Message, TopicPartition
from django.conf import settings

from apps.metrics.boards import BoardWriter
from apps.metrics.record_readers import READERS, Record, appended_ms
from apps.metrics.sink_telemetry import SinkCounts
from core.contracts import group
from core.errors import BadRecord
from core.irc.channel_events import OPT_OUT, OPT_OUT_DELAY_MS
from core.metrics.excitement import BASELINE_MS, RecentChatters
from core.metrics.five_minutes import RecentColumns
from core.metrics.recent_windows import INTERVAL_MS
from core.metrics.windows import FIVE_MINUTES_MS
from core.pipeline.records import EventRecord, Grain, WindowRecord
from core.times import MINUTE_MS
from twitchly.kafka import offsets_at, records_in, topic_name, topic_of

log = logging.getLogger(__name__)

# At startup, the sink applies only windows that were appended within this time to the boards.
BOARDS_MS = MINUTE_MS
# How far back the sink reads each topic when it starts: 5-minute ratios and the baseline of excitement require earlier
# windows.
BOARD_TOPICS: Mapping[str, int] = {
    "windows-live": BOARDS_MS + FIVE_MINUTES_MS,
    "windows-distinct": BOARDS_MS + BASELINE_MS,
    "channel-events": BOARDS_MS + OPT_OUT_DELAY_MS,
}


class BoardsSink:
    """Applies the newest live windows to the boards, then sends one tick per window end over the channel layer.

    A channel that opts out is erased immediately; its windows that are still in flight do not restore it.
    """

    SETTLE_S = 0.5

    def __init__(self, consumer: Consumer, writer: BoardWriter, counts: SinkCounts) -> None:
        self._consumer = consumer
        self._writer = writer
        self._counts = counts
        self._recent_columns = RecentColumns()
        self._recent_chatters = RecentChatters()
        self._shown_from_ms = 0
        self._ends: dict[str, int] = {}
        self._ignored_until_ms: dict[str, int] = {}
        self._pending_since_s: float | None = None
        self._runner = asyncio.Runner()
        consumer.subscribe([topic_name(topic) for topic in BOARD_TOPICS], on_assign=self._seek_back)

    def step(self, stop: Callable[[], bool]) -> int:
        """Apply one batch and return its size; send a tick once all windows with the same end have arrived."""
        self._counts.update_lag(self._consumer)
        messages = records_in(self._consumer.consume(5000, timeout=0.05))
        self._counts.record_read(messages)
        records = self._parse(messages)
        for record, _ in records:
            if isinstance(record, EventRecord) and record.kind == OPT_OUT:
                self._erase(record, stop)
        windows = [(r, at_ms) for r, at_ms in records if isinstance(r, WindowRecord) and not self._is_ignored(r)]
        self._remember([window for window, _ in windows])
        shown = [window for window, at_ms in windows if at_ms >= self._shown_from_ms]
        for grain, newest in _newest(shown).items():
            self._apply(grain, newest, stop)
            if grain == "live" and self._pending_since_s is None:
                self._pending_since_s = time.monotonic()
        for grain, newest in _newest(window for window in shown if not window.end_ms % INTERVAL_MS).items():
            self._apply_five_minutes(grain, newest, stop)
        is_settled = self._pending_since_s is not None and (
            not messages or time.monotonic() - self._pending_since_s > self.SETTLE_S
        )
        if is_settled:
            self._tick()
        return len(messages)

    def close(self) -> None:
        """Close the event loop that sends the ticks."""
        self._runner.close()

    def _parse(self, messages: Iterable[Message]) -> list[tuple[Record, int]]:
        """Return the usable records with their append times, by the instance's clock."""
        records = []
        for message in messages:
            at_ms = appended_ms(message)
            try:
                records.append((READERS[topic_of(message)](message.value(), at_ms), at_ms))
            except BadRecord as error:
                # The history sink reads these topics too and writes the dead letter.
                log.warning("unusable record skipped: %s", error)
                self._counts.dead_letters[topic_of(message)] += 1
        return records

    def _erase(self, event: EventRecord, stop: Callable[[], bool]) -> None:
        ignored_until_ms = self._ignored_until_ms.get(event.channel_id, 0)
        self._ignored_until_ms[event.channel_id] = max(ignored_until_ms, event.at_ms + OPT_OUT_DELAY_MS)
        self._persist(lambda: self._writer.erase(event.channel_id), stop)

    def _is_ignored(self, window: WindowRecord) -> bool:
        return window.end_ms <= self._ignored_until_ms.get(window.channel_id, 0)

    def _remember(self, windows: Sequence[WindowRecord]) -> None:
        for window in windows:
            self._recent_columns.add(window)
            if window.grain == "live_distinct":
                self._recent_chatters.add(window.channel_id, window.end_ms, window.columns)
        if windows:
            self._recent_columns.prune(max(window.end_ms for window in windows) - FIVE_MINUTES_MS - BOARDS_MS)

    def _apply(self, grain: Grain, windows: Sequence[WindowRecord], stop: Callable[[], bool]) -> None:
        excitement = self._excitement(windows) if grain == "live_distinct" else {}
        began_s = time.monotonic()
        if self._persist(lambda: self._writer.apply(grain, windows, excitement), stop):
            self._counts.record_write(windows, 0, time.monotonic() - began_s)
            self._ends[grain] = max(window.end_ms for window in windows)

    def _apply_five_minutes(self, grain: Grain, windows: Sequence[WindowRecord], stop: Callable[[], bool]) -> None:
        sums = [self._recent_columns.five_minutes(window) for window in windows]
        self._persist(lambda: self._writer.apply(grain, sums, over="5m"), stop)

    def _persist(self, write: Callable[[], None], stop: Callable[[], bool]) -> bool:
        """Write to Redis, retrying while it is unavailable; return False if stopped before the write succeeded."""
        while True:
            try:
                write()
                self._counts.is_waiting = False
                return True
            except redis.RedisError as error:
                self._counts.is_waiting = True
                log.warning("waiting for Redis: %s", error)
                if stop():
                    return False
                time.sleep(0.25)

    def _excitement(self, windows: Sequence[WindowRecord]) -> dict[str, float]:
        values = {w.channel_id: self._recent_chatters.excitement(w.channel_id, w.end_ms) for w in windows}
        self._recent_chatters.prune(max(w.end_ms for w in windows) - BASELINE_MS - INTERVAL_MS)
        return {channel_id: value for channel_id, value in values.items() if value is not None}

    def _tick(self) -> None:
        self._pending_since_s = None
        layer: Any = get_channel_layer()
        try:
            self._writer.write_history()
            self._runner.run(layer.group_send(group.NAME, group.Tick(self._ends).to_message()))
        except (redis.RedisError, OSError) as error:
            log.warning("tick not sent: %s", error)

    def _seek_back(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Start each partition as far back as BOARD_TOPICS specifies, by Kafka's clock, ignoring committed offsets."""
        now_ms = int(time.time() * 1000)
        self._shown_from_ms = now_ms + int(settings.CLOCK_OFFSET_MS) - BOARDS_MS
        offsets: list[TopicPartition] = []
        for topic, read_ms in BOARD_TOPICS.items():
            of_topic = [partition for partition in partitions if partition.topic == topic_name(topic)]
            offsets += offsets_at(consumer, of_topic, now_ms - read_ms) if of_topic else []
        consumer.assign(offsets)


def _newest(windows: Iterable[WindowRecord]) -> dict[Grain, list[WindowRecord]]:
    """Return each channel's newest window, by grain; older windows in the batch would be overwritten anyway."""
    newest: dict[tuple[Grain, str], WindowRecord] = {}
    for window in windows:
        key = (window.grain, window.channel_id)
        if key not in newest or newest[key].end_ms <= window.end_ms:
            newest[key] = window
    grains: dict[Grain, list[WindowRecord]] = {}
    for (grain, _), window in newest.items():
        grains.setdefault(grain, []).append(window)
    return grains
