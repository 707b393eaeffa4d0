"""Summaries of broadcasts in Cassandra, made of the stored windows."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from apps.metrics.cassandra import away, open_session, prepare, rows, write
from apps.metrics.store import WindowStore
from core.broadcast import Broadcast, summarise
from core.columns import Columns, StoredGrain
from core.excitement import PAST_MS
from core.times import HOUR_MS, MINUTE_MS

_FIELDS = tuple(field.name for field in fields(Broadcast))
_NAMES = ", ".join(_FIELDS)


class BroadcastStore:
    """Every method raises ServiceAway when Cassandra does not answer."""

    def __init__(self, windows: WindowStore) -> None:
        self._windows = windows

    def summarise(self, channel_id: str, started_ms: int, ended_ms: int, *, revision: int) -> Broadcast:
        """Store a broadcast's summary, as its windows stand now, and return it; a later `revision` (0 to 999) wins."""
        found = summarise(
            channel_id,
            started_ms,
            ended_ms,
            live=self._rows("live", channel_id, started_ms - PAST_MS, ended_ms),
            minutes=self._rows("minute", channel_id, started_ms, ended_ms + MINUTE_MS),
            hours=self._rows("hour", channel_id, started_ms, ended_ms + HOUR_MS),
        )
        self._write(found, ended_ms * 1000 + revision)
        return found

    def read(self, channel_id: str, limit: int, before_ms: int | None = None) -> list[Broadcast]:
        """Return a channel's last broadcasts, or the last that began before a moment, newest first."""
        if before_ms is None:
            return self._select("LIMIT ?", channel_id, limit)
        return self._select("AND started_ms < ? LIMIT ?", channel_id, before_ms, limit)

    def find(self, channel_id: str, started_ms: int) -> Broadcast | None:
        """Return the broadcast that began at a moment."""
        return next(iter(self._select("AND started_ms = ?", channel_id, started_ms)), None)

    def after(self, broadcast: Broadcast) -> Broadcast | None:
        """Return the channel's next broadcast."""
        later = "AND started_ms > ? ORDER BY started_ms ASC LIMIT 1"
        return next(iter(self._select(later, broadcast.channel_id, broadcast.started_ms)), None)

    def _select(self, which: str, *values: str | int) -> list[Broadcast]:
        with away():
            session = open_session()
            query = f"SELECT {_NAMES} FROM stream_summary WHERE channel_id = ? {which}"  # noqa: S608  names of our own table
            found = rows(session, [(prepare(session, query), values)])
        return [_broadcast(row) for row in found]

    def _rows(self, grain: StoredGrain, channel_id: str, from_ms: int, until_ms: int) -> dict[int, Columns]:
        return {w.end_ms: w.columns for w in self._windows.read_windows(grain, channel_id, from_ms, until_ms)}

    def _write(self, broadcast: Broadcast, written_us: int) -> None:
        values = asdict(broadcast)
        with away():
            session = open_session()
            places = ", ".join("?" * len(_FIELDS))
            query = f"INSERT INTO stream_summary ({_NAMES}) VALUES ({places}) USING TIMESTAMP ?"  # noqa: S608  names of our own table
            write(session, [(prepare(session, query), (*(values[name] for name in _FIELDS), written_us))])


def _broadcast(row: dict[str, Any]) -> Broadcast:
    """Cassandra does not tell an empty map from none."""
    maps = {name: dict(row[name] or {}) for name in ("chatters_by_hour", "moments")}
    return Broadcast(**{**row, **maps})
