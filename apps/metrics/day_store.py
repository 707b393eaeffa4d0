"""Days of channels in Cassandra, read and written with prepared statements: see core/metrics/days.py.

A row's timestamp is the end of its day, plus a revision that grows with each correction. Thus an erasure, whose
timestamp is later than the days that it deletes, also wins over a correction that was computed before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from apps.metrics.cassandra import cassandra_errors, open_session, prepare, rows, write
from core.metrics.days import DAY_COLUMNS
from core.metrics.windows import Columns
from core.times import DAY_MS, day_of

_REVISION_MAX = 999
# The columns of a day whose windows were removed. Its row is not deleted, because that would lose the revision.
_NOTHING: Columns = {"heard_ms": 0}

DaysOfChannel = dict[int, Columns]


class DayStore:
    """Reads and writes days. Every method raises ServiceUnavailable if Cassandra does not respond."""

    def read(
        self, channel_ids: Collection[str], from_ms: int, until_ms: int, columns: Collection[str] | None = None
    ) -> dict[str, DaysOfChannel]:
        """Return the days that begin in [from_ms, until_ms), by channel and start.

        If `columns` is None, all columns are read.
        """
        names = [name for name in DAY_COLUMNS if columns is None or name in columns]
        query = (
            f"SELECT channel_id, start_ms, {', '.join(names)} FROM channel_day"  # noqa: S608  fixed table names
            " WHERE channel_id = ? AND year = ? AND start_ms >= ? AND start_ms < ?"
        )
        years = range(day_of(from_ms).year, day_of(max(from_ms, until_ms - 1)).year + 1)
        days: dict[str, DaysOfChannel] = {channel_id: {} for channel_id in channel_ids}
        with cassandra_errors():
            session = open_session()
            statement = prepare(session, query)
            reads = [(statement, (channel_id, year, from_ms, until_ms)) for channel_id in channel_ids for year in years]
            for row in rows(session, reads):
                known = {name: row[name] for name in names if row[name] is not None}
                days[row["channel_id"]][row["start_ms"]] = known
        return days

    def save(self, start_ms: int, days: Mapping[str, Columns]) -> int:
        """Store the columns of a day by channel, {} if nothing is known about it; return the number of changed rows."""
        stored = {i: found.get(start_ms) for i, found in self.read(days, start_ms, start_ms + DAY_MS).items()}
        changed = {
            i: columns or _NOTHING for i, columns in days.items() if (columns or _NOTHING) != (stored[i] or _NOTHING)
        }
        with cassandra_errors():
            session = open_session()
            revisions = _next_revisions(session, changed, start_ms)
            names = ("channel_id", "year", "start_ms", *DAY_COLUMNS)
            insert = prepare(
                session,
                f"INSERT INTO channel_day ({', '.join(names)})"  # noqa: S608  fixed table names
                f" VALUES ({', '.join('?' * len(names))}) USING TIMESTAMP ?",
            )
            end_us, year = (start_ms + DAY_MS) * 1000, day_of(start_ms).year
            rows_to_write = [
                (insert, (channel_id, year, start_ms, *map(columns.get, DAY_COLUMNS), end_us + revisions[channel_id]))
                for channel_id, columns in changed.items()
            ]
            write(session, rows_to_write)
        return len(changed)


def _next_revisions(session: Any, channel_ids: Collection[str], start_ms: int) -> dict[str, int]:
    """Return the next revision of each channel's row of a day."""
    query = (
        "SELECT channel_id, WRITETIME(heard_ms) AS written FROM channel_day"
        " WHERE channel_id = ? AND year = ? AND start_ms = ?"
    )
    statement, year = prepare(session, query), day_of(start_ms).year
    stored = rows(session, [(statement, (channel_id, year, start_ms)) for channel_id in channel_ids])
    revisions = {row["channel_id"]: min(_REVISION_MAX, row["written"] % 1000 + 1) for row in stored}
    return {channel_id: revisions.get(channel_id, 0) for channel_id in channel_ids}
