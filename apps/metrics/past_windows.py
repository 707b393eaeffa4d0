"""Windows and events of the simulated past, from which its rows and summaries are written."""

from __future__ import annotations

from collections.abc import Collection, Container
from functools import lru_cache

from apps.metrics.past_progress import Progress
from apps.metrics.store import StoredWindow
from core.metrics.columns import Columns, StoredGrain
from core.metrics.on_air import BROADCAST_MAX_MS
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from simulator.history import History, Minutes

# Only this many channels, the largest ones, have minutes for the past MINUTE_DAYS. The others have hours, and minutes
# only for the hour that was in progress when the instance began to record.
LARGEST = 40
MINUTE_DAYS = 7
# Hours cached per channel: each hour is used twice, when it is written and when its day is summarized.
_HOURS_KEPT = 48


class PastWindows:
    """The part of `history` before the instance began to record, excluding channels that have opted out."""

    def __init__(self, history: History, progress: Progress, opted_out: Container[str]) -> None:
        self.indexes = [n for n, channel in enumerate(history.channels) if channel.id not in opted_out]
        self.largest = self.indexes[:LARGEST]
        self.minutes_from_ms = progress.until_ms - MINUTE_DAYS * DAY_MS
        self._history = history
        self._progress = progress
        self._index = {channel.id: index for index, channel in enumerate(history.channels)}
        self._with_minutes = frozenset(self.largest)
        self._whole_ms = progress.until_ms // HOUR_MS * HOUR_MS
        self.hour = lru_cache(maxsize=_HOURS_KEPT * len(history.channels))(self._hour)

    def minutes(self, index: int, from_ms: int, until_ms: int) -> Minutes:
        """Return the minutes of a channel that are part of the past, by start time."""
        first_ms = self.minutes_from_ms if index in self._with_minutes else self._whole_ms
        first_ms = max(from_ms, -(-first_ms // HOUR_MS) * HOUR_MS)
        return self._history.minutes(index, first_ms, min(until_ms, self._progress.until_ms))

    def _hour(self, index: int, start_ms: int) -> Columns:
        """Return the columns of an hour, or {} if the channel was off air or the hour is not entirely in the past."""
        if not self._progress.from_ms <= start_ms < self._whole_ms:
            return {}
        minutes = self.minutes(index, start_ms, start_ms + HOUR_MS)
        return self._history.hour_of(index, minutes) if minutes else self._history.hour(index, start_ms)

    def read_windows(
        self,
        grain: StoredGrain,
        channel_id: str,
        from_ms: int,
        until_ms: int,
        columns: Collection[str] | None = None,
    ) -> list[StoredWindow]:
        """Return the windows of a grain that end in (from_ms, until_ms]; there are no live windows."""
        index = self._index[channel_id]
        if grain == "minute":
            # A window that ends at from_ms is not included.
            first_ms, last_ms = from_ms // MINUTE_MS * MINUTE_MS, until_ms // MINUTE_MS * MINUTE_MS
            minutes = self.minutes(index, first_ms, last_ms)
            return [_stored(start_ms + MINUTE_MS, row, columns) for start_ms, row in minutes.items()]
        if grain == "hour":
            starts = range(from_ms // HOUR_MS * HOUR_MS, until_ms // HOUR_MS * HOUR_MS, HOUR_MS)
            return [_stored(at_ms + HOUR_MS, row, columns) for at_ms in starts if (row := self.hour(index, at_ms))]
        return []

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return the starts and ends of broadcasts and the gaps that WindowStore.read_events would return."""
        first_ms, last_ms = max(self._progress.from_ms, from_ms - BROADCAST_MAX_MS), until_ms + 1
        events = self._history.events(self._index[channel_id], first_ms, min(last_ms, self._progress.until_ms))
        return sorted(
            (event for event in events if event.kind != "gap" or (event.until_ms or 0) >= from_ms),
            key=lambda event: (event.at_ms, event.id),
        )

    def read_broadcasts(
        self,
        channel_ids: Collection[str],
        from_ms: int,  # noqa: ARG002  signature of WindowStore
        until_ms: int,  # noqa: ARG002  signature of WindowStore
    ) -> dict[str, list[Span]]:
        """Return no summaries of broadcasts, because the start and end of each broadcast are among the events."""
        return {channel_id: [] for channel_id in channel_ids}


def _stored(end_ms: int, row: Columns, columns: Collection[str] | None) -> StoredWindow:
    return StoredWindow(end_ms, {name: value for name, value in row.items() if columns is None or name in columns})
