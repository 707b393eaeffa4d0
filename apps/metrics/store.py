"""Cassandra: writes and reads of windows and channel events, by prepared statements.

Rows are written with the window's end as timestamp, so writing one again changes nothing. Shapes are
those of models.py; the session is django-cassandra-engine's.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from cassandra import DriverException
from cassandra.cluster import NoHostAvailable
from cassandra.concurrent import execute_concurrent
from cassandra.cqlengine import CQLEngineException
from cassandra.query import UNSET_VALUE
from django.db import connections

from core.errors import ServiceAway
from core.metrics import columns_of
from core.records import EPOCH_MS, EventRecord, WindowRecord
from core.times import DAY_MS, HOUR_MS

# A prepared statement and what it is bound to; the driver has no types.
Statement = tuple[Any, Sequence[Any]]

# The `live` table keeps the window at every 10th second; the boards see every second.
STORED_LIVE_STEP_MS = 10_000

_TABLE = {"live": "live_window", "live_distinct": "live_window", "minute": "minute_window", "hour": "hour_window"}
# Rows of a day live 90 d from when they were written; a day lasts one more, and a clock may differ.
_DAYS_KEPT = 92
# A producer learns of an opt-out within 10 s, the more under load; live windows hold what it heard for 30 s.
_STILL_HEARD_MS = 90_000
_EVENT_FIELDS = "id, kind, channel_id, at_ms, until_ms, reason, count, text"
_STORED_COLUMNS = {
    "live": (*columns_of("live"), *columns_of("live_distinct")),
    "minute": columns_of("minute"),
    "hour": columns_of("hour"),
}
_EVENTS = f"SELECT {_EVENT_FIELDS} FROM channel_event WHERE channel_id = ? AND day = ? AND at_ms"  # noqa: S608  names of our own table


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window as read back; what was never written is left out of `columns`."""

    end_ms: int
    columns: dict[str, int]


def is_stored(window: WindowRecord) -> bool:
    """Say whether the window belongs into history: of the live grains only every 10th second's."""
    return not window.grain.startswith("live") or window.end_ms % STORED_LIVE_STEP_MS == 0


def day_of(ms: int) -> dt.date:
    """Return the UTC day of a moment."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).date()


class WindowStore:
    """One session on Cassandra. Every method raises ServiceAway when it does not answer."""

    def write(self, windows: Iterable[WindowRecord], events: Iterable[EventRecord]) -> None:
        """Write all, and return when all are written."""
        with _away():
            session = _session()
            statements = [_window_insert(session, window) for window in windows]
            statements += [_event_insert(session, event) for event in events]
            execute_concurrent(session, statements, concurrency=64, raise_on_first_error=True)

    def read_windows(self, grain: str, channel_id: str, from_ms: int, until_ms: int) -> list[StoredWindow]:
        """Return the windows of `live`, `minute` or `hour` whose end lies in (from_ms, until_ms], oldest first."""
        names = [column.name for column in _STORED_COLUMNS[grain]]
        bucket, buckets = _buckets(grain, from_ms, until_ms)
        query = (
            f"SELECT end_ms, {', '.join(names)} FROM {_TABLE[grain]}"  # noqa: S608  names of our own table
            f" WHERE channel_id = ? AND {bucket} = ? AND end_ms > ? AND end_ms <= ?"
        )
        with _away():
            session = _session()
            statement = _prepare(session, query)
            reads = [(statement, (channel_id, value, from_ms, until_ms)) for value in buckets]
            rows = _rows(session, reads)
        return sorted((_stored(row, names) for row in rows), key=lambda window: window.end_ms)

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return what happened in [from_ms, until_ms], and the gaps that began up to a day earlier, by time."""
        with _away():
            session = _session()
            within = _prepare(session, f"{_EVENTS} >= ? AND at_ms <= ?")
            before = _prepare(session, f"{_EVENTS} < ? AND kind = 'gap' ALLOW FILTERING")
            reads: list[Statement] = [(within, (channel_id, d, from_ms, until_ms)) for d in _days(from_ms, until_ms)]
            reads += [(before, (channel_id, day, from_ms)) for day in _days(from_ms - DAY_MS, from_ms)]
            events = [_event(row) for row in _rows(session, reads)]
        return sorted((e for e in events if (e.until_ms or e.at_ms) >= from_ms), key=_by_time)

    def read_recent_events(
        self, channel_ids: Collection[str], from_ms: int, until_ms: int
    ) -> dict[str, list[EventRecord]]:
        """Return what began in [from_ms, until_ms] in each of these channels, by time."""
        days = _days(from_ms, until_ms)
        with _away():
            session = _session()
            within = _prepare(session, f"{_EVENTS} >= ? AND at_ms <= ?")
            reads = [(within, (channel_id, day, from_ms, until_ms)) for channel_id in channel_ids for day in days]
            events = [_event(row) for row in _rows(session, reads)]
        found: dict[str, list[EventRecord]] = {channel_id: [] for channel_id in channel_ids}
        for event in sorted(events, key=_by_time):
            found[event.channel_id].append(event)
        return found

    def forget(self, channel_id: str, at_ms: int) -> None:
        """Delete all that is known of a channel that opted out at `at_ms`.

        The deletion is dated at the end of the hour in which the last window with a message of the channel closes,
        so such a window may come after it and changes nothing. What begins after that hour is kept, also when the
        record is read again long after the channel came back.
        """
        closed_ms = ((at_ms + _STILL_HEARD_MS) // HOUR_MS + 1) * HOUR_MS
        with _away():
            session = _session()
            deletes = list(_deletes(session, channel_id, closed_ms))
            execute_concurrent(session, deletes, concurrency=64, raise_on_first_error=True)


_CONNECTING = threading.Lock()


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (DriverException, NoHostAvailable, CQLEngineException) as error:
        raise ServiceAway(f"Cassandra does not answer: {error}") from error


def _session() -> Any:
    connection = connections["cassandra"]
    # The first ones to ask connect it, and a thread must not take what another has only half made.
    with _CONNECTING:
        connection.ensure_connection()
        session = connection.connection.session
    if session is None:
        raise ServiceAway("Cassandra is not connected yet")
    if session.keyspace != connection.settings_dict["NAME"]:
        session.set_keyspace(connection.settings_dict["NAME"])
    return session


@cache
def _prepare(session: Any, query: str) -> Any:
    return session.prepare(query)


def _rows(session: Any, reads: Sequence[Statement]) -> list[dict[str, Any]]:
    results = execute_concurrent(session, reads, concurrency=16, raise_on_first_error=True)
    return [row for _, result in results for row in result]


def _window_insert(session: Any, window: WindowRecord) -> Statement:
    names = [column.name for column in columns_of(window.grain)]  # type: ignore[arg-type]  # checked by read_window
    bucket = "year" if window.grain == "hour" else "day"
    fields = ["channel_id", bucket, "end_ms", *names]
    statement = _prepare(
        session,
        f"INSERT INTO {_TABLE[window.grain]} ({', '.join(fields)})"  # noqa: S608  names of our own table
        f" VALUES ({', '.join('?' * len(fields))}) USING TIMESTAMP ?",
    )
    day = day_of(window.start_ms)
    values = [window.columns.get(name, UNSET_VALUE) for name in names]
    place = day.year if bucket == "year" else day
    return statement, (window.channel_id, place, window.end_ms, *values, window.end_ms * 1000)


def _event_insert(session: Any, event: EventRecord) -> Statement:
    statement = _prepare(
        session,
        f"INSERT INTO channel_event (day, {_EVENT_FIELDS})"  # noqa: S608  names of our own table
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    )
    required = (day_of(event.at_ms), event.id, event.kind, event.channel_id, event.at_ms)
    optional = (event.until_ms, event.reason or None, event.count, event.text or None)
    return statement, (*required, *(UNSET_VALUE if v is None else v for v in optional), event.at_ms * 1000)


def _deletes(session: Any, channel_id: str, closed_ms: int) -> Iterator[Statement]:
    """Yield the deletion of each partition that a channel can have, written before `closed_ms`."""
    days = _days(closed_ms - _DAYS_KEPT * DAY_MS, closed_ms)
    years = list(range(day_of(EPOCH_MS).year, day_of(closed_ms).year + 1))
    for table in ("live_window", "minute_window", "hour_window", "channel_event"):
        bucket = "year" if table == "hour_window" else "day"
        query = f"DELETE FROM {table} USING TIMESTAMP ? WHERE channel_id = ? AND {bucket} = ?"  # noqa: S608  names of our own table
        statement = _prepare(session, query)
        # A window's timestamp is its end in µs and a revision of up to 999.
        for place in years if bucket == "year" else days:
            yield statement, (closed_ms * 1000 + 999, channel_id, place)


def _buckets(grain: str, from_ms: int, until_ms: int) -> tuple[str, list[Any]]:
    days = _days(from_ms - HOUR_MS, until_ms)
    return ("year", sorted({day.year for day in days})) if grain == "hour" else ("day", days)


def _days(from_ms: int, until_ms: int) -> list[dt.date]:
    first, last = day_of(from_ms), day_of(until_ms)
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _stored(row: Mapping[str, Any], names: Sequence[str]) -> StoredWindow:
    return StoredWindow(row["end_ms"], {name: row[name] for name in names if row[name] is not None})


def _event(row: Mapping[str, Any]) -> EventRecord:
    return EventRecord(**{**row, "reason": row["reason"] or "", "text": row["text"] or ""})


def _by_time(event: EventRecord) -> tuple[int, str]:
    return event.at_ms, event.id
