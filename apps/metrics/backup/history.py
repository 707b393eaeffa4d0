"""Cassandra's tables into files and back through its driver, on any cluster: each value keeps its age and its end.

A table is read in ranges of its partitions' tokens, each into a file of lines: a head, then a line a row with its key
and its values, grouped by when they were written and how long they still live.
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
from apps.metrics.cassandra import Statement, away, open_session, prepare, write
from apps.metrics.models import ChannelEvent, HourWindow, LiveWindow, MinuteWindow, StreamSummary

T = TypeVar("T")

TABLES = tuple(
    str(model.__table_name__) for model in (StreamSummary, HourWindow, ChannelEvent, MinuteWindow, LiveWindow)
)
FOLDER = "history"
RANGES = 64
# Murmur3's tokens; the first one is nobody's.
FIRST_TOKEN, TOKENS = -(2**63), 2**64
ROWS_A_PAGE, ROWS_AT_ONCE = 2_000, 4_000
PAGE_TIMEOUT_S, TRIES, TRY_AGAIN_S = 60.0, 4, 5.0
SAID_EVERY_S = 5.0
# Older than anything that is ever written, for a row of which only its key is left.
LONG_AGO = 1
PLAIN = frozenset({"bigint", "int", "text", "double", "boolean"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the cluster has it: its columns with their types, and which of them are its key."""

    name: str
    key: Sequence[str]
    partition: Sequence[str]
    columns: Mapping[str, str]

    @property
    def values(self) -> list[str]:
        return [name for name in self.columns if name not in self.key]


def tables(session: Any) -> list[Table]:
    """Return our tables. Raises: BadBackup when one is missing, or holds what this code does not know."""
    name = session.keyspace
    session.cluster.refresh_keyspace_metadata(name)
    known = session.cluster.metadata.keyspaces[name].tables
    missing = [table for table in TABLES if table not in known]
    if missing:
        raise BadBackup(f"Cassandra has no table {', '.join(missing)}: run `manage.py sync_cassandra` first")
    found = []
    for table in (known[one] for one in TABLES):
        columns = {str(column): str(one.cql_type) for column, one in table.columns.items()}
        # How long each part of a map lives, the driver cannot read: only in tables whose rows do not end.
        ends = bool(table.options.get("default_time_to_live"))
        strange = [f"{c} {kind}" for c, kind in columns.items() if not _is_known(kind) or (ends and _is_map(kind))]
        if strange:
            raise BadBackup(f"table {table.name} has columns that no backup can hold: {', '.join(strange)}")
        key, partition = ([str(one.name) for one in part] for part in (table.primary_key, table.partition_key))
        found.append(Table(table.name, key, partition, columns))
    return found


class Progress:
    """Says once in a while how far a long piece of work has come."""

    def __init__(self, say: Callable[[str], None], ranges: int) -> None:
        self._say, self._ranges = say, ranges
        self._done = self._rows = 0
        self._began = self._said = time.monotonic()

    def add(self, rows: int) -> None:
        self._rows += rows

    def finish_range(self, table: str) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._said >= SAID_EVERY_S or self._done == self._ranges:
            self._said = now
            rate = self._rows / max(0.001, now - self._began)
            self._say(f"history: {self._done}/{self._ranges} ranges, at {table}, {self._rows:,} rows, {rate:,.0f}/s")


def dump(backup: NewBackup, say: Callable[[str], None]) -> dict[str, int]:
    """Write all tables and return the rows of each file; files that are there already are kept.

    Raises: BadBackup; ServiceAway, after which the same call goes on where it was.
    """
    counted: dict[str, int] = {}
    with away():
        session = open_session()
        progress = Progress(say, len(TABLES) * RANGES)
        for table in tables(session):
            for number in range(RANGES):
                name = f"{FOLDER}/{table.name}/{number:02}.ndjson.gz"
                if backup.has(name):
                    counted[name] = sum(1 for _ in read_lines(backup.part / name)) - 1
                else:
                    counted[name] = _again(partial(_read_range, session, table, number, backup.place(name)))
                    backup.keep(name)
                progress.add(counted[name])
                progress.finish_range(table.name)
    return counted


def is_empty() -> bool:
    """Say whether no table has a row. Raises: BadBackup; ServiceAway."""
    with away():
        session = open_session()
        return not any(session.execute(f"SELECT * FROM {table.name} LIMIT 1").one() for table in tables(session))  # noqa: S608  names of our own tables


def load(folder: Path, manifest: Manifest, say: Callable[[str], None], *, without: Collection[str] = ()) -> int:
    """Write all rows that still live as they were, and return how many; what is there and newer stays.

    The channels in `without`, by id, have opted out: none of their rows is written.

    Raises: BadBackup; ServiceAway, after which the same call may be made again: it changes nothing twice.
    """
    files = sorted(name for name in manifest.files if name.startswith(f"{FOLDER}/"))
    total = 0
    with away():
        session = open_session()
        known = {table.name: table for table in tables(session)}
        progress = Progress(say, len(files))
        for name in files:
            table = known.get(Path(name).parent.name)
            if table is None:
                raise BadBackup(f"{name} is of a table that this version does not have")
            for written in _write_file(session, table, folder / name, without):
                total += written
                progress.add(written)
            progress.finish_range(table.name)
    return total


def _read_range(session: Any, table: Table, number: int, place: Path) -> int:
    names = ", ".join(table.key)
    asked = ", ".join(f"{c}, WRITETIME({c}) AS w_{c}" for c in table.values)
    asked += "".join(f", TTL({c}) AS l_{c}" for c in table.values if not _is_map(table.columns[c]))
    token = f"token({', '.join(table.partition)})"
    query = f"SELECT {names}, {asked} FROM {table.name} WHERE {token} > ? AND {token} <= ?"  # noqa: S608  names of our own tables
    edges = (FIRST_TOKEN + TOKENS * part // RANGES for part in (number, number + 1))
    bound = prepare(session, query).bind([min(edge, TOKENS // 2 - 1) for edge in edges])
    bound.fetch_size = ROWS_A_PAGE
    head = {"table": table.name, "columns": dict(table.columns), "read_s": int(time.time())}
    rows = 0
    with gzip.open(place, "wb", 4) as file:
        file.write(orjson.dumps(head) + b"\n")
        for row in session.execute(bound, timeout=PAGE_TIMEOUT_S):
            file.write(orjson.dumps(_line(table, row)) + b"\n")
            rows += 1
    return rows


def _line(table: Table, row: Mapping[str, Any]) -> list[Any]:
    """Return a row's key, and its values by when they were written, in µs, and how many seconds they live."""
    groups: dict[tuple[int, int | None], dict[str, Any]] = {}
    for name in table.values:
        if row[name] is not None:
            written, lives = row[f"w_{name}"], row.get(f"l_{name}")
            # A map has one for every part; ours are written whole.
            if isinstance(written, list):
                written = max(written)
            groups.setdefault((written, lives), {})[name] = _plain(row[name], table.columns[name])
    key = [_plain(row[name], table.columns[name]) for name in table.key]
    return [key, [[written, lives, values] for (written, lives), values in groups.items()]]


def _write_file(session: Any, table: Table, path: Path, without: Collection[str]) -> Iterator[int]:
    """Write the rows of one file, and yield how many each time some are written."""
    lines = read_lines(path)
    head = next(lines)
    gone = [f"{c} {kind}" for c, kind in head["columns"].items() if table.columns.get(c) != kind]
    if gone:
        raise BadBackup(f"table {table.name} has not the columns of the backup: {', '.join(gone)}")
    channel = table.key.index("channel_id")
    while part := list(islice(lines, ROWS_AT_ONCE)):
        # How long it still lives is told from when it was read.
        passed_s = int(time.time()) - head["read_s"]
        kept = (line for line in part if line[0][channel] not in without)
        rows = [made for line in kept if (made := list(_inserts(session, table, line, passed_s)))]
        statements = [statement for row in rows for statement in row]
        _again(partial(write, session, statements))
        yield len(rows)


def _inserts(session: Any, table: Table, line: Sequence[Any], passed_s: int) -> Iterator[Statement]:
    key = [_native(value, table.columns[name]) for name, value in zip(table.key, line[0], strict=True)]
    for written, lives, values in line[1] or [[LONG_AGO, None, {}]]:
        left = 0 if lives is None else lives - passed_s
        if lives is None or left > 0:
            columns = (*table.key, *values)
            marks = ", ".join("?" * len(columns))
            query = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks}) USING TIMESTAMP ? AND TTL ?"  # noqa: S608  names of our own tables
            native = [_native(value, table.columns[name]) for name, value in values.items()]
            yield prepare(session, query), (*key, *native, written, left)


def _is_known(kind: str) -> bool:
    inside = kind.removeprefix("map<").removesuffix(">").split(", ") if _is_map(kind) else [kind]
    return kind == "date" or PLAIN.issuperset(inside)


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


def _again(work: Callable[[], T]) -> T:
    """Do something that may be done twice, again after a while when Cassandra did not answer."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except (DriverException, NoHostAvailable):
            time.sleep(TRY_AGAIN_S)
    return work()
