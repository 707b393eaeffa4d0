"""Fake stores with days and hours of three channels, the third of which was never on air."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from apps.metrics.store import StoredWindow
from core.metrics.columns import StoredGrain, roll_up
from core.metrics.days import columns_of_day
from core.metrics.ranges import RangeSummary, Row, summarize
from core.metrics.windows import Columns
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals, Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

IDS = ["101", "102", "103"]


def rows_of(channel_id: str, start_ms: int) -> list[Row]:
    """Return a channel's minutes on air on one day, or [] for the third channel, which was never on air."""
    if channel_id == "103":
        return []
    number, day = int(channel_id) - 100, start_ms // DAY_MS
    return [
        Row(
            start_ms + minute * MINUTE_MS,
            MINUTE_MS,
            {
                "messages": 30 * number + minute,
                "words": 100,
                "chatters": 9,
                "observed_ms": 45_000 if number == 2 else MINUTE_MS,
                "pulses": 60,
                "on_air_pulses": 60,
                "on_air_observed_ms": 45_000 if number == 2 else MINUTE_MS,
                "viewers_sum": 60 * (500 + day % 7),
                "viewers_max": 600 + minute,
                "viewer_pulses": 60,
            },
        )
        for minute in range(600, 600 + 10 * number)
    ]


def summary_of(channel_id: str, from_ms: int, until_ms: int) -> RangeSummary:
    rows = [row for start_ms in range(from_ms, until_ms, DAY_MS) for row in rows_of(channel_id, start_ms)]
    return summarize(rows, RecordedGaps(), Intervals(), from_ms, until_ms)


class ReferenceDays:
    """A store with the days of IDS, in place of Cassandra."""

    def read(
        self, channel_ids: Collection[str], from_ms: int, until_ms: int, columns: Collection[str] | None = None
    ) -> dict[str, dict[int, Columns]]:
        def day(channel_id: str, start_ms: int) -> dict[str, int]:
            values = columns_of_day(summary_of(channel_id, start_ms, start_ms + DAY_MS), {})
            return {name: value for name, value in values.items() if columns is None or name in columns}

        return {
            i: {start_ms: row for start_ms in range(from_ms, until_ms, DAY_MS) if (row := day(i, start_ms))}
            for i in channel_ids
        }


class ReferenceHours:
    """A store with the hours of IDS, in place of Cassandra; it records the channels and gap days read."""

    reads: list[int]
    gap_days: list[tuple[str, dt.date]]

    def __init__(self) -> None:
        type(self).reads, type(self).gap_days = [], []

    def read_many(
        self,
        grain: StoredGrain,
        channel_ids: Collection[str],
        from_ms: int,
        until_ms: int,
        columns: Collection[str],
    ) -> dict[str, list[StoredWindow]]:
        assert grain == "hour"
        self.reads.append(len(channel_ids))
        return {i: hours_of(i, from_ms, until_ms, columns) for i in channel_ids}

    def read_broadcasts(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> dict[str, list[Span]]:
        return {channel_id: [] for channel_id in channel_ids}

    def read_gaps(self, days_of: Mapping[str, Collection[dt.date]]) -> dict[str, list[EventRecord]]:
        self.gap_days.extend((channel_id, day) for channel_id, days in days_of.items() for day in sorted(days))
        return {channel_id: [] for channel_id in days_of}


def hours_of(channel_id: str, from_ms: int, until_ms: int, columns: Collection[str]) -> list[StoredWindow]:
    """Return the hours of a channel that end in (from_ms, until_ms]."""
    minutes = {
        row.start_ms: row.columns
        for start_ms in range(from_ms, until_ms, DAY_MS)
        for row in rows_of(channel_id, start_ms)
    }
    windows = []
    for start_ms in sorted({at_ms // HOUR_MS * HOUR_MS for at_ms in minutes}):
        values = roll_up({at_ms: found for at_ms, found in minutes.items() if at_ms // HOUR_MS * HOUR_MS == start_ms})
        chosen = {name: value for name, value in values.items() if name in columns}
        windows.append(StoredWindow(start_ms + HOUR_MS, chosen))
    return windows
