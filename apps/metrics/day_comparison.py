"""Compares the days in Cassandra with the minutes and hours from which they are computed.

This is the third invariant that `check_ledger` verifies. For the time that `chat` still covers, days are compared
with windows computed from `chat`, not with the stored ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from apps.metrics.days import compute_day
from apps.metrics.store import StoredWindow
from apps.metrics.window_comparison import ChatWindows
from apps.metrics.window_reader import WindowReader
from core.metrics.columns import WINDOW_MS, StoredGrain
from core.metrics.windows import Columns
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.proof.day_reference import REFERENCE_COLUMNS, differing_columns, reference_day
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, day_of

# Days that ended within this time are compared. Earlier days change only with their windows, which are compared when
# they change.
COMPARED_MS = 2 * DAY_MS
# Celery rolls up the most recently ended day every hour, so the row of a day that ended less than this long ago may be
# missing or outdated.
ROLLED_UP_AFTER_MS = 2 * HOUR_MS
# The columns of a day without windows: see apps/metrics/day_store.py.
_NOTHING: Columns = {"heard_ms": 0}


class DayReader(Protocol):
    """Reads days; implemented by apps/metrics/day_store.py."""

    def read(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> Mapping[str, Mapping[int, Columns]]:
        """Return the days that begin in [from_ms, until_ms) by channel and start."""
        ...


class WindowsFromChat:
    """Reads minutes and hours computed from `chat`, stored ones where `chat` is incomplete, and stored events."""

    def __init__(self, store: WindowReader, chat: ChatWindows) -> None:
        self._store = store
        self._chat = chat

    def read_windows(
        self,
        grain: StoredGrain,
        channel_id: str,
        from_ms: int,
        until_ms: int,
        columns: Collection[str] | None = None,
    ) -> list[StoredWindow]:
        """Return the windows of a channel that end in (from_ms, until_ms], oldest first."""
        stored = self._store.read_windows(grain, channel_id, from_ms, until_ms, columns)
        kept = [window for window in stored if not self._chat.has(grain, window.end_ms)]
        first_ms = (from_ms // WINDOW_MS[grain] + 1) * WINDOW_MS[grain]
        for end_ms in range(first_ms, until_ms + 1, WINDOW_MS[grain]):
            window = self._chat.windows.get((channel_id, grain, end_ms))
            if window is not None and self._chat.has(grain, end_ms):
                known = {name: value for name, value in window.items() if columns is None or name in columns}
                kept.append(StoredWindow(end_ms, known))
        return sorted(kept, key=lambda window: window.end_ms)

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return the stored events: see WindowStore."""
        return self._store.read_events(channel_id, from_ms, until_ms)

    def read_broadcasts(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> dict[str, list[Span]]:
        """Return the stored broadcasts: see WindowStore."""
        return self._store.read_broadcasts(channel_ids, from_ms, until_ms)


@dataclass(frozen=True, slots=True)
class DaySources:
    """Stored days, and the stored windows and events from which they are computed."""

    days: DayReader
    windows: WindowReader


@dataclass(slots=True)
class DayComparison:
    """Compares stored days with their windows.

    `days` is the number of days compared. `pending` contains the differences of days that may not be rolled up yet.
    """

    stored: DayReader
    windows: WindowReader
    days: int = 0
    pending: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def compare(self, channel_ids: Collection[str], first_ms: int, now_ms: int) -> None:
        """Compare the days of these channels that ended in the COMPARED_MS before `now_ms`.

        Days that ended before `first_ms`, the beginning of `chat`, may lack a row.
        """
        until_ms = now_ms // DAY_MS * DAY_MS
        from_ms = until_ms - COMPARED_MS
        stored = self.stored.read(channel_ids, from_ms, until_ms)
        for channel_id in sorted(channel_ids):
            for start_ms in range(from_ms, until_ms, DAY_MS):
                day = stored[channel_id].get(start_ms, {})
                if day or start_ms + DAY_MS > first_ms:
                    self._compare(channel_id, start_ms, day, now_ms)

    def _compare(self, channel_id: str, start_ms: int, stored: Columns, now_ms: int) -> None:
        expected = self._expected(channel_id, start_ms, now_ms)
        problem = differing_columns(expected or _NOTHING, stored or _NOTHING)
        if not problem:
            self.days += bool(expected)
            return
        text = problem if stored else f"it is missing: expected {dict(expected)}"
        difference = f"day {day_of(start_ms)} of channel {channel_id}: {text}"
        if start_ms + DAY_MS + ROLLED_UP_AFTER_MS > now_ms:
            self.pending.append(difference)
        else:
            self.days += 1
            self.differences.append(difference)

    def _expected(self, channel_id: str, start_ms: int, now_ms: int) -> Columns:
        """Return the expected columns: sums and peaks from the reference, times from the roll-up's own formula."""
        computed = compute_day(self.windows, channel_id, start_ms, now_ms)
        reference = reference_day(
            start_ms,
            self._rows("minute", MINUTE_MS, channel_id, start_ms),
            self._rows("hour", HOUR_MS, channel_id, start_ms),
        )
        if not computed or reference is None:
            return computed
        times = {name: value for name, value in computed.items() if name not in REFERENCE_COLUMNS}
        return {**times, **reference}

    def _rows(self, grain: StoredGrain, length_ms: int, channel_id: str, start_ms: int) -> dict[int, Columns]:
        windows = self.windows.read_windows(grain, channel_id, start_ms, start_ms + DAY_MS)
        return {window.end_ms - length_ms: window.columns for window in windows}
