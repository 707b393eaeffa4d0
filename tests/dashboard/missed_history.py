"""Minute and hour rows of a tracked channel that was not heard in given spans, without recorded gaps."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from apps.metrics.store import StoredWindow
from core.metrics.columns import STEP_MS, WINDOW_MS, StoredGrain
from core.pipeline.intervals import Intervals, Span
from core.pipeline.records import EventRecord
from core.times import SECOND_MS
from tests.no_broadcasts import Unchanging


class MissedStore(Unchanging):
    """A store with the rows of this channel, in place of Cassandra. There are no rows in `untracked` spans."""

    def __init__(
        self, missed: Sequence[Span], untracked: Sequence[Span] = (), events: Sequence[EventRecord] = ()
    ) -> None:
        self._untracked = Intervals(untracked)
        self._unheard = Intervals(missed) | self._untracked
        self._events = events
        self.event_reads: list[Span] = []

    def read_windows(
        self, grain: StoredGrain, _channel_id: str, from_ms: int, until_ms: int, _columns: Collection[str] = ()
    ) -> Sequence[StoredWindow]:
        step_ms, length_ms = STEP_MS[grain], WINDOW_MS[grain]
        ends = range(from_ms // step_ms * step_ms + step_ms, until_ms + 1, step_ms)
        rows = ((end_ms, self._row(end_ms - length_ms, end_ms)) for end_ms in ends)
        return [StoredWindow(end_ms, row) for end_ms, row in rows if row["pulses"]]

    def read_events(self, _channel_id: str, from_ms: int, until_ms: int) -> Sequence[EventRecord]:
        self.event_reads.append((from_ms, until_ms))
        return [
            event for event in self._events if event.at_ms <= until_ms and (event.until_ms or event.at_ms) >= from_ms
        ]

    def _row(self, start_ms: int, end_ms: int) -> dict[str, int]:
        tracked_ms = end_ms - start_ms - self._untracked.overlap_ms(start_ms, end_ms)
        heard_ms = end_ms - start_ms - self._unheard.overlap_ms(start_ms, end_ms)
        return {"pulses": tracked_ms // SECOND_MS, "observed_ms": heard_ms, "messages": heard_ms // SECOND_MS}
