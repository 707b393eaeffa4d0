"""Dump an instance's history for a comparison: `python -m drills.history_dump FILE [UNTIL_MS]`.

Run it in the instance's environment. It reads table by table, independently of the backup code. Each line of FILE
contains a table, a row's key and its values, each with its write time in µs and its expiry in seconds since 1970.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

# Each table with its primary key and its time column.
TABLES = {
    "live_window": (("channel_id", "day", "end_ms"), "end_ms"),
    "minute_window": (("channel_id", "day", "end_ms"), "end_ms"),
    "hour_window": (("channel_id", "year", "end_ms"), "end_ms"),
    "channel_day": (("channel_id", "year", "start_ms"), "start_ms"),
    "channel_event": (("channel_id", "day", "at_ms", "id"), "at_ms"),
    "stream_summary": (("channel_id", "started_ms"), "ended_ms"),
}
# Expiry is inexact, because it is computed from a TTL in whole seconds and two clocks.
EXPIRY_TOLERANCE_S = 3


def main(path: Path, until_ms: int) -> None:
    django.setup()
    from apps.metrics.cassandra import open_session

    session = open_session()
    with path.open("w") as file:
        for table, (key, time_of) in TABLES.items():
            columns = session.execute(_COLUMNS, [session.keyspace, table])
            types = {str(row["column_name"]): str(row["type"]) for row in columns}
            values = sorted(types.keys() - set(key))
            selection = ", ".join(f"{c}, WRITETIME({c}) AS w_{c}" for c in values)
            selection += "".join(f", TTL({c}) AS l_{c}" for c in values if not types[c].startswith("map"))
            for row in session.execute(f"SELECT {', '.join(key)}, {selection} FROM {table}", timeout=60):
                if row[time_of] <= until_ms:
                    cells = {c: _cell(row, c) for c in values if row[c] is not None}
                    file.write(json.dumps([table, [str(row[c]) for c in key], cells]) + "\n")


_COLUMNS = "SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s"


def _cell(row: dict[str, Any], name: str) -> list[Any]:
    written, ttl_s = row[f"w_{name}"], row.get(f"l_{name}")
    if isinstance(written, list):
        written = max(written)
    return [str(row[name]), written, ttl_s and ttl_s + round(time.time())]


def differences(before: Path, after: Path) -> list[str]:
    """Return the differences by row, including missing and additional rows."""
    first, second = (dict(_rows(path)) for path in (before, after))
    texts = [f"{key} is missing" for key in first.keys() - second.keys()]
    texts += [f"{key} is new" for key in second.keys() - first.keys()]
    for key in first.keys() & second.keys():
        texts += [f"{key} {text}" for text in _differing_values(first[key], second[key])]
    return sorted(texts)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, list[Any]]]]:
    for line in path.read_text().splitlines():
        table, key, cells = json.loads(line)
        yield f"{table} {' '.join(key)}", cells


def _differing_values(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> Iterator[str]:
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        expiries = [cell[2] for cell in (old, new) if cell]
        same_expiry = expiries.count(None) in (0, 2) and (
            None in expiries or abs(expiries[0] - expiries[-1]) <= EXPIRY_TOLERANCE_S
        )
        if old is None or new is None or old[:2] != new[:2] or not same_expiry:
            yield f"{name} was {old} and is {new}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2**62)
