"""Summary of a metric over a range, as display values: peak, average and coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apps.metrics.queries import GapSpan, Range, Series
from core.metrics.columns import StoredGrain
from core.metrics.table import METRIC, Metric

# The window length of each stored grain, as used in units.
LENGTHS: Mapping[StoredGrain, str] = {"live": "30 s", "minute": "min", "hour": "h"}
HOURLY_AVERAGE_ONLY = "unknown: of the older hours only averages are stored"


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric over a range of `span_ms`; unknown values are None.

    The channel was heard for `heard_ms` and on air for `on_air_ms`. `coverage` and `coverage_on_air` are 0 to 1.
    `lower_bound`: the metric's sums and peaks are lower bounds. `peak_note` explains a missing peak.
    """

    peak: float | None
    peak_ms: int | None
    peak_note: str
    average: float | None
    span_ms: int
    heard_ms: int
    on_air_ms: int
    coverage: float | None
    coverage_on_air: float | None
    lower_bound: bool
    last_gap: GapSpan | None


def summarize(series: Series, metric: str) -> Summary:
    """Return the summary of one of the series' metrics."""
    totals = series.summary
    peak = totals.peaks.get(metric)
    return Summary(
        peak.value if peak else None,
        peak.end_ms if peak else None,
        HOURLY_AVERAGE_ONLY if peak is None and totals.hourly_average_only else "",
        totals.value(METRIC[metric]),
        totals.span_ms,
        totals.heard_ms,
        totals.on_air_ms,
        totals.coverage if totals.span_ms else None,
        totals.coverage_on_air,
        totals.lower_bounds.of(metric),
        series.gaps[-1] if series.gaps else None,
    )


def unit_of(metric: Metric, grain: StoredGrain) -> str:
    """Return the unit of a metric at a grain, with the window length if the value depends on it."""
    return metric.unit.replace(LENGTHS["live"], LENGTHS[grain]) if metric.by_length else metric.unit


def average_unit(metric: Metric) -> str:
    """Return the unit of an average over a range: counts of people are averaged per minute."""
    return unit_of(metric, "minute")


def peak_unit(metric: Metric, chart_range: Range) -> str:
    """Return the unit of a peak over a range: per 30 s in a short range, otherwise per minute."""
    return metric.unit if chart_range.is_short else average_unit(metric)
