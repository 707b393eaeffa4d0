"""Hours of a channel: the summary of each UTC hour of a range, from the stored hour rows that tile it.

The hours add up to the sums and durations of the range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from core.metrics.missed import Part
from core.metrics.ranges import COVERAGE_COLUMNS, RangeSummary, Row, parts_of, sums_of_hour
from core.metrics.table import Metric, columns_read_by
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals
from core.times import HOUR_MS


def columns_behind_hours(metrics: Sequence[Metric]) -> set[str]:
    """Return the columns of hour rows that the hours of these metrics need; hours have no peaks."""
    return {"heard_minutes", *COVERAGE_COLUMNS, *columns_read_by((metric.range_value for metric in metrics), HOUR_MS)}


def summaries_of_hours(
    rows: Sequence[Row], gaps: RecordedGaps, broadcasts: Intervals, from_ms: int, until_ms: int
) -> list[RangeSummary]:
    """Return the summary of each hour in [from_ms, until_ms), oldest first, without peaks.

    `rows` are hours in chronological order. An hour without a row has no sums, so all values but coverage are unknown.
    """
    sums = {row.start_ms: sums_of_hour(row) for row in rows}
    parts = parts_of(rows, gaps, broadcasts, from_ms, until_ms)
    return [
        RangeSummary(
            part.start_ms,
            part.end_ms,
            sums.get(part.start_ms, {}),
            heard_ms=part.heard_ms,
            missed_ms=part.missed_ms,
            on_air_ms=part.on_air_ms,
            on_air_heard_ms=part.on_air_heard_ms,
        )
        for part in _by_hour(parts, gaps | broadcasts, broadcasts)
    ]


def _by_hour(parts: Iterable[Part], missed: Intervals, broadcasts: Intervals) -> Iterator[Part]:
    """Yield parts as hours: intervals without a row are divided. `missed` are gaps and broadcasts."""
    for part in parts:
        # Within an interval, either all missed time counts as on air, or only the missed time within broadcasts does.
        on_air = missed if part.on_air_ms == part.missed_ms else broadcasts
        for start_ms in range(part.start_ms, part.end_ms, HOUR_MS):
            end_ms = start_ms + HOUR_MS
            if (start_ms, end_ms) == (part.start_ms, part.end_ms):
                yield part
            else:
                missed_ms, on_air_ms = missed.overlap_ms(start_ms, end_ms), on_air.overlap_ms(start_ms, end_ms)
                yield replace(part, start_ms=start_ms, end_ms=end_ms, missed_ms=missed_ms, on_air_ms=on_air_ms)
