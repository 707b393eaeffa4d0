"""Days of three channels, in place of Cassandra; the third one was never on air."""

from __future__ import annotations

from collections.abc import Collection

from core.metrics.days import columns_of_day
from core.metrics.ranges import RangeSummary, Row, summarize
from core.metrics.windows import Columns
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import DAY_MS, MINUTE_MS

IDS = ["101", "102", "103"]


def rows_of(channel_id: str, start_ms: int) -> list[Row]:
    """Return some minutes on air of a channel on a day; the third channel was never on air."""
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
