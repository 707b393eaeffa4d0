"""Backfills an instance with simulated history, so that its pages show a past from the first minute.

The past is written newest first, up to the time at which the instance began to record: hours and events for all
channels, and minutes and broadcast summaries for the largest ones. Writing the past again changes nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from apps.channels.models import Channel
from apps.metrics.broadcast_store import HOURS, BroadcastStore
from apps.metrics.day_store import DayStore
from apps.metrics.days import compute_day
from apps.metrics.past_progress import Progress, hours_before
from apps.metrics.past_windows import PastWindows
from apps.metrics.store import WindowStore
from core.metrics.columns import STEP_MS, Columns
from core.pipeline.records import EPOCH_MS
from core.proof.reference import WindowKey
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, datetime_of
from simulator.history import History
from simulator.source import Stream


def recorded_from(channel_ids: Sequence[str], now_ms: int) -> int | None:
    """Return the time at which an instance began to record these channels. Data recorded since then must be kept.

    It is the start of its first hour or, if no hour is stored yet, of its first minute. Return None if nothing has been
    recorded yet. Raises: ServiceUnavailable.
    """
    store, since_ms = WindowStore(), now_ms - 2 * HOUR_MS
    hours = store.read_many("hour", channel_ids, EPOCH_MS, now_ms, ["messages"])
    if first := [rows[0].end_ms - HOUR_MS for rows in hours.values() if rows]:
        return min(first)
    live = store.read_many("live", channel_ids, since_ms, now_ms, ["messages"])
    first = [rows[0].end_ms - STEP_MS["live"] for rows in live.values() if rows]
    return min(first) // MINUTE_MS * MINUTE_MS if first else None


class Fill:
    """Writes the past of the channels that have not opted out, hour by hour."""

    def __init__(self, history: History, progress: Progress, opted_out: Container[str]) -> None:
        self._history = history
        self._progress = progress
        self._past = PastWindows(history, progress, opted_out)
        self._store = WindowStore()

    def run(self) -> Iterator[Progress]:
        """Write the hours that are missing, and yield the progress after each. Raises: ServiceUnavailable."""
        progress, events_from_ms = self._progress, self._progress.until_ms
        for start_ms in hours_before(progress.until_ms, progress.from_ms)[progress.hours :]:
            needed_ms = max(progress.from_ms, start_ms // DAY_MS * DAY_MS)
            self._write_events(needed_ms, events_from_ms)
            events_from_ms = min(events_from_ms, needed_ms)
            self._write_hour(start_ms)
            if start_ms % DAY_MS == 0:
                self._write_broadcasts(start_ms)
                self._write_day(start_ms)
            progress = replace(progress, hours=progress.hours + 1)
            yield progress

    def _write_hour(self, start_ms: int) -> None:
        """Write the rows of an hour, up to the time at which the instance began to record."""
        rows: dict[WindowKey, Columns] = {}
        for index in self._past.indexes:
            channel_id, end_ms = self._history.channels[index].id, start_ms + HOUR_MS
            for at_ms, minute in self._past.minutes(index, start_ms, end_ms).items():
                rows[channel_id, "minute", at_ms + MINUTE_MS] = minute
            if hour := self._past.hour(index, start_ms):
                rows[channel_id, "hour", end_ms] = hour
        self._store.write_past(rows, ())

    def _write_events(self, from_ms: int, until_ms: int) -> None:
        """Write events in [`from_ms`, `until_ms`): broadcasts and gaps of all channels, other kinds of the largest."""
        if from_ms >= until_ms:
            return
        events = [event for index in self._past.indexes for event in self._history.events(index, from_ms, until_ms)]
        detailed_ms = max(from_ms, self._past.minutes_from_ms)
        if detailed_ms < until_ms:
            ids = {self._history.channels[index].id for index in self._past.largest}
            events += (raid for raid in self._history.raids(detailed_ms, until_ms) if raid.channel_id in ids)
            for index in self._past.largest:
                events += self._history.text_changes(index, detailed_ms, until_ms)
        self._store.write_past({}, events)

    def _write_broadcasts(self, start_ms: int) -> None:
        """Write summaries of the largest channels' broadcasts that began on the UTC day that starts at `start_ms`."""
        if start_ms < self._past.minutes_from_ms:
            return
        broadcasts = BroadcastStore(self._past)
        for index in self._past.largest:
            for began_ms, ended_ms in self._history.broadcasts(index, start_ms, start_ms + DAY_MS):
                if began_ms >= start_ms and ended_ms < self._progress.until_ms:
                    broadcasts.summarize(self._history.channels[index].id, began_ms, ended_ms, revision=HOURS)

    def _write_day(self, start_ms: int) -> None:
        """Write the rows of the UTC day that starts at `start_ms`, if it has ended."""
        until_ms = self._progress.until_ms
        if start_ms + DAY_MS <= until_ms:
            ids = [self._history.channels[index].id for index in self._past.indexes]
            DayStore().save(start_ms, {i: compute_day(self._past, i, start_ms, until_ms) for i in ids})


def add_channels(history: History, progress: Progress, opted_out: Container[str]) -> None:
    """Add the channels whose broadcasts have all ended, as the refresh of the channel list would have added them."""
    rows = []
    for index, channel in enumerate(history.channels):
        spans = history.broadcasts(index, progress.from_ms, progress.until_ms)
        if spans and spans[-1][1] < progress.until_ms and channel.id not in opted_out:
            rows.append(_channel_row(history.stream(index, spans[-1][1] - 1_000), *spans[-1]))
    Channel.objects.bulk_create(rows, ignore_conflicts=True)


def _channel_row(stream: Stream, started_ms: int, ended_ms: int) -> Channel:
    ended_at = datetime_of(ended_ms)
    return Channel(
        id=stream.channel.id,
        login=stream.channel.login,
        name=stream.channel.name,
        category=stream.category,
        language=stream.language,
        title=stream.title,
        viewers=stream.viewers,
        viewers_raw=stream.viewers,
        last_seen_at=ended_at,
        started_at=datetime_of(started_ms),
        offline_since=ended_at,
        ended_at=ended_at,
    )
