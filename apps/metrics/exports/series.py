"""A channel's history as rows: read piece by piece, so that the longest span takes no more memory than a short one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from apps.metrics.exports.formats import COVERAGE, Cell, ExportColumn, coverage_cell, metric_column
from apps.metrics.exports.intervals import Interval
from apps.metrics.exports.raw_counts import Count, counts_of
from apps.metrics.queries import Point, Range, Series, value_of
from apps.metrics.spans import iso
from core.metrics.columns import WINDOW_MS, StoredGrain
from core.metrics.grains import KEPT_MS
from core.metrics.table import METRICS
from core.times import DAY_MS, HOUR_MS

# What is read at once: some thousand points of each grain.
PIECE_MS: Mapping[StoredGrain, int] = {"live": 6 * HOUR_MS, "minute": 2 * DAY_MS, "hour": 90 * DAY_MS}
_SHOWN = [metric for metric in METRICS if metric.key != "coverage"]
EVENT_COLUMNS = [
    ExportColumn("at", "UTC"),
    ExportColumn("until", "UTC"),
    ExportColumn("kind"),
    ExportColumn("count"),
    ExportColumn("what"),
]

Rows = list[list[Cell]]


def finer(shown: Range, grain: StoredGrain, now_ms: int) -> Range | None:
    """Return the range drawn from another grain, None where its rows are not all kept any more."""
    until_ms = now_ms if shown.until_ms is None else shown.until_ms
    if grain in KEPT_MS and until_ms - shown.span_ms < now_ms - KEPT_MS[grain]:
        return None
    return replace(shown, grain=grain)


def pieces(shown: Range, now_ms: int) -> Iterator[Range]:
    """Yield the range in pieces that follow each other, oldest first."""
    until_ms = now_ms if shown.until_ms is None else shown.until_ms
    from_ms, piece_ms = until_ms - shown.span_ms, PIECE_MS[shown.grain]
    while from_ms < until_ms:
        end_ms = min(until_ms, from_ms + piece_ms)
        yield replace(shown, span_ms=end_ms - from_ms, until_ms=end_ms)
        from_ms = end_ms


def count_columns(counts: Sequence[Count], interval: Interval) -> list[ExportColumn]:
    """Return the columns of raw counts; those of windows that overlap may not be summed."""
    return [ExportColumn(count.name, count.unit, not interval.overlaps) for count in counts]


def count_cells(point: Point, counts: Sequence[Count]) -> list[Cell]:
    """Return the cells of `count_columns`."""
    return [point.counts.get(count.column) for count in counts]


def point_columns(interval: Interval) -> list[ExportColumn]:
    """Return the columns of a channel's windows: metrics, and the raw counts behind them."""
    return [
        ExportColumn("end", "UTC"),
        ExportColumn("length", "s"),
        COVERAGE,
        *(metric_column(metric) for metric in _SHOWN),
        *count_columns(counts_of(interval.grain), interval),
    ]


def point_rows(series: Series, interval: Interval) -> Rows:
    """Return a row a window, as `point_columns` names it."""
    length_s, counts = WINDOW_MS[interval.grain] // 1000, counts_of(interval.grain)
    return [
        [
            iso(p.end_ms),
            length_s,
            coverage_cell(p.coverage),
            *(rounded(value_of(p, m.key), m.decimals) for m in _SHOWN),
            *count_cells(p, counts),
        ]
        for p in interval.of(series.points)
    ]


def event_rows(series: Series) -> Rows:
    """Return what happened and the gaps, by time, as EVENT_COLUMNS names it."""
    found: list[tuple[int, list[Cell]]] = [
        (mark.at_ms, [iso(mark.at_ms), mark.until_ms and iso(mark.until_ms), mark.kind, mark.count, mark.label])
        for mark in series.marks
    ]
    found += [(gap.from_ms, [iso(gap.from_ms), iso(gap.until_ms), "gap", None, gap.reason]) for gap in series.gaps]
    return [row for _, row in sorted(found, key=lambda one: one[0])]


def rounded(value: float | None, decimals: int) -> Cell:
    """Return a value with two more digits than people are shown."""
    if value is None:
        return None
    return round(value) if decimals == 0 and value == round(value) else round(value, decimals + 2)
