"""A metric over a range in the words of the pages: peak, average and coverage, from the range's one summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apps.live.readings import ChannelNow
from apps.metrics.queries import GapSpan, Range, Series
from core.metrics.columns import LIVE_WINDOW_MS, StoredGrain
from core.metrics.table import METRIC, Metric
from core.times import DAY_MS

OVER_MIDNIGHT = "across midnight UTC: people who wrote on both sides count twice"
# How long a window of each stored grain is, as units write it.
LENGTHS: Mapping[StoredGrain, str] = {"live": "30 s", "minute": "min", "hour": "h"}
HOURLY_AVERAGE_ONLY = "unknown: of the older hours only averages are stored"


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric over a range of `span_ms`; unknown figures are None.

    `heard_ms` of it were heard and the channel was on air for `on_air_ms`. `coverage` and `coverage_on_air` are 0 to
    1. `lower_bound`: messages were missed, so counts and peaks are at least as high. `peak_note` says why there is no
    peak.
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
    whole = series.summary
    peak = whole.peaks.get(metric)
    return Summary(
        peak.value if peak else None,
        peak.end_ms if peak else None,
        HOURLY_AVERAGE_ONLY if peak is None and whole.hourly_average_only else "",
        whole.value(METRIC[metric]),
        whole.span_ms,
        whole.heard_ms,
        whole.on_air_ms,
        whole.coverage if whole.span_ms else None,
        whole.coverage_on_air,
        whole.is_viewers_lower_bound if METRIC[metric].from_helix else whole.is_lower_bound,
        series.gaps[-1] if series.gaps else None,
    )


def unit_of(metric: Metric, grain: StoredGrain) -> str:
    """Return the unit of a metric over windows of a grain: a value that grows with the window names its length."""
    return metric.unit.replace(LENGTHS["live"], LENGTHS[grain]) if metric.by_length else metric.unit


def average_unit(metric: Metric) -> str:
    """Return the unit of an average over a range: people are averaged by the minute."""
    return unit_of(metric, "minute")


def peak_unit(metric: Metric, shown: Range) -> str:
    """Return the unit of a peak over a range: that of a 30-second window in a short one, else of a minute."""
    return metric.unit if shown.is_short else average_unit(metric)


def is_over_midnight(end_ms: int | None) -> bool:
    """Say whether a live window lies on both sides of midnight UTC, when the keys of the hashes change."""
    return end_ms is not None and 0 < end_ms % DAY_MS < LIVE_WINDOW_MS


def now_note(metric: str, now: ChannelNow) -> str:
    """Return why the channel has no value of the metric now, or is not ranked by it, or what is odd about it."""
    is_absent, unranked = metric not in now.values, now.unranked.get(metric)
    if not is_absent and not unranked:
        return OVER_MIDNIGHT if METRIC[metric].distinct and is_over_midnight(now.end_of(metric)) else ""
    if now.profile.is_offline:
        return "the stream is offline"
    if now.end_ms is None:
        return "no live window"
    return METRIC[metric].empty if is_absent else f"not ranked: {unranked}"
