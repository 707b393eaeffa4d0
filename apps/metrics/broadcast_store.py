"""Broadcast summaries in Cassandra, computed from stored windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from typing import Any

from apps.metrics.cassandra import cassandra_errors, open_session, prepare, rows, write
from apps.metrics.window_reader import WindowReader
from core.metrics.broadcasts import Broadcast, summarize
from core.metrics.columns import STEP_MS, Columns, StoredGrain
from core.metrics.excitement import BASELINE_MS
from core.metrics.grains import RETENTION_MS
from core.metrics.on_air import known_on_air
from core.pipeline.coverage import RecordedGaps
from core.pipeline.records import EventRecord, reported_at
from core.times import HOUR_MS, MINUTE_MS
from twitchly.clock import now_ms

# Revisions of a summary: from minutes, from whole hours, then one for each correction of its windows.
MINUTES, HOURS, _CORRECTED, _LATEST = 0, 1, 2, 999
# A channel whose broadcast has ended stays on the list, and has windows, for 10 min.
_LINGER_MS = 10 * MINUTE_MS
# No channel begins more broadcasts than this within the retention of `chat`.
_CORRECTED_MAX = 100
_FIELDS = tuple(field.name for field in fields(Broadcast))
_NAMES = ", ".join(_FIELDS)


class BroadcastStore:
    """Reads and writes broadcast summaries. Every method raises ServiceUnavailable if Cassandra does not respond."""

    def __init__(self, windows: WindowReader) -> None:
        self._windows = windows

    def is_complete(self, channel_id: str, ended_ms: int, *, revision: int) -> bool:
        """Return whether all windows that a summary of this `revision` needs are stored.

        A channel's windows of one grain are written in order, so if a later one is stored, all earlier ones are too.
        """
        grains: tuple[StoredGrain, ...] = ("hour",) if revision == HOURS else ("live", "minute")
        ends = {grain: -(-ended_ms // STEP_MS[grain]) * STEP_MS[grain] for grain in grains}
        return all(self._rows(grain, channel_id, end_ms - 1, end_ms + _LINGER_MS) for grain, end_ms in ends.items())

    def summarize(
        self, channel_id: str, started_ms: int, ended_ms: int, *, revision: int, reported_ms: int | None = None
    ) -> Broadcast:
        """Compute a broadcast's summary from its stored windows, store it, and return it.

        The end that was reported last wins; for the same end, the highest `revision` (0 to 999) wins. `reported_ms`
        defaults to the end.
        """
        summary = self.compute(channel_id, started_ms, ended_ms)
        self._write(summary, (ended_ms if reported_ms is None else reported_ms) * 1000 + revision)
        return summary

    def withdraw(self, event: EventRecord) -> None:
        """Delete the summary of a broadcast whose end was withdrawn, unless a later report says that it ended."""
        with cassandra_errors():
            session = open_session()
            query = "DELETE FROM stream_summary USING TIMESTAMP ? WHERE channel_id = ? AND started_ms = ?"
            values = (reported_at(event) * 1000, event.channel_id, event.started_ms)
            write(session, [(prepare(session, query), values)])

    def correct(self, channel_ids: Iterable[str], from_ms: int, until_ms: int) -> int:
        """Recompute the broadcasts that overlap the corrected windows of (from_ms, until_ms]; return their number."""
        old = [
            broadcast
            for channel_id in channel_ids
            for broadcast in self.read(channel_id, _CORRECTED_MAX)
            if broadcast.started_ms < until_ms and broadcast.ended_ms > from_ms
        ]
        now = now_ms()
        for broadcast in old:
            summary = self.compute(broadcast.channel_id, broadcast.started_ms, broadcast.ended_ms)
            if broadcast.started_ms < now - RETENTION_MS["live"]:
                # Some of the live windows behind its moments have expired.
                summary = replace(summary, moments=broadcast.moments)
            self._write(summary, self._next_written_us(broadcast))
        return len(old)

    def read(self, channel_id: str, limit: int, before_ms: int | None = None) -> list[Broadcast]:
        """Return a channel's last `limit` broadcasts, or the last ones that began before `before_ms`, newest first."""
        if before_ms is None:
            return self._select("LIMIT ?", channel_id, limit)
        return self._select("AND started_ms < ? LIMIT ?", channel_id, before_ms, limit)

    def find(self, channel_id: str, started_ms: int) -> Broadcast | None:
        """Return the broadcast that began at `started_ms`."""
        return next(iter(self._select("AND started_ms = ?", channel_id, started_ms)), None)

    def after(self, broadcast: Broadcast) -> Broadcast | None:
        """Return the channel's next broadcast."""
        later = "AND started_ms > ? ORDER BY started_ms ASC LIMIT 1"
        return next(iter(self._select(later, broadcast.channel_id, broadcast.started_ms)), None)

    def _select(self, condition: str, *values: str | int) -> list[Broadcast]:
        with cassandra_errors():
            session = open_session()
            query = f"SELECT {_NAMES} FROM stream_summary WHERE channel_id = ? {condition}"  # noqa: S608  fixed table names
            selected = rows(session, [(prepare(session, query), values)])
        return [_broadcast(row) for row in selected]

    def compute(self, channel_id: str, started_ms: int, ended_ms: int) -> Broadcast:
        """Return the summary of a broadcast from its stored windows."""
        from_ms, until_ms = started_ms - MINUTE_MS, ended_ms + MINUTE_MS
        events = self._windows.read_events(channel_id, from_ms, until_ms)
        ended = self._windows.read_broadcasts([channel_id], from_ms, until_ms)[channel_id]
        return summarize(
            channel_id,
            started_ms,
            ended_ms,
            live=self._rows("live", channel_id, started_ms - BASELINE_MS, ended_ms),
            minutes=self._rows("minute", channel_id, started_ms, until_ms),
            hours=self._rows("hour", channel_id, started_ms, ended_ms + HOUR_MS),
            gaps=RecordedGaps.of(events),
            broadcasts=known_on_air([*ended, (started_ms, ended_ms)], events, until_ms),
        )

    def _rows(self, grain: StoredGrain, channel_id: str, from_ms: int, until_ms: int) -> dict[int, Columns]:
        return {w.end_ms: w.columns for w in self._windows.read_windows(grain, channel_id, from_ms, until_ms)}

    def _next_written_us(self, broadcast: Broadcast) -> int:
        """Return the timestamp of a correction, later than those of the stored row and of both other revisions."""
        query = "SELECT WRITETIME(ended_ms) AS written FROM stream_summary WHERE channel_id = ? AND started_ms = ?"
        with cassandra_errors():
            session = open_session()
            written = rows(session, [(prepare(session, query), (broadcast.channel_id, broadcast.started_ms))])
        # The summary may have been deleted since it was read.
        written_us = max((row["written"] for row in written), default=broadcast.ended_ms * 1000)
        return written_us - written_us % 1000 + min(_LATEST, max(_CORRECTED, written_us % 1000 + 1))

    def _write(self, broadcast: Broadcast, written_us: int) -> None:
        values = asdict(broadcast)
        with cassandra_errors():
            session = open_session()
            markers = ", ".join("?" * len(_FIELDS))
            query = f"INSERT INTO stream_summary ({_NAMES}) VALUES ({markers}) USING TIMESTAMP ?"  # noqa: S608  fixed table names
            write(session, [(prepare(session, query), (*(values[name] for name in _FIELDS), written_us))])


def _broadcast(row: dict[str, Any]) -> Broadcast:
    """Return a row as a broadcast. Cassandra returns an empty map as None."""
    maps = {name: dict(row[name] or {}) for name in ("chatters_by_hour", "moments")}
    return Broadcast(**{**row, **maps})
