"""Window store: writes and reads windows and channel events in Cassandra, with prepared statements.

Rows are written with the window's end as timestamp, and events with their report time, so that writing them again
changes nothing. The tables are in models.py; the session comes from django-cassandra-engine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cassandra.query import UNSET_VALUE

from apps.metrics.cassandra import Statement, cassandra_errors, open_session, prepare, rows, write
from core.irc.channel_events import OPT_OUT_DELAY_MS, STREAM_END, STREAM_START, stream_end_id
from core.metrics.columns import GRAINS_OF, STEP_MS, STORED_AS, STORED_GRAINS, WINDOW_MS, Columns, StoredGrain, names_of
from core.metrics.grains import EVENT_RETENTION_MS, RETENTION_MS
from core.metrics.on_air import BROADCAST_MAX_MS
from core.pipeline.intervals import Span
from core.pipeline.records import EPOCH_MS, EventRecord, WindowRecord, reported_at
from core.proof.reference import WindowKey
from core.times import DAY_MS, HOUR_MS, day_of
from twitchly.clock import now_ms

_TABLE: Mapping[StoredGrain, str] = {"live": "live_window", "minute": "minute_window", "hour": "hour_window"}
# Rows expire 90 d after they were written. One day is added for the length of a day, and one for clock differences.
_DAYS_KEPT = 92
_RETENTION_S: Mapping[str, int] = {
    "live_window": RETENTION_MS["live"] // 1000,
    "minute_window": RETENTION_MS["minute"] // 1000,
    "channel_event": EVENT_RETENTION_MS // 1000,
}
# Revisions of a row. 0 is the first computation, 1 its first correction. Revisions from _RECOMPUTED on encode how long
# after the window's end the row was recomputed, in steps of _REVISION_STEP_MS. They suffice for the 23 h that `chat`
# reaches back.
_RECOMPUTED, _LATEST, _REVISION_STEP_MS = 2, 900, 100_000
_EVENT_FIELDS = "id, kind, channel_id, at_ms, until_ms, reason, count, text"
# Columns of each table. Two grains that are stored in one table share some columns, with the same values.
_STORED_COLUMNS = {
    grain: sorted({name for part in GRAINS_OF[grain] for name in names_of(part)}) for grain in STORED_GRAINS
}
_EVENTS = f"SELECT {_EVENT_FIELDS} FROM channel_event WHERE channel_id = ? AND day = ? AND at_ms"  # noqa: S608  fixed table names


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window read from Cassandra; values that were never written are absent from `columns`."""

    end_ms: int
    columns: dict[str, int]


def is_stored(window: WindowRecord) -> bool:
    """Return whether the window is stored: of the live grains, only windows that end on a multiple of 10 s are."""
    return not window.grain.startswith("live") or window.end_ms % STEP_MS["live"] == 0


class WindowStore:
    """Reads and writes windows and events. Every method raises ServiceUnavailable if Cassandra does not respond."""

    def write(self, windows: Iterable[WindowRecord], events: Iterable[EventRecord]) -> None:
        """Write windows and events, and return when all are written."""
        with cassandra_errors():
            session = open_session()
            statements = [_window_insert(session, window, _revision(window.again_ms)) for window in windows]
            statements += [_event_insert(session, event) for event in events]
            write(session, statements)

    def write_past(self, rows: Mapping[WindowKey, Columns], events: Iterable[EventRecord]) -> None:
        """Write past rows and events, which expire as if they had been written when they occurred."""
        now = now_ms()
        with cassandra_errors():
            session = open_session()
            statements = [_row_insert(session, key, columns, now) for key, columns in rows.items()]
            statements += [_event_insert(session, event, _ttl_s("channel_event", event.at_ms, now)) for event in events]
            write(session, statements)

    def correct(self, windows: Sequence[WindowRecord], removed: Collection[WindowKey]) -> None:
        """Overwrite the stored rows of `windows`, and delete the rows in `removed`.

        Both kinds of write get a later revision than the stored row, so that neither a replay nor the old row wins. One
        statement per grain replaces a row, with unknown columns set to null, so that a crash midway loses no row.
        """
        with cassandra_errors():
            session = open_session()
            revisions = _next_revisions(session, {_key(window) for window in windows} | set(removed))
            write(session, [_row_delete(session, key, revisions[key]) for key in removed])
            write(session, [_window_insert(session, window, revisions[_key(window)]) for window in windows])

    def read_windows(
        self,
        grain: StoredGrain,
        channel_id: str,
        from_ms: int,
        until_ms: int,
        columns: Collection[str] | None = None,
    ) -> list[StoredWindow]:
        """Return the windows of a grain that end in (from_ms, until_ms], oldest first.

        Only the given `columns` are read, or all if `columns` is None.
        """
        return self.read_many(grain, [channel_id], from_ms, until_ms, columns)[channel_id]

    def read_many(
        self,
        grain: StoredGrain,
        channel_ids: Collection[str],
        from_ms: int,
        until_ms: int,
        columns: Collection[str] | None = None,
    ) -> dict[str, list[StoredWindow]]:
        """Return the windows of several channels: see read_windows."""
        names = [name for name in _STORED_COLUMNS[grain] if columns is None or name in columns]
        bucket, buckets = _buckets(grain, from_ms, until_ms)
        query = (
            f"SELECT channel_id, end_ms, {', '.join(names)} FROM {_TABLE[grain]}"  # noqa: S608  fixed table names
            f" WHERE channel_id = ? AND {bucket} = ? AND end_ms > ? AND end_ms <= ?"
        )
        with cassandra_errors():
            session = open_session()
            statement = prepare(session, query)
            reads = [(statement, (i, value, from_ms, until_ms)) for i in channel_ids for value in buckets]
            by_channel: dict[str, list[StoredWindow]] = {channel_id: [] for channel_id in channel_ids}
            for row in rows(session, reads):
                by_channel[row["channel_id"]].append(_stored(row, names))
        return {i: sorted(windows, key=lambda window: window.end_ms) for i, windows in by_channel.items()}

    def checksum(self, grain: StoredGrain, channel_id: str, from_ms: int, until_ms: int) -> tuple[int, ...]:
        """Return numbers that change when a window that ends in (from_ms, until_ms] is written or corrected.

        Cassandra counts the rows and sums their write times, which include the revisions; the sums may overflow. A row
        has two parts that are written separately: the sums, and the distinct people.
        """
        bucket, buckets = _buckets(grain, from_ms, until_ms)
        query = (
            "SELECT COUNT(*) AS rows, SUM(WRITETIME(messages)) AS sums, SUM(WRITETIME(chatters)) AS people"  # noqa: S608  fixed table names
            f" FROM {_TABLE[grain]} WHERE channel_id = ? AND {bucket} = ? AND end_ms > ? AND end_ms <= ?"
        )
        return _sum_query(query, [(channel_id, value, from_ms, until_ms) for value in buckets])

    def events_checksum(self, channel_id: str, from_ms: int, until_ms: int) -> tuple[int, ...]:
        """Return numbers that change with the events up to `until_ms` that determine missed time since `from_ms`.

        These events are gaps, which may be extended, and starts and ends of broadcasts.
        """
        query = (
            "SELECT COUNT(*) AS rows, SUM(at_ms) AS starts, SUM(until_ms) AS ends FROM channel_event"
            " WHERE channel_id = ? AND day = ? AND at_ms <= ? AND kind = ? ALLOW FILTERING"
        )
        days = _days(from_ms - BROADCAST_MAX_MS, until_ms)
        kinds = ("gap", STREAM_START, STREAM_END)
        return _sum_query(query, [(channel_id, day, until_ms, kind) for day in days for kind in kinds])

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
        """Return the events in [from_ms, until_ms], and earlier events that affect this span, in chronological order.

        The earlier events are gaps that last at least until `from_ms`, and starts and ends of broadcasts in the 48 h
        before it.
        """
        with cassandra_errors():
            session = open_session()
            within = prepare(session, f"{_EVENTS} >= ? AND at_ms <= ?")
            before = prepare(session, f"{_EVENTS} < ? AND kind = ? ALLOW FILTERING")
            reads: list[Statement] = [(within, (channel_id, d, from_ms, until_ms)) for d in _days(from_ms, until_ms)]
            for kind, before_ms in (("gap", DAY_MS), (STREAM_START, BROADCAST_MAX_MS), (STREAM_END, BROADCAST_MAX_MS)):
                days = _days(from_ms - before_ms, from_ms)
                reads += [(before, (channel_id, day, from_ms, kind)) for day in days]
            events = [_event(row) for row in rows(session, reads)]
        return sorted((e for e in events if e.kind != "gap" or (e.until_ms or e.at_ms) >= from_ms), key=_by_time)

    def read_starts(self, channel_ids: Collection[str], before_ms: int) -> dict[str, list[EventRecord]]:
        """Return the starts and ends of broadcasts in the 48 h before a time, by channel."""
        with cassandra_errors():
            session = open_session()
            statement = prepare(session, f"{_EVENTS} < ? AND kind = ? ALLOW FILTERING")
            days, kinds = _days(before_ms - BROADCAST_MAX_MS, before_ms), (STREAM_START, STREAM_END)
            of_days = [(day, before_ms, kind) for day in days for kind in kinds]
            events = [
                _event(row) for row in rows(session, [(statement, (i, *d)) for i in channel_ids for d in of_days])
            ]
        by_channel: dict[str, list[EventRecord]] = {channel_id: [] for channel_id in channel_ids}
        for event in events:
            by_channel[event.channel_id].append(event)
        return by_channel

    def read_recent_events(
        self, channel_ids: Collection[str], from_ms: int, until_ms: int
    ) -> dict[str, list[EventRecord]]:
        """Return the events that began in [from_ms, until_ms] by channel, in chronological order."""
        days = _days(from_ms, until_ms)
        with cassandra_errors():
            session = open_session()
            within = prepare(session, f"{_EVENTS} >= ? AND at_ms <= ?")
            reads = [(within, (channel_id, day, from_ms, until_ms)) for channel_id in channel_ids for day in days]
            events = [_event(row) for row in rows(session, reads)]
        by_channel: dict[str, list[EventRecord]] = {channel_id: [] for channel_id in channel_ids}
        for event in sorted(events, key=_by_time):
            by_channel[event.channel_id].append(event)
        return by_channel

    def read_gaps(self, days_of: Mapping[str, Collection[dt.date]]) -> dict[str, list[EventRecord]]:
        """Return the gaps that began on the given UTC days of each channel, in no particular order."""
        with cassandra_errors():
            session = open_session()
            statement = prepare(session, f"{_EVENTS} >= ? AND kind = ? ALLOW FILTERING")
            reads = [(statement, (i, day, EPOCH_MS, "gap")) for i, days in days_of.items() for day in days]
            gaps: dict[str, list[EventRecord]] = {channel_id: [] for channel_id in days_of}
            for row in rows(session, reads):
                gaps[row["channel_id"]].append(_event(row))
        return gaps

    def read_broadcasts(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> dict[str, list[Span]]:
        """Return the start and end of each channel's summarized broadcasts that overlap [from_ms, until_ms)."""
        query = (
            "SELECT channel_id, started_ms, ended_ms FROM stream_summary"
            " WHERE channel_id = ? AND started_ms > ? AND started_ms < ?"
        )
        with cassandra_errors():
            session = open_session()
            statement = prepare(session, query)
            reads = [(statement, (channel_id, from_ms - BROADCAST_MAX_MS, until_ms)) for channel_id in channel_ids]
            by_channel: dict[str, list[Span]] = {channel_id: [] for channel_id in channel_ids}
            for row in rows(session, reads):
                if row["ended_ms"] > from_ms:
                    by_channel[row["channel_id"]].append((row["started_ms"], row["ended_ms"]))
        return by_channel

    def withdraw_end(self, event: EventRecord) -> None:
        """Delete the end of a broadcast that continued, unless a later report says that it ended."""
        with cassandra_errors():
            session = open_session()
            row = "channel_id = ? AND day = ? AND at_ms = ? AND id = ?"
            statement = prepare(session, f"DELETE FROM channel_event USING TIMESTAMP ? WHERE {row}")  # noqa: S608  fixed table names
            end_id = stream_end_id(event.channel_id, event.started_ms or 0)
            values = (reported_at(event) * 1000, event.channel_id, day_of(event.at_ms), event.at_ms, end_id)
            write(session, [(statement, values)])

    def count(self, channel_id: str, at_ms: int) -> dict[str, int]:
        """Return, by table, the number of a channel's rows that `erase` would delete."""
        with cassandra_errors():
            session = open_session()
            counts: dict[str, int] = {}
            for table, condition, partitions in partitions_until(_closed_ms(at_ms)):
                query = f"SELECT COUNT(*) AS rows FROM {table} WHERE {condition}"  # noqa: S608  fixed table names
                statement = prepare(session, query)
                reads = [(statement, (channel_id, *partition)) for partition in partitions]
                counts[table] = sum(row["rows"] for row in rows(session, reads))
        return counts

    def erase(self, channel_id: str, at_ms: int) -> None:
        """Delete the history of a channel that opted out at `at_ms`.

        The deletion's timestamp is the end of the hour in which the channel's last window closes, so that late windows
        do not restore rows. Later history is kept, even if the opt-out is processed again after the channel has
        withdrawn it.
        """
        with cassandra_errors():
            session = open_session()
            deletes = list(_deletes(session, channel_id, _closed_ms(at_ms)))
            write(session, deletes)


def _sum_query(query: str, reads: Sequence[Sequence[Any]]) -> tuple[int, ...]:
    """Return the column sums of an aggregate query over several partitions."""
    with cassandra_errors():
        session = open_session()
        statement = prepare(session, query)
        results = [row.values() for row in rows(session, [(statement, values) for values in reads])]
    return tuple(sum(number or 0 for number in numbers) for numbers in zip(*results, strict=True))


def _ttl_s(table: str, at_ms: int, now: int) -> int:
    """Return the time to live that remains for a row dated `at_ms`, at least 1 s, or 0 if it never expires."""
    retention_s = _RETENTION_S.get(table, 0)
    return min(retention_s, max(1, retention_s - (now - at_ms) // 1000)) if retention_s else 0


def _row_insert(session: Any, key: WindowKey, columns: Columns, now: int) -> Statement:
    """Return the INSERT statement for a complete row of past data."""
    table, _, _ = _location(key)
    return _insert(session, key, _STORED_COLUMNS[key[1]], columns, ttl_s=_ttl_s(table, key[2], now))


def _window_insert(session: Any, window: WindowRecord, revision: int) -> Statement:
    """Return the insert of a window. Revisions after the first replace the row, so they set unknown columns to null."""
    unknown = None if revision else UNSET_VALUE
    return _insert(session, _key(window), names_of(window.grain), window.columns, revision, unknown)


def _insert(
    session: Any,
    key: WindowKey,
    names: Sequence[str],
    columns: Columns,
    revision: int = 0,
    unknown: Any = UNSET_VALUE,
    ttl_s: Any = UNSET_VALUE,
) -> Statement:
    """Return the insert of these columns of a row. If `ttl_s` is unset, the row expires after its table's default."""
    table, bucket, bucket_value = _location(key)
    fields = ["channel_id", bucket, "end_ms", *names]
    statement = prepare(
        session,
        f"INSERT INTO {table} ({', '.join(fields)})"  # noqa: S608  fixed table names
        f" VALUES ({', '.join('?' * len(fields))}) USING TIMESTAMP ? AND TTL ?",
    )
    values = [columns.get(name, unknown) for name in names]
    return statement, (key[0], bucket_value, key[2], *values, key[2] * 1000 + revision, ttl_s)


def _key(window: WindowRecord) -> WindowKey:
    return window.channel_id, STORED_AS[window.grain], window.end_ms


def _location(key: WindowKey) -> tuple[str, str, Any]:
    """Return the table of a row, and the name and value of the second column of its partition key."""
    _, grain, end_ms = key
    day = day_of(end_ms - WINDOW_MS[grain])
    return _TABLE[grain], *(("year", day.year) if grain == "hour" else ("day", day))


def _revision(after_ms: int) -> int:
    """Return the revision of a row recomputed `after_ms` after its window's end; later revisions win."""
    return _RECOMPUTED + min(_LATEST, after_ms // _REVISION_STEP_MS) if after_ms else 0


def _next_revisions(session: Any, keys: Iterable[WindowKey]) -> dict[WindowKey, int]:
    """Return the next revision of each row.

    A missing row may have been deleted with any revision, so its next revision depends on the time since its end.
    """
    revisions = {}
    for key in keys:
        table, bucket, bucket_value = _location(key)
        query = (
            f"SELECT WRITETIME(messages) AS written FROM {table} WHERE channel_id = ? AND {bucket} = ? AND end_ms = ?"  # noqa: S608  fixed table names
        )
        stored = rows(session, [(prepare(session, query), (key[0], bucket_value, key[2]))])
        written = [row["written"] % 1000 for row in stored if row["written"]]
        revisions[key] = max(written) + 1 if written else _revision(max(1, now_ms() - key[2]))
    return revisions


def _row_delete(session: Any, key: WindowKey, revision: int) -> Statement:
    table, bucket, bucket_value = _location(key)
    query = f"DELETE FROM {table} USING TIMESTAMP ? WHERE channel_id = ? AND {bucket} = ? AND end_ms = ?"  # noqa: S608  fixed table names
    return prepare(session, query), (key[2] * 1000 + revision, key[0], bucket_value, key[2])


def _event_insert(session: Any, event: EventRecord, ttl_s: Any = UNSET_VALUE) -> Statement:
    # A later report replaces the row, so it writes null to each field whose value is no longer known.
    unknown = UNSET_VALUE if event.reported_ms is None else None
    statement = prepare(
        session,
        f"INSERT INTO channel_event (day, {_EVENT_FIELDS})"  # noqa: S608  fixed table names
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?",
    )
    required = (day_of(event.at_ms), event.id, event.kind, event.channel_id, event.at_ms)
    optional = (event.until_ms, event.reason or None, event.count, event.text or None)
    return statement, (*required, *(unknown if v is None else v for v in optional), reported_at(event) * 1000, ttl_s)


def _closed_ms(at_ms: int) -> int:
    """Return the time at which the last window of a channel that opted out at `at_ms` has closed."""
    return ((at_ms + OPT_OUT_DELAY_MS) // HOUR_MS + 1) * HOUR_MS


def partitions_until(closed_ms: int) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
    """Yield each table, the condition for a channel's partitions, and the keys that they may have by `closed_ms`."""
    days = [(day,) for day in _days(closed_ms - _DAYS_KEPT * DAY_MS, closed_ms)]
    years = [(year,) for year in range(day_of(EPOCH_MS).year, day_of(closed_ms).year + 1)]
    for table in ("live_window", "minute_window", "channel_event"):
        yield table, "channel_id = ? AND day = ?", days
    for table in ("hour_window", "channel_day"):
        yield table, "channel_id = ? AND year = ?", years
    yield "stream_summary", "channel_id = ?", [()]


def _deletes(session: Any, channel_id: str, closed_ms: int) -> Iterator[Statement]:
    """Yield a deletion for each partition that a channel may have. It covers rows with timestamps up to `closed_ms`."""
    for table, condition, partitions in partitions_until(closed_ms):
        query = f"DELETE FROM {table} USING TIMESTAMP ? WHERE {condition}"  # noqa: S608  fixed table names
        statement = prepare(session, query)
        for partition in partitions:
            # A window's timestamp is its end in µs plus a revision of up to 999.
            yield statement, (closed_ms * 1000 + 999, channel_id, *partition)


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
