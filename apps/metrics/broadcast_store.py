"""Summaries of broadcasts in Cassandra, made of the stored windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from typing import Any

from apps.metrics.cassandra import away, open_session, prepare, rows, write
from apps.metrics.store import WindowStore
from core.metrics.broadcasts import Broadcast, summarise
from core.metrics.columns import STEP_MS, Columns, StoredGrain
from core.metrics.excitement import PAST_MS
from core.metrics.grains import KEPT_MS
from core.pipeline.coverage import RecordedGaps
from core.pipeline.records import EventRecord, reported_at
from core.times import HOUR_MS, MINUTE_MS
from twitchly.clock import now_ms

# Revisions of a summary: its first minutes, its whole hours, and then one for each correction of its windows.
MINUTES, HOURS, _CORRECTED, _LATEST = 0, 1, 2, 999
# A channel whose stream has ended stays on the list, and has windows, for 10 min.
_GOES_ON_MS = 10 * MINUTE_MS
# No channel begins more broadcasts in the hours that `chat` is kept for.
_LOOKED_AT = 100
_FIELDS = tuple(field.name for field in fields(Broadcast))
_NAMES = ", ".join(_FIELDS)


class BroadcastStore:
    """Every method raises ServiceAway when Cassandra does not answer."""

    def __init__(self, windows: WindowStore) -> None:
        self._windows = windows

    def is_complete(self, channel_id: str, ended_ms: int, *, revision: int) -> bool:
        """Say whether all that a summary of this `revision` is made of is stored.

        A channel's windows of one grain are written in order, so one that ends later tells of those before.
        """
        grains: tuple[StoredGrain, ...] = ("hour",) if revision == HOURS else ("live", "minute")
        ends = {grain: -(-ended_ms // STEP_MS[grain]) * STEP_MS[grain] for grain in grains}
        return all(self._rows(grain, channel_id, end_ms - 1, end_ms + _GOES_ON_MS) for grain, end_ms in ends.items())

    def summarise(
        self, channel_id: str, started_ms: int, ended_ms: int, *, revision: int, reported_ms: int | None = None
    ) -> Broadcast:
        """Store a broadcast's summary, as its windows stand now, and return it.

        An end that was reported later wins, and of one end a later `revision` (0 to 999). Without `reported_ms` the
        end was reported when it came.
        """
        found = self._summary(channel_id, started_ms, ended_ms)
        self._write(found, (ended_ms if reported_ms is None else reported_ms) * 1000 + revision)
        return found

    def withdraw(self, event: EventRecord) -> None:
        """Delete the summary of a broadcast whose end was withdrawn; one of an end that was reported later stays."""
        with away():
            session = open_session()
            query = "DELETE FROM stream_summary USING TIMESTAMP ? WHERE channel_id = ? AND started_ms = ?"
            values = (reported_at(event) * 1000, event.channel_id, event.started_ms)
            write(session, [(prepare(session, query), values)])

    def correct(self, channel_ids: Iterable[str], from_ms: int, until_ms: int) -> int:
        """Sum up anew what was on in (from_ms, until_ms], whose windows were corrected; return how many there are."""
        old = [
            broadcast
            for channel_id in channel_ids
            for broadcast in self.read(channel_id, _LOOKED_AT)
            if broadcast.started_ms < until_ms and broadcast.ended_ms > from_ms
        ]
        now = now_ms()
        for broadcast in old:
            found = self._summary(broadcast.channel_id, broadcast.started_ms, broadcast.ended_ms)
            if broadcast.started_ms < now - KEPT_MS["live"]:
                # Some of the windows that its moments are made of are gone by now.
                found = replace(found, moments=broadcast.moments)
            self._write(found, self._next_written_us(broadcast))
        return len(old)

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

    def _summary(self, channel_id: str, started_ms: int, ended_ms: int) -> Broadcast:
        return summarise(
            channel_id,
            started_ms,
            ended_ms,
            live=self._rows("live", channel_id, started_ms - PAST_MS, ended_ms),
            minutes=self._minutes(channel_id, started_ms, ended_ms + MINUTE_MS),
            hours=self._rows("hour", channel_id, started_ms, ended_ms + HOUR_MS),
        )

    def _minutes(self, channel_id: str, from_ms: int, until_ms: int) -> dict[int, Columns]:
        """Return the minutes, with what gaps deny taken off what was observed."""
        events = self._windows.read_events(channel_id, from_ms - MINUTE_MS, until_ms)
        unheard = RecordedGaps(
            (gap.at_ms, gap.until_ms) for gap in events if gap.kind == "gap" and gap.until_ms is not None
        )
        return {
            end_ms: {
                **columns,
                "observed_ms": unheard.observed_ms(columns.get("observed_ms", 0), end_ms - MINUTE_MS, end_ms),
            }
            for end_ms, columns in self._rows("minute", channel_id, from_ms, until_ms).items()
        }

    def _rows(self, grain: StoredGrain, channel_id: str, from_ms: int, until_ms: int) -> dict[int, Columns]:
        return {w.end_ms: w.columns for w in self._windows.read_windows(grain, channel_id, from_ms, until_ms)}

    def _next_written_us(self, broadcast: Broadcast) -> int:
        """Return the timestamp of a correction: later than the row's and than the revisions MINUTES and HOURS."""
        query = "SELECT WRITETIME(ended_ms) AS written FROM stream_summary WHERE channel_id = ? AND started_ms = ?"
        with away():
            session = open_session()
            found = rows(session, [(prepare(session, query), (broadcast.channel_id, broadcast.started_ms))])
        # The summary may be gone since it was read.
        written_us = max((row["written"] for row in found), default=broadcast.ended_ms * 1000)
        return written_us - written_us % 1000 + min(_LATEST, max(_CORRECTED, written_us % 1000 + 1))

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
