"""A channel's history as export rows, read in chunks so that memory does not grow with the span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from apps.metrics.chart_ranges import Range
from apps.metrics.event_marks import EventMark
from apps.metrics.exports.formats import COVERAGE, UTC, Cell, ExportColumn, coverage_cell, metric_column
from apps.metrics.exports.intervals import Interval
from apps.metrics.exports.raw_counts import Count, counts_of
from apps.metrics.queries import Point, Series, value_of
from apps.metrics.spans import iso
from core.metrics.columns import WINDOW_MS, StoredGrain
from core.metrics.grains import RETENTION_MS
from core.metrics.table import METRICS
from core.metrics.units import unit_of
from core.times import DAY_MS, HOUR_MS

# Span of a chunk, which contains a few thousand points in each grain.
CHUNK_MS: Mapping[StoredGrain, int] = {"live": 6 * HOUR_MS, "minute": 2 * DAY_MS, "hour": 90 * DAY_MS}
_EXPORTED = [metric for metric in METRICS if metric.key != "coverage"]
EVENT_COLUMNS = [
    ExportColumn("at", UTC, words="Start"),
    ExportColumn("until", UTC, words="End"),
    ExportColumn("kind"),
    ExportColumn("count"),
    ExportColumn("what", words="Event"),
]

Rows = list[list[Cell]]


def in_grain(chosen: Range, grain: StoredGrain, now_ms: int) -> Range | None:
    """Return the range in another grain, or None if some of its rows have expired."""
    regrained = replace(chosen, grain=grain)
    from_ms, _ = regrained.bounds(now_ms)
    first_end_ms = (from_ms // regrained.step_ms + 1) * regrained.step_ms
    has_expired = grain in RETENTION_MS and first_end_ms < now_ms - RETENTION_MS[grain]
    return None if has_expired else regrained


def chunks(chosen: Range, now_ms: int) -> Iterator[Range]:
    """Yield the range in consecutive chunks, oldest first; the last one ends at the end of the range."""
    (from_ms, until_ms), chunk_ms = chosen.bounds(now_ms), CHUNK_MS[chosen.grain]
    while from_ms + chunk_ms < until_ms:
        yield replace(chosen, span_ms=chunk_ms, until_ms=from_ms + chunk_ms)
        from_ms += chunk_ms
    yield replace(chosen, span_ms=until_ms - from_ms)


def count_columns(counts: Sequence[Count], interval: Interval) -> list[ExportColumn]:
    """Return the columns of raw counts in the windows of an interval."""
    return [ExportColumn(count.name, count.unit, count.may_be_summed(interval), count.words) for count in counts]


def count_cells(point: Point, counts: Sequence[Count]) -> list[Cell]:
    """Return the cells of `count_columns`."""
    return [point.counts.get(count.column) for count in counts]


def point_columns(interval: Interval) -> list[ExportColumn]:
    """Return the columns of a channel's windows: metrics and their raw counts."""
    return [
        ExportColumn("end", UTC, words="Window end"),
        ExportColumn("length", "s", words="Window length"),
        COVERAGE,
        *(metric_column(metric, unit_of(metric, interval.grain)) for metric in _EXPORTED),
        *count_columns(counts_of(interval.grain), interval),
    ]


def point_rows(series: Series, interval: Interval) -> Rows:
    """Return one row per window, with the columns of `point_columns`."""
    length_s, counts = WINDOW_MS[interval.grain] // 1000, counts_of(interval.grain)
    return [
        [
            iso(p.end_ms),
            length_s,
            coverage_cell(p.coverage),
            *(rounded(value_of(p, m.key), m.decimals) for m in _EXPORTED),
            *count_cells(p, counts),
        ]
        for p in interval.of(series.points)
    ]


def event_rows(events: Iterable[EventMark]) -> Rows:
    """Return one row per event, with the columns of EVENT_COLUMNS."""
    return [[iso(e.at_ms), e.until_ms and iso(e.until_ms), e.kind, e.count, e.label] for e in events]


def rounded(value: float | None, decimals: int) -> Cell:
    """Return a value with two more decimals than pages show."""
    if value is None:
        return None
    return round(value) if decimals == 0 and value == round(value) else round(value, decimals + 2)
