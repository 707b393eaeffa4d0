"""A comparison in wide form: a row per time, a column per channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from apps.dashboard.compare.comparison import Comparison
from apps.dashboard.compare.page import Line
from apps.dashboard.exports.tables import INDEX_UNIT, SINCE, WINDOW_COLUMNS, scaled
from apps.metrics.exports.formats import Cell, ExportColumn
from apps.metrics.exports.intervals import non_overlapping
from apps.metrics.exports.series import Rows
from apps.metrics.queries import value_of
from apps.metrics.spans import iso
from core.metrics.columns import WINDOW_MS, StoredGrain
from core.metrics.table import METRIC
from core.metrics.units import unit_of


def wide_columns(comparison: Comparison, grain: StoredGrain, lines: Sequence[Line]) -> list[ExportColumn]:
    """Return the columns: the time, then the values of each channel, named by its id."""
    unit = INDEX_UNIT if comparison.scale == "index" else unit_of(METRIC[comparison.metric], grain)
    profiles = [line.channel.profile for line in lines]
    shared = Counter(profile.name for profile in profiles)
    channels = [
        ExportColumn(
            profile.id, unit, words=profile.name if shared[profile.name] == 1 else f"{profile.name} {profile.id}"
        )
        for profile in profiles
    ]
    return [SINCE if comparison.align == "stream" else WINDOW_COLUMNS[0], *channels]


def wide_rows(comparison: Comparison, grain: StoredGrain, lines: Sequence[Line]) -> Rows:
    """Return the non-overlapping windows of all lines, a row per time; empty where a channel has none.

    By stream time, a window belongs to the last whole window length since the start of its broadcast.
    """
    values: dict[int, dict[int, Cell]] = {}
    for number, line in enumerate(lines):
        for point in non_overlapping(grain).of(line.series.points) if line.series else []:
            at = _time(comparison, line, point.end_ms, WINDOW_MS[grain])
            values.setdefault(at, {})[number] = scaled(comparison, line, value_of(point, comparison.metric))[-1]
    return [
        [at if comparison.align == "stream" else iso(at), *(row.get(number) for number in range(len(lines)))]
        for at, row in sorted(values.items())
    ]


def _time(comparison: Comparison, line: Line, end_ms: int, length_ms: int) -> int:
    """Return the end of a window in ms, or by stream time in s since the start of the broadcast."""
    if comparison.align == "clock":
        return end_ms
    return (end_ms - (line.zero_ms or 0)) // length_ms * length_ms // 1000
