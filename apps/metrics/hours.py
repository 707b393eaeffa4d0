"""Reads the summaries of the UTC hours of several channels, for periods whose days have been read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from apps.metrics.store import StoredWindow, WindowStore
from core.metrics.grains import EVENT_RETENTION_MS
from core.metrics.hours import columns_behind_hours, summaries_of_hours
from core.metrics.ranges import RangeSummary, Row
from core.metrics.table import Metric
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import DAY_MS, HOUR_MS, day_of

# Channels per read of the store.
BATCH_SIZE = 50


def read_hours(
    days: Mapping[str, Sequence[RangeSummary]], from_ms: int, until_ms: int, metrics: Sequence[Metric], now_ms: int
) -> Iterator[tuple[str, list[RangeSummary]]]:
    """Yield each channel with the summaries of its hours in [from_ms, until_ms), oldest first.

    `days` are the summaries of the whole UTC days in that time, keyed by channel. Nothing is known about an hour
    without a row. Raises: ServiceUnavailable.
    """
    store, columns, ids = WindowStore(), columns_behind_hours(metrics), list(days)
    for part in (ids[first : first + BATCH_SIZE] for first in range(0, len(ids), BATCH_SIZE)):
        windows = store.read_many("hour", part, from_ms, until_ms, columns)
        broadcasts = store.read_broadcasts(part, from_ms, until_ms)
        gaps = store.read_gaps({i: found for i in part if (found := _days_of_gaps(days[i], now_ms))})
        for i in part:
            rows = [_row(window) for window in windows[i]]
            recorded, on_air = RecordedGaps.of(gaps.get(i, ())), Intervals(broadcasts[i])
            yield i, summaries_of_hours(rows, recorded, on_air, from_ms, until_ms)


def _days_of_gaps(days: Sequence[RangeSummary], now_ms: int) -> set[dt.date]:
    """Return the UTC days on which recorded gaps may have begun: those with missed time, and the days before them.

    Every recorded gap is part of its day's missed time. Most days have no missed time and need no query.
    """
    missed = [day.from_ms for day in days if day.missed_ms and day.until_ms > now_ms - EVENT_RETENTION_MS]
    return {day_of(start_ms - before_ms) for start_ms in missed for before_ms in (0, DAY_MS)}


def _row(window: StoredWindow) -> Row:
    return Row(window.end_ms - HOUR_MS, HOUR_MS, window.columns)
