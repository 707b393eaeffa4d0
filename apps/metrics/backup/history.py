"""Backup and restore of Cassandra's tables through its driver. Each value keeps its write time and expiry.

A table is read in token ranges. Each range is written to a file of JSON lines: a header, then one line per row with its
key and its values, grouped by write time and remaining time to live.
"""

from __future__ import annotations

import datetime as dt
import gzip
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import orjson
from cassandra import DriverException
from cassandra.cluster import NoHostAvailable

from apps.metrics.backup.folder import BadBackup, Manifest, NewBackup, read_lines
from apps.metrics.cassandra import Statement, cassandra_errors, open_session, prepare, write
from apps.metrics.models import ChannelDay, ChannelEvent, HourWindow, LiveWindow, MinuteWindow, StreamSummary

T = TypeVar("T")

TABLES = tuple(
    str(model.__table_name__)
    for model in (StreamSummary, ChannelDay, HourWindow, ChannelEvent, MinuteWindow, LiveWindow)
)
FOLDER = "history"
RANGES = 64
# Tokens of Murmur3; no partition has the first token.
FIRST_TOKEN, TOKENS = -(2**63), 2**64
PAGE_ROWS, BATCH_ROWS = 2_000, 4_000
PAGE_TIMEOUT_S, TRIES, RETRY_DELAY_S = 60.0, 4, 5.0
REPORT_INTERVAL_S = 5.0
# Write time, earlier than any real one, for rows that consist only of their key.
OLDEST_US = 1
PLAIN_TYPES = frozenset({"bigint", "int", "text", "double", "boolean"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the cluster: its columns with their types, its primary key and its partition key."""

    name: str
    key: Sequence[str]
    partition: Sequence[str]
    columns: Mapping[str, str]

    @property
    def values(self) -> list[str]:
        return [name for name in self.columns if name not in self.key]


def tables(session: Any) -> list[Table]:
    """Return the tables to back up. Raises: BadBackup if one is missing or has unsupported columns."""
    name = session.keyspace
    session.cluster.refresh_keyspace_metadata(name)
    known = session.cluster.metadata.keyspaces[name].tables
    missing = [table for table in TABLES if table not in known]
    if missing:
        raise BadBackup(f"Cassandra has no table {', '.join(missing)}: run `manage.py create_tables` first")
    supported = []
    for table in (known[name] for name in TABLES):
        columns = {str(column): str(metadata.cql_type) for column, metadata in table.columns.items()}
        # The driver cannot read the time to live of map entries, so maps are supported only in tables without expiry.
        expires = bool(table.options.get("default_time_to_live"))
        unsupported = [
            f"{c} {kind}" for c, kind in columns.items() if not _is_supported(kind) or (expires and _is_map(kind))
        ]
        if unsupported:
            raise BadBackup(f"table {table.name} has columns that cannot be backed up: {', '.join(unsupported)}")
        key, partition = ([str(column.name) for column in part] for part in (table.primary_key, table.partition_key))
        supported.append(Table(table.name, key, partition, columns))
    return supported


class Progress:
    """Reports the progress of a backup or restore every REPORT_INTERVAL_S."""

    def __init__(self, report: Callable[[str], None], ranges: int) -> None:
        self._report, self._ranges = report, ranges
        self._done = self._rows = 0
        self._began_s = self._reported_s = time.monotonic()

    def add(self, rows: int) -> None:
        self._rows += rows

    def finish_range(self, table: str) -> None:
        self._done += 1
        now_s = time.monotonic()
        if now_s - self._reported_s >= REPORT_INTERVAL_S or self._done == self._ranges:
            self._reported_s = now_s
            rate = self._rows / max(0.001, now_s - self._began_s)
            self._report(f"history: {self._done}/{self._ranges} ranges, at {table}, {self._rows:,} rows, {rate:,.0f}/s")


def dump(backup: NewBackup, report: Callable[[str], None]) -> dict[str, int]:
    """Write all tables and return the number of rows in each file; files that already exist are kept.

    Raises: BadBackup; ServiceUnavailable, after which the same call resumes.
    """
    counted: dict[str, int] = {}
    with cassandra_errors():
        session = open_session()
        progress = Progress(report, len(TABLES) * RANGES)
        for table in tables(session):
            for number in range(RANGES):
                name = f"{FOLDER}/{table.name}/{number:02}.ndjson.gz"
                if backup.has(name):
                    counted[name] = sum(1 for _ in read_lines(backup.part / name)) - 1
                else:
                    path = backup.temporary_path(name)
                    counted[name] = _retry(partial(_read_range, session, table, number, path))
                    backup.keep(name)
                progress.add(counted[name])
                progress.finish_range(table.name)
    return counted


def is_empty() -> bool:
    """Return whether all tables are empty. Raises: BadBackup; ServiceUnavailable."""
    with cassandra_errors():
        session = open_session()
        return not any(session.execute(f"SELECT * FROM {table.name} LIMIT 1").one() for table in tables(session))  # noqa: S608  fixed table names


def load(folder: Path, manifest: Manifest, report: Callable[[str], None], *, without: Collection[str] = ()) -> int:
    """Restore all rows that have not expired, and return their number; newer values in the tables are kept.

    Rows of the channels in `without`, which have opted out, are skipped.

    Raises: BadBackup; ServiceUnavailable, after which the same call may be repeated safely.
    """
    files = sorted(name for name in manifest.files if name.startswith(f"{FOLDER}/"))
    total = 0
    with cassandra_errors():
        session = open_session()
        known = {table.name: table for table in tables(session)}
        progress = Progress(report, len(files))
        for name in files:
            table = known.get(Path(name).parent.name)
            if table is None:
                raise BadBackup(f"{name} belongs to a table that this version does not have")
            for rows in _write_file(session, table, folder / name, without):
                total += rows
                progress.add(rows)
            progress.finish_range(table.name)
    return total


def _read_range(session: Any, table: Table, number: int, path: Path) -> int:
    names = ", ".join(table.key)
    selected = ", ".join(f"{c}, WRITETIME({c}) AS w_{c}" for c in table.values)
    selected += "".join(f", TTL({c}) AS l_{c}" for c in table.values if not _is_map(table.columns[c]))
    token = f"token({', '.join(table.partition)})"
    query = f"SELECT {names}, {selected} FROM {table.name} WHERE {token} > ? AND {token} <= ?"  # noqa: S608  fixed table names
    edges = (FIRST_TOKEN + TOKENS * part // RANGES for part in (number, number + 1))
    bound = prepare(session, query).bind([min(edge, TOKENS // 2 - 1) for edge in edges])
    bound.fetch_size = PAGE_ROWS
    header = {"table": table.name, "columns": dict(table.columns), "read_s": int(time.time())}
    rows = 0
    with gzip.open(path, "wb", 4) as file:
        file.write(orjson.dumps(header) + b"\n")
        for row in session.execute(bound, timeout=PAGE_TIMEOUT_S):
            file.write(orjson.dumps(_line(table, row)) + b"\n")
            rows += 1
    return rows


def _line(table: Table, row: Mapping[str, Any]) -> list[Any]:
    """Return a row's key, and its values grouped by write time in µs and time to live in s."""
    groups: dict[tuple[int, int | None], dict[str, Any]] = {}
    for name in table.values:
        if row[name] is not None:
            written_us, ttl_s = row[f"w_{name}"], row.get(f"l_{name}")
            # A map has one write time per entry, but these maps are always written as a whole.
            if isinstance(written_us, list):
                written_us = max(written_us)
            groups.setdefault((written_us, ttl_s), {})[name] = _plain(row[name], table.columns[name])
    key = [_plain(row[name], table.columns[name]) for name in table.key]
    return [key, [[written_us, ttl_s, values] for (written_us, ttl_s), values in groups.items()]]


def _write_file(session: Any, table: Table, path: Path, without: Collection[str]) -> Iterator[int]:
    """Write the rows of one file in batches, and yield the number of rows in each batch."""
    lines = read_lines(path)
    header = next(lines)
    missing = [f"{c} {kind}" for c, kind in header["columns"].items() if table.columns.get(c) != kind]
    if missing:
        raise BadBackup(f"table {table.name} lacks columns of the backup: {', '.join(missing)}")
    channel = table.key.index("channel_id")
    while batch := list(islice(lines, BATCH_ROWS)):
        # The times to live are relative to when the file was written.
        age_s = int(time.time()) - header["read_s"]
        kept = (line for line in batch if line[0][channel] not in without)
        rows = [inserts for line in kept if (inserts := list(_inserts(session, table, line, age_s)))]
        statements = [statement for row in rows for statement in row]
        _retry(partial(write, session, statements))
        yield len(rows)


def _inserts(session: Any, table: Table, line: Sequence[Any], age_s: int) -> Iterator[Statement]:
    key = [_native(value, table.columns[name]) for name, value in zip(table.key, line[0], strict=True)]
    for written_us, ttl_s, values in line[1] or [[OLDEST_US, None, {}]]:
        remaining_s = 0 if ttl_s is None else ttl_s - age_s
        if ttl_s is None or remaining_s > 0:
            columns = (*table.key, *values)
            markers = ", ".join("?" * len(columns))
            query = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({markers}) USING TIMESTAMP ? AND TTL ?"  # noqa: S608  fixed table names
            native = [_native(value, table.columns[name]) for name, value in values.items()]
            yield prepare(session, query), (*key, *native, written_us, remaining_s)


def _is_supported(kind: str) -> bool:
    parts = kind.removeprefix("map<").removesuffix(">").split(", ") if _is_map(kind) else [kind]
    return kind == "date" or PLAIN_TYPES.issuperset(parts)


def _is_map(kind: str) -> bool:
    return kind.startswith("map<")


def _plain(value: Any, kind: str) -> Any:
    if _is_map(kind):
        return list(value.items())
    return str(value) if kind == "date" else value


def _native(value: Any, kind: str) -> Any:
    if _is_map(kind):
        return dict(value)
    return dt.date.fromisoformat(value) if kind == "date" else value


def _retry(work: Callable[[], T]) -> T:
    """Call idempotent `work`, and retry after a delay while Cassandra does not respond."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except (DriverException, NoHostAvailable):
            time.sleep(RETRY_DELAY_S)
    return work()
