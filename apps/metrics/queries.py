"""Reads one channel's history: series, events and gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from apps.metrics.chart_ranges import Range
from apps.metrics.event_marks import EventMark, event_marks
from apps.metrics.gaps import GAP_REASONS, NO_DATA, NOT_HEARD, GapSpan, merge_gaps
from apps.metrics.ranges import STORE_DELAY_MS, events_behind, newest_span, summary_with
from apps.metrics.store import StoredWindow, WindowStore
from core.irc.channel_events import STREAM_START
from core.metrics.columns import LIVE_WINDOW_MS, WINDOW_MS, StoredGrain
from core.metrics.excitement import BASELINE_MS, excitements
from core.metrics.formulas import coverage
from core.metrics.grains import EVENT_RETENTION_MS
from core.metrics.ranges import PeakValue, RangeSummary
from core.metrics.table import METRIC, METRICS, Metric, columns_behind, is_known, values_of
from core.metrics.units import unit_of
from core.pipeline.coverage import RecordedGaps
from core.pipeline.records import EventRecord
from core.times import MINUTE_MS

# The whole minutes of a range may begin before it and end after it by up to this much. They begin earliest if the range
# ends now and its newest minutes are not stored yet.
EDGE_MS = STORE_DELAY_MS + MINUTE_MS


@dataclass(frozen=True, slots=True)
class Point:
    """One window's metrics; read them with `value_of`. `coverage` is 0 to 1; a metric without data is absent.

    `counts` are the requested raw columns: see apps/metrics/exports/raw_counts.py.
    """

    end_ms: int
    coverage: float
    values: Mapping[str, float]
    counts: Mapping[str, int] = field(default_factory=dict)


NO_SUMMARY = RangeSummary(0, 0)


@dataclass(frozen=True, slots=True)
class Series:
    """A channel's history over a range, oldest first; points and summary contain only `metrics`."""

    range: Range
    points: list[Point]
    gaps: list[GapSpan]
    marks: list[EventMark]
    metrics: Sequence[Metric] = METRICS
    summary: RangeSummary = NO_SUMMARY


def value_of(point: Point, metric: str) -> float | None:
    """Return the point's value, or None if it is unknown: without coverage, a count is unknown, not 0.

    The metric `coverage` is the coverage of the point in percent, so it is always known.
    """
    if metric == "coverage":
        return 100 * point.coverage
    return point.values.get(metric) if is_known(metric, point.coverage) else None


def series(
    channel_id: str,
    chosen: Range,
    now_ms: int,
    metrics: Sequence[Metric] = METRICS,
    counts: Collection[str] = (),
) -> Series:
    """Return these metrics and raw columns of the channel over a range. Raises: ServiceUnavailable.

    The summary of a range up to now has the range's full length. If the newest minutes are not stored yet, it begins
    and ends up to two minutes earlier.
    """
    store, windows = WindowStore(), windows_of(channel_id, chosen, now_ms, metrics, counts)
    from_ms, until_ms = windows.from_ms, windows.until_ms
    if chosen.until_ms is None:
        from_ms, until_ms = newest_span(store, channel_id, chosen.span_ms, now_ms)
    summary = summary_with(store, channel_id, from_ms, until_ms, now_ms, metrics, windows.events)
    if from_windows := {metric.key for metric in metrics if has_window_peak(metric, chosen)}:
        live = windows.live
        if live is None:
            wanted = [METRIC[key] for key in from_windows]
            live = _points(
                store, channel_id, "live", from_ms - EDGE_MS, until_ms + EDGE_MS, wanted, (), windows.unheard
            )
        summary = _with_windows(summary, live, from_windows)
    gaps = _all_gaps(_within(windows.events, min(from_ms, summary.from_ms), max(until_ms, summary.until_ms)), summary)
    return Series(chosen, windows.points, gaps, windows.marks, metrics, summary)


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a range, oldest first, and its event marks, without a summary.

    `live` contains the points of the 30-second windows that a summary of the range needs, or is None if another grain
    was read. `events` are the events that the summary needs, `unheard` the recorded gaps among them.
    """

    from_ms: int
    until_ms: int
    points: list[Point]
    live: list[Point] | None
    marks: list[EventMark]
    events: Sequence[EventRecord]
    unheard: RecordedGaps


def windows_of(
    channel_id: str,
    chosen: Range,
    now_ms: int,
    metrics: Sequence[Metric] = METRICS,
    counts: Collection[str] = (),
) -> Windows:
    """Return the windows of a range. Raises: ServiceUnavailable."""
    store = WindowStore()
    from_ms, until_ms = chosen.bounds(now_ms)
    # Some events of a range up to now are later than its newest window.
    events = events_behind(store, channel_id, from_ms, until_ms, now_ms)
    unheard = RecordedGaps.of(events)
    edge_ms = EDGE_MS if chosen.grain == "live" else 0
    read = _points(store, channel_id, chosen.grain, from_ms - edge_ms, until_ms + edge_ms, metrics, counts, unheard)
    points = [point for point in read if from_ms < point.end_ms <= until_ms]
    marks = event_marks(_within(events, from_ms, chosen.event_bounds(now_ms)[1]))
    live = read if chosen.grain == "live" else None
    return Windows(from_ms, until_ms, points, live, marks, events, unheard)


def _points(
    store: WindowStore,
    channel_id: str,
    grain: StoredGrain,
    from_ms: int,
    until_ms: int,
    metrics: Sequence[Metric],
    counts: Collection[str],
    unheard: RecordedGaps,
) -> list[Point]:
    """Return the points of a grain that end in (from_ms, until_ms], oldest first."""
    window_ms = WINDOW_MS[grain]
    past_ms, columns = 0, columns_behind(metrics, window_ms) | {"observed_ms", *counts}
    if grain == "live" and METRIC["excitement"] in metrics:
        past_ms, columns = BASELINE_MS, columns | {"chatters"}
    windows = store.read_windows(grain, channel_id, from_ms - past_ms, until_ms, columns)
    excitement = excitements({window.end_ms: window.columns for window in windows}) if past_ms else {}
    return [point_of(w, window_ms, metrics, counts, unheard, excitement) for w in windows if w.end_ms > from_ms]


def has_window_peak(metric: Metric, chosen: Range) -> bool:
    """Return whether a metric's peak over a range comes from its 30-second windows, regardless of the chart's grain.

    The peak of viewers is the highest known count. Repetition over a range is computed from the messages of minutes
    and can exceed that of every window, so its peak also comes from minutes.
    """
    if metric.key == "excitement":
        return chosen.has_excitement
    return chosen.is_short and metric.key not in ("viewers", "coverage", "repetition")


def peak_unit(metric: Metric, chosen: Range) -> str:
    """Return the unit of a metric's peak over a range: that of 30-second windows if the peak comes from them, else of
    minutes."""
    return unit_of(metric, "live" if has_window_peak(metric, chosen) else "minute")


def _with_windows(summary: RangeSummary, live: Sequence[Point], metrics: Collection[str]) -> RangeSummary:
    """Return a summary with the excitement and the peaks of `metrics` that come from its 30-second windows."""
    first_ms = summary.from_ms + LIVE_WINDOW_MS
    inside = [point for point in live if first_ms <= point.end_ms <= summary.until_ms]
    excitement = [point.values["excitement"] for point in inside if "excitement" in point.values]
    highest = {key: best for key in metrics if (best := _highest(inside, key)) is not None}
    peaks = {key: best for key, best in summary.peaks.items() if key not in metrics}
    return replace(summary, peaks={**peaks, **highest}, excitement=fmean(excitement) if excitement else None)


def _highest(points: Sequence[Point], metric: str) -> PeakValue | None:
    values = [(value, -point.end_ms) for point in points if (value := value_of(point, metric)) is not None]
    return PeakValue(max(values)[0], -max(values)[1]) if values else None


def marks_and_gaps(channel_id: str, from_ms: int, until_ms: int, now_ms: int) -> tuple[list[EventMark], list[GapSpan]]:
    """Return a channel's event marks in a span, and its gaps as in `series`, both in chronological order.

    Raises: ServiceUnavailable.
    """
    store = WindowStore()
    events = events_behind(store, channel_id, from_ms, until_ms, now_ms)
    summary = summary_with(store, channel_id, from_ms, until_ms, now_ms, (), events)
    in_span = _within(events, max(from_ms, now_ms - EVENT_RETENTION_MS), until_ms)
    return event_marks(in_span), _all_gaps(in_span, summary)


def _all_gaps(events: Iterable[EventRecord], summary: RangeSummary) -> list[GapSpan]:
    """Return the recorded gaps among events, and the range's unrecorded missed time, in chronological order."""
    unrecorded = [
        GapSpan(span.from_ms, span.until_ms, NOT_HEARD if span.is_tracked else NO_DATA) for span in summary.unrecorded
    ]
    return sorted([*_gaps(events), *unrecorded], key=lambda gap: gap.from_ms)


def _gaps(events: Iterable[EventRecord]) -> list[GapSpan]:
    gaps = (event for event in events if event.kind == "gap" and event.until_ms is not None)
    return merge_gaps(GapSpan(g.at_ms, g.until_ms or g.at_ms, GAP_REASONS.get(g.reason, g.reason)) for g in gaps)


def _within(events: Iterable[EventRecord], from_ms: int, until_ms: int) -> list[EventRecord]:
    return [event for event in events if event.at_ms <= until_ms and _ends_at(event) >= from_ms]


def _ends_at(event: EventRecord) -> int:
    """Return the end of a gap or a summed event.

    The start of a broadcast is a point in time, even if it has `until_ms`.
    """
    return event.at_ms if event.until_ms is None or event.kind == STREAM_START else event.until_ms


def point_of(
    window: StoredWindow,
    window_ms: int,
    metrics: Sequence[Metric],
    counts: Collection[str],
    unheard: RecordedGaps,
    excitement: Mapping[int, float],
) -> Point:
    """Return a window as a point. Gaps are subtracted only from its coverage, not from the time behind its rates.

    A gap begins before the first lost message, so rates over the remaining time would be too high.
    """
    claimed_ms = window.columns.get("observed_ms", 0)
    observed_ms = unheard.observed_ms(claimed_ms, window.end_ms - window_ms, window.end_ms)
    values = values_of(window.columns, window_ms, metrics)
    if window.end_ms in excitement:
        values["excitement"] = excitement[window.end_ms]
    raw = {name: window.columns[name] for name in counts if name in window.columns}
    return Point(window.end_ms, coverage({"observed_ms": observed_ms}, window_ms), values, raw)
