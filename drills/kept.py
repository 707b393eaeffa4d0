"""What a copy has kept, row by row for a comparison: `python -m drills.kept FILE [UNTIL_MS]`, with its environment.

History is read table by table, by another way than that of a backup. A line of FILE is a table, a row's key and its
values, each with when it was written, in µs, and when it ends, in s since 1970.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

# The table, what its rows are known by, and the time of a row.
TABLES = {
    "live_window": (("channel_id", "day", "end_ms"), "end_ms"),
    "minute_window": (("channel_id", "day", "end_ms"), "end_ms"),
    "hour_window": (("channel_id", "year", "end_ms"), "end_ms"),
    "channel_event": (("channel_id", "day", "at_ms", "id"), "at_ms"),
    "stream_summary": (("channel_id", "started_ms"), "ended_ms"),
}
# A value's end is told in whole seconds, by two clocks.
ENDS_DIFFER_S = 3


def main(path: Path, until_ms: int) -> None:
    django.setup()
    from apps.metrics.cassandra import open_session

    session = open_session()
    with path.open("w") as file:
        for table, (key, time_of) in TABLES.items():
            found = session.execute(_COLUMNS, [session.keyspace, table])
            kinds = {str(row["column_name"]): str(row["type"]) for row in found}
            values = sorted(kinds.keys() - set(key))
            asked = ", ".join(f"{c}, WRITETIME({c}) AS w_{c}" for c in values)
            asked += "".join(f", TTL({c}) AS l_{c}" for c in values if not kinds[c].startswith("map"))
            for row in session.execute(f"SELECT {', '.join(key)}, {asked} FROM {table}", timeout=60):
                if row[time_of] <= until_ms:
                    cells = {c: _cell(row, c) for c in values if row[c] is not None}
                    file.write(json.dumps([table, [str(row[c]) for c in key], cells]) + "\n")


_COLUMNS = "SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s"


def _cell(row: dict[str, Any], name: str) -> list[Any]:
    written, lives = row[f"w_{name}"], row.get(f"l_{name}")
    if isinstance(written, list):
        written = max(written)
    return [str(row[name]), written, lives and lives + round(time.time())]


def differences(before: Path, after: Path) -> list[str]:
    """Return what is not the same, by row, a missing or an additional one included."""
    first, second = (dict(_rows(path)) for path in (before, after))
    found = [f"{key} is missing" for key in first.keys() - second.keys()]
    found += [f"{key} is new" for key in second.keys() - first.keys()]
    for key in first.keys() & second.keys():
        found += [f"{key} {text}" for text in _differ(first[key], second[key])]
    return sorted(found)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, list[Any]]]]:
    for line in path.read_text().splitlines():
        table, key, cells = json.loads(line)
        yield f"{table} {' '.join(key)}", cells


def _differ(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> Iterator[str]:
    for name in before.keys() | after.keys():
        one, other = before.get(name), after.get(name)
        ends = [cell[2] for cell in (one, other) if cell]
        same_end = ends.count(None) in (0, 2) and (None in ends or abs(ends[0] - ends[-1]) <= ENDS_DIFFER_S)
        if one is None or other is None or one[:2] != other[:2] or not same_end:
            yield f"{name} was {one} and is {other}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2**62)
