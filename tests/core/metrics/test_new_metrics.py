"""The metric table is consistent with columns and peaks; each failure names the file to edit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from core.metrics.columns import names_of
from core.metrics.formulas import Value, share
from core.metrics.peaks import PEAK
from core.metrics.ranges import SUMMED
from core.metrics.table import METRIC, METRICS, Metric, columns_behind, columns_read_by
from core.metrics.windows import LIVE_WINDOW_MS, Columns
from core.pipeline.records import Grain
from core.times import HOUR_MS

# The value and the peak of this metric come from many 30-second windows: see core/metrics/excitement.py.
OF_MANY_WINDOWS = "excitement"


def live_errors(metrics: Iterable[Metric]) -> list[str]:
    """Return an error for each metric that reads a column which its 30-second windows lack."""
    errors = []
    for metric in metrics:
        grain: Grain = "live_distinct" if metric.distinct else "live"
        other: Grain = "live" if metric.distinct else "live_distinct"
        missing = columns_behind([metric], LIVE_WINDOW_MS) - set(names_of(grain))
        if missing:
            hint = f"set distinct={not metric.distinct}" if missing <= set(names_of(other)) else "correct its formula"
            errors.append(
                f"core/metrics/table.py: {metric.key} reads {sorted(missing)}, which {grain} windows lack: {hint},"
                f" or add the grain {grain} to the column in core/metrics/columns.py"
            )
    return errors


def range_errors(metrics: Iterable[Metric]) -> list[str]:
    """Return an error for each metric whose formula over a range reads a column that is not summed."""
    return [
        f"core/metrics/columns.py: {metric.key} over a range reads {sorted(missing)}, which are not summed: add"
        " them to HOUR_SUMS, or set over_range in core/metrics/table.py"
        for metric in metrics
        if (missing := columns_read_by([metric.range_value], HOUR_MS) - set(SUMMED))
    ]


def peak_errors(metrics: Iterable[Metric]) -> list[str]:
    """Return an error for each metric that lacks a Peak, or has one but should not."""
    return [
        f"core/metrics/peaks.py: {metric.key} needs a Peak in PEAKS, or has_peak=False in core/metrics/table.py"
        if metric.has_peak
        else f"core/metrics/peaks.py: {metric.key} has a Peak, but has_peak=False in core/metrics/table.py"
        for metric in metrics
        if metric.key != OF_MANY_WINDOWS and metric.has_peak != (metric.key in PEAK)
    ]


def test_the_columns_of_every_formula_exist() -> None:
    assert live_errors(METRICS) == []
    assert range_errors(METRICS) == []


def test_every_metric_with_a_peak_has_an_hourly_peak_column() -> None:
    assert peak_errors(METRICS) == []
    assert PEAK.keys() <= METRIC.keys(), "core/metrics/peaks.py has a Peak without a metric in core/metrics/table.py"


def per_chatter(columns: Columns, _window_ms: int) -> float | None:
    return columns["messages"] / columns["chatters"] if columns.get("chatters") else None


def invented(value: Value, over_range: Value | None = None, *, distinct: bool = False) -> Metric:
    return replace(METRIC["spam"], key="invented", value=value, over_range=over_range, distinct=distinct)


@pytest.mark.parametrize(
    ("metric", "live", "over_range"),
    [
        (invented(per_chatter), ["set distinct=True"], ["reads ['chatters']"]),
        (invented(per_chatter, share("minute_chatters"), distinct=True), [], []),
        (invented(per_chatter, share("minute_messages"), distinct=True), [], ["reads ['minute_messages']"]),
        (invented(share("removals"), distinct=True), ["set distinct=False"], []),
        (invented(share("hearts")), ["correct its formula"], ["reads ['hearts']"]),
    ],
)
def test_errors_name_a_missing_column_and_the_file_to_edit(
    metric: Metric, live: list[str], over_range: list[str]
) -> None:
    for errors, expected in ((live_errors([metric]), live), (range_errors([metric]), over_range)):
        assert len(errors) == len(expected)
        assert all(part in error and "core/metrics/" in error for error, part in zip(errors, expected, strict=True))


def test_errors_name_a_missing_or_superfluous_peak_and_the_file_to_edit() -> None:
    assert "invented needs a Peak in PEAKS" in peak_errors([invented(per_chatter)])[0]
    assert peak_errors([replace(invented(per_chatter), has_peak=False)]) == []
    assert "spam has a Peak, but has_peak=False" in peak_errors([replace(METRIC["spam"], has_peak=False)])[0]
