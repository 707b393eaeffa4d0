"""Cassandra: writes and reads of windows and channel events, by prepared statements.

Rows are written with the window's end as timestamp, so writing one again changes nothing. Shapes are
those of models.py; the session is django-cassandra-engine's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from core.records import DAY_MS, HOUR_MS, EventRecord, WindowRecord

# The `live` table keeps the window at every 10th second; the boards see every second.
STORED_LIVE_STEP_MS = 10_000

_TABLE = {"live": "live_window", "live_distinct": "live_window", "minute": "minute_window", "hour": "hour_window"}
_STORED_COLUMNS = {
    "live": (*columns_of("live"), *columns_of("live_distinct")),
    "minute": columns_of("minute"),
    "hour": columns_of("hour"),
}


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
            results = execute_concurrent(session, reads, concurrency=16, raise_on_first_error=True)
            rows = [row for _, result in results for row in result]
        return sorted((_stored(row, names) for row in rows), key=lambda window: window.end_ms)

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return the events that overlap [from_ms, until_ms] and began at most a day before it, by time."""
        query = (
            "SELECT id, kind, channel_id, at_ms, until_ms, reason FROM channel_event"
            " WHERE channel_id = ? AND day = ? AND at_ms <= ?"
        )
        with _away():
            session = _session()
            statement = _prepare(session, query)
            reads = [(statement, (channel_id, day, until_ms)) for day in _days(from_ms - DAY_MS, until_ms)]
            results = execute_concurrent(session, reads, concurrency=16, raise_on_first_error=True)
            events = [EventRecord(**row) for _, result in results for row in result]
        return sorted((e for e in events if (e.until_ms or e.at_ms) >= from_ms), key=lambda e: e.at_ms)


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (DriverException, NoHostAvailable, CQLEngineException) as error:
        raise ServiceAway(f"Cassandra does not answer: {error}") from error


def _session() -> Any:
    connection = connections["cassandra"]
    connection.ensure_connection()
    session = connection.connection.session
    if session.keyspace != connection.settings_dict["NAME"]:
        session.set_keyspace(connection.settings_dict["NAME"])
    return session


@cache
def _prepare(session: Any, query: str) -> Any:
    return session.prepare(query)


def _window_insert(session: Any, window: WindowRecord) -> tuple[Any, Sequence[Any]]:
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


def _event_insert(session: Any, event: EventRecord) -> tuple[Any, Sequence[Any]]:
    statement = _prepare(
        session,
        "INSERT INTO channel_event (channel_id, day, at_ms, id, kind, until_ms, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
    )
    until_ms = UNSET_VALUE if event.until_ms is None else event.until_ms
    row = (event.channel_id, day_of(event.at_ms), event.at_ms, event.id, event.kind, until_ms, event.reason)
    return statement, (*row, event.at_ms * 1000)


def _buckets(grain: str, from_ms: int, until_ms: int) -> tuple[str, list[Any]]:
    days = _days(from_ms - HOUR_MS, until_ms)
    return ("year", sorted({day.year for day in days})) if grain == "hour" else ("day", days)


def _days(from_ms: int, until_ms: int) -> list[dt.date]:
    first, last = day_of(from_ms), day_of(until_ms)
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _stored(row: Mapping[str, Any], names: Sequence[str]) -> StoredWindow:
    return StoredWindow(row["end_ms"], {name: row[name] for name in names if row[name] is not None})
