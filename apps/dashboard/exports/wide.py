"""A comparison in wide form: a row per time, a column per metric and channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from apps.dashboard.compare.comparison import Comparison
from apps.dashboard.compare.page import Line
from apps.dashboard.exports.tables import INDEX_UNIT, SINCE, WINDOW_COLUMNS, scaled
from apps.live.directory import Profile
from apps.metrics.exports.formats import Cell, ExportColumn
from apps.metrics.exports.intervals import non_overlapping
from apps.metrics.exports.series import Rows
from apps.metrics.queries import value_of
from apps.metrics.spans import iso
from core.metrics.columns import WINDOW_MS, StoredGrain
from core.metrics.table import METRIC, Metric
from core.metrics.units import unit_of


def wide_columns(comparison: Comparison, grain: StoredGrain, lines: Sequence[Line]) -> list[ExportColumn]:
    """Return the columns: the time, then for each metric the values of each channel, named by its id."""
    shared = Counter(line.channel.profile.name for line in lines)
    channels = [
        _column(comparison, METRIC[key], grain, line.channel.profile, is_shared=shared[line.channel.profile.name] > 1)
        for key in comparison.metrics
        for line in lines
    ]
    return [SINCE if comparison.align == "stream" else WINDOW_COLUMNS[0], *channels]


def _column(
    comparison: Comparison, metric: Metric, grain: StoredGrain, profile: Profile, *, is_shared: bool
) -> ExportColumn:
    unit = INDEX_UNIT if comparison.scale == "index" else unit_of(metric, grain)
    words = f"{profile.name} {profile.id}" if is_shared else profile.name
    if len(comparison.metrics) == 1:
        return ExportColumn(profile.id, unit, words=words)
    return ExportColumn(f"{profile.id}_{metric.key}", unit, words=f"{words}, {metric.name}")


def wide_rows(comparison: Comparison, grain: StoredGrain, lines: Sequence[Line]) -> Rows:
    """Return the non-overlapping windows of all lines, a row per time. Cells are empty where a channel has no window.

    By stream time, the time since the start of the broadcast is rounded down to a whole number of windows.
    """
    values: dict[int, dict[tuple[str, int], Cell]] = {}
    for number, line in enumerate(lines):
        for point in non_overlapping(grain).of(line.series.points) if line.series else []:
            at = _time(comparison, line, point.end_ms, WINDOW_MS[grain])
            for measure in line.measures:
                key = measure.metric.key
                values.setdefault(at, {})[key, number] = scaled(comparison, measure, value_of(point, key))[-1]
    columns = [(key, number) for key in comparison.metrics for number in range(len(lines))]
    return [
        [at if comparison.align == "stream" else iso(at), *map(row.get, columns)] for at, row in sorted(values.items())
    ]


def _time(comparison: Comparison, line: Line, end_ms: int, length_ms: int) -> int:
    """Return the end of a window in ms or, by stream time, in s since the start of the broadcast."""
    if comparison.align == "clock":
        return end_ms
    return (end_ms - (line.zero_ms or 0)) // length_ms * length_ms // 1000
