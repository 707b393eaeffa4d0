"""Summary of a metric over a range, as display values: peak, average and coverage."""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.live.readings import ChannelNow
from apps.live.table import value_of as value_now
from apps.metrics.chart_ranges import Range
from apps.metrics.gaps import GapSpan
from apps.metrics.queries import Series, has_window_peak
from core.metrics.display import is_partial
from core.metrics.excitement import RANGE_MAX_MS
from core.metrics.grains import RETENTION_MS
from core.metrics.peaks import PEAK
from core.metrics.table import METRIC, Metric
from core.times import HOUR_MS, MINUTE_MS

EXCITEMENT_RANGES = (
    f"excitement is summarized only for ranges of up to {RANGE_MAX_MS // HOUR_MS} h "
    f"within the past {RETENTION_MS['live'] // HOUR_MS} h"
)
NOT_HEARD = "not heard in this range"
NO_VALUE = "no data in this range"
NO_WINDOW, NO_MINUTE = "no complete window in this range", "no minute qualifies; see the counting rules"
HOURLY_AVERAGE_ONLY = "unknown, because only averages are stored for older hours"


# Events that often change chat and viewers: an event is named beside a peak that follows it within AFTER_MAX_MS.
EVENTS = {"raid": "a raid", "gift_bomb": "a gift bomb", "title": "a new title", "category": "a new category"}
AFTER_MAX_MS = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric over the minutes or hours of a range; unknown values are None.

    The channel was heard for `heard_ms` and on air for `on_air_ms`. `coverage` and `coverage_on_air` are 0 to 1.
    `lower_bound` means that the metric's sums and peaks over this range, if known, are lower bounds. `peak_note` gives
    the reason for a missing peak, or names the event that shortly preceded the peak.
    """

    peak: float | None
    peak_ms: int | None
    peak_note: str
    average: float | None
    from_ms: int
    until_ms: int
    heard_ms: int
    on_air_ms: int
    coverage: float | None
    coverage_on_air: float | None
    lower_bound: bool
    last_gap: GapSpan | None

    @property
    def span_ms(self) -> int:
        """The length of the range."""
        return self.until_ms - self.from_ms

    @property
    def is_peak_lower_bound(self) -> bool:
        """Return whether the peak is known and a lower bound."""
        return self.lower_bound and self.peak is not None


def summarize(series: Series, metric: str) -> Summary:
    """Return the summary of one of the series' metrics."""
    totals = series.summary
    peak = totals.peaks.get(metric)
    return Summary(
        peak.value if peak else None,
        peak.end_ms if peak else None,
        _peak_note(series, metric) if peak is None else _after_event(series, peak.end_ms),
        totals.value(METRIC[metric]),
        totals.from_ms,
        totals.until_ms,
        totals.heard_ms,
        totals.on_air_ms,
        totals.coverage if totals.span_ms else None,
        totals.coverage_on_air,
        totals.lower_bounds.of(metric),
        series.gaps[-1] if series.gaps else None,
    )


def with_live_value(
    summary: Summary, metric: Metric, chart_range: Range, now: ChannelNow | None, now_ms: int
) -> Summary:
    """Return the summary as pages show it beside the live value: the peak of a range up to now is at least that value.

    Stored rows may be up to two minutes behind. A per-minute peak is not raised, because a live window is shorter than
    a minute and may thus have a higher value. static/js/peaks.js does the same with each frame. Exports and the API do
    not include the live value, because they state the exact range of the peak.
    """
    if now is None or chart_range.until_ms is not None or not has_live_peak(metric, chart_range):
        return summary
    value, end_ms = value_now(now, metric.key), now.end_of(metric.key)
    if value is None or end_ms is None or end_ms <= now_ms - chart_range.span_ms:
        return summary
    if summary.peak is not None and summary.peak >= value:
        return summary
    lower_bound = summary.lower_bound or is_partial(metric.key, now.coverage_of(metric.key))
    return replace(summary, peak=value, peak_ms=end_ms, peak_note="", lower_bound=lower_bound)


def has_live_peak(metric: Metric, chart_range: Range) -> bool:
    """Return whether the peak of a range is its highest live value, rather than the value of its busiest minute."""
    return metric.from_helix or has_window_peak(metric, chart_range)


def peak_name(metric: Metric, chart_range: Range) -> str:
    """Return the label of a peak; it mentions minutes if the live value beside it comes from a shorter window."""
    return "Busiest minute" if metric.key in PEAK and not has_live_peak(metric, chart_range) else "Peak"


def _after_event(series: Series, peak_ms: int) -> str:
    """Return the last event of EVENTS in the minutes before a peak, such as "after a raid"; "" if there is none."""
    before = [mark for mark in series.marks if mark.kind in EVENTS and peak_ms - AFTER_MAX_MS <= mark.at_ms < peak_ms]
    return f"after {EVENTS[max(before, key=lambda mark: mark.at_ms).kind]}" if before else ""


def _peak_note(series: Series, metric: str) -> str:
    """Return the reason why a metric has no peak."""
    totals = series.summary
    if metric == "excitement" and not series.range.has_excitement:
        return EXCITEMENT_RANGES
    if totals.hourly_average_only and metric != "viewers":
        return HOURLY_AVERAGE_ONLY
    if not totals.heard_ms and not METRIC[metric].from_helix:
        return NOT_HEARD
    if totals.value(METRIC[metric]) is None:
        return NO_VALUE
    return NO_WINDOW if has_window_peak(METRIC[metric], series.range) else NO_MINUTE
