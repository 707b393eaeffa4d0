"""Reads of history: series, events, gaps and coverage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import fmean

from apps.metrics.event_marks import EventMark, event_marks
from apps.metrics.ranges import STORE_DELAY_MS, last_stored, newest_span, read_summary
from apps.metrics.store import StoredWindow, WindowStore
from core.irc.channel_events import STREAM_START
from core.metrics.columns import LIVE_WINDOW_MS, STEP_MS, WINDOW_MS, StoredGrain
from core.metrics.excitement import BASELINE_MS, RANGE_MAX_MS, excitements
from core.metrics.formulas import coverage
from core.metrics.grains import EVENT_RETENTION_MS, RETENTION_MS, grain_for
from core.metrics.on_air import known_on_air
from core.metrics.ranges import COVERAGE_COLUMNS, PeakValue, RangeSummary, Row, time_heard
from core.metrics.table import METRIC, METRICS, Metric, columns_behind, is_known, values_of
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS


@dataclass(frozen=True, slots=True)
class Range:
    """A range of a chart that ends at `until_ms`, or now if that is None.

    `merge_ms` is the span over which frequent events are summed, `grain` the stored grain of its points. A range
    between two given times has no key. `has_live`: the 30-second windows of the whole range are stored, whatever the
    grain.
    """

    key: str
    label: str
    span_ms: int
    merge_ms: int
    grain: StoredGrain
    has_live: bool
    until_ms: int | None = None

    @property
    def is_short(self) -> bool:
        """Return whether peaks are those of 30-second windows; otherwise they are those of minutes."""
        return self.has_live and self.span_ms <= SHORT_MS

    @property
    def has_excitement(self) -> bool:
        """Return whether excitement over the range is defined."""
        return self.has_live and self.span_ms <= RANGE_MAX_MS

    @property
    def step_ms(self) -> int:
        """The distance between points."""
        return STEP_MS[self.grain]

    def bounds(self, now_ms: int) -> Span:
        """Return the start and the end. A range up to now ends with its newest step, or minute if steps are longer.

        Charts, files and responses thus have the same windows, and an entity tag is stable until there is a new one.
        """
        step_ms = min(self.step_ms, MINUTE_MS)
        until_ms = now_ms // step_ms * step_ms if self.until_ms is None else self.until_ms
        return until_ms - self.span_ms, until_ms

    def event_bounds(self, now_ms: int) -> Span:
        """Return the first and the last time of its events, which have no steps.

        The end of a range up to now is not rounded, nor is a given start.
        """
        from_ms, until_ms = self.bounds(now_ms)
        if self.until_ms is not None:
            return from_ms, until_ms
        return (from_ms if self.key else now_ms - self.span_ms), now_ms


RANGES: Mapping[str, Range] = {
    key: Range(key, label, span_ms, merge_ms, grain_for(0, span_ms, span_ms), span_ms <= RETENTION_MS["live"])
    for key, label, span_ms, merge_ms in (
        ("10m", "10 min", 10 * MINUTE_MS, MINUTE_MS),
        ("1h", "1 h", HOUR_MS, 5 * MINUTE_MS),
        ("6h", "6 h", 6 * HOUR_MS, 15 * MINUTE_MS),
        ("24h", "24 h", DAY_MS, 30 * MINUTE_MS),
        ("7d", "7 d", 7 * DAY_MS, 6 * HOUR_MS),
        ("90d", "90 d", 90 * DAY_MS, 3 * DAY_MS),
    )
}
# Peaks of ranges up to this long are those of 30-second windows; of longer ones, those of the busiest minute.
SHORT_MS = 30 * MINUTE_MS
# The whole minutes of a range begin before it, and end after it, by up to this much. They begin earliest in a range up
# to now whose newest minutes are not stored yet.
EDGE_MS = STORE_DELAY_MS + MINUTE_MS
# How far back live pages get events: longer than they go without reloading the history.
RECENT_MS = 3 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Point:
    """One window's metrics; read them with `value_of`. `coverage` is 0 to 1; a metric without data is absent.

    `counts` are the requested raw columns; see apps/metrics/exports/raw_counts.py.
    """

    end_ms: int
    coverage: float
    values: Mapping[str, float]
    counts: Mapping[str, int] = field(default_factory=dict)


GAP_REASONS: Mapping[str, str] = {
    "joining": "the channel was being joined",
    "restart": "the producer was restarted",
    "disconnected": "the connection to Twitch was lost",
    "parted": "Twitch removed us from the channel",
    "suspended": "Twitch has suspended the channel",
    "refused": "Twitch refused the join",
    "silent": "no messages arrived although chat was active",
    "overflow": "more messages arrived than could be buffered",
    "delivery": "messages did not reach Kafka",
    "handover": "another producer took over",
    "unwanted": "the channel was removed from the list",
}
# Tracked and not heard, without a recorded gap yet: the channel is still being joined, or cannot be joined.
NOT_HEARD = "the channel is tracked but not joined"
# On air, without a recorded gap: the channel was not tracked yet, or the producer is down.
NO_DATA = "the channel was on air but no data was recorded"


@dataclass(frozen=True, slots=True)
class GapSpan:
    """An interval in which the channel was not, or possibly not, heard; `reason` is a text for display."""

    from_ms: int
    until_ms: int
    reason: str


NO_SUMMARY = RangeSummary(0, 0)


@dataclass(frozen=True, slots=True)
class Series:
    """A channel's history over a range, oldest first; points and summary have only `metrics`."""

    range: Range
    points: list[Point]
    gaps: list[GapSpan]
    marks: list[EventMark]
    metrics: Sequence[Metric] = METRICS
    summary: RangeSummary = NO_SUMMARY


def value_of(point: Point, metric: str) -> float | None:
    """Return the point's value, None if unknown: without coverage a count is unknown, not 0.

    The metric `coverage` is the coverage of the point in percent, so it is always known.
    """
    if metric == "coverage":
        return 100 * point.coverage
    return point.values.get(metric) if is_known(metric, point.coverage) else None


def past_range(from_ms: int, until_ms: int, now_ms: int) -> Range:
    """Return the range between two times, of the finest grain that is still stored."""
    span_ms = until_ms - from_ms
    merge_ms = next((known.merge_ms for known in RANGES.values() if known.span_ms >= span_ms), 3 * DAY_MS)
    grain, has_live = grain_for(from_ms, until_ms, now_ms), from_ms >= now_ms - RETENTION_MS["live"]
    return Range("", between(from_ms, until_ms), span_ms, merge_ms, grain, has_live, until_ms)


def between(from_ms: int, until_ms: int) -> str:
    """Return the start and the end of a range as text, in UTC."""
    since, until = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (from_ms, until_ms))
    day = "" if since.date() == until.date() else f"{until:%-d %b %Y} "
    return f"{since:%-d %b %Y %H:%M} to {day}{until:%H:%M}"


def series(
    channel_id: str,
    chosen: Range,
    now_ms: int,
    metrics: Sequence[Metric] = METRICS,
    counts: Collection[str] = (),
) -> Series:
    """Return these metrics and raw columns of the channel over a range. Raises: ServiceAway.

    The summary of a range up to now has its full length: it ends, and thus begins, up to two minutes before the last
    whole minute, if the newest minutes are not stored yet.
    """
    store, windows = WindowStore(), windows_of(channel_id, chosen, now_ms, metrics, counts)
    from_ms, until_ms = windows.from_ms, windows.until_ms
    if chosen.until_ms is None:
        from_ms, until_ms = newest_span(store, channel_id, chosen.span_ms, now_ms)
    summary = read_summary(
        store,
        channel_id,
        from_ms,
        until_ms,
        now_ms,
        metrics=metrics,
        gaps=windows.unheard,
        broadcasts=known_on_air(
            store.read_broadcasts([channel_id], from_ms - HOUR_MS, until_ms + HOUR_MS)[channel_id],
            windows.events,
            until_ms + HOUR_MS,
        ),
    )
    if from_windows := {metric.key for metric in metrics if has_window_peak(metric, chosen)}:
        live = windows.live
        if live is None:
            wanted = [METRIC[key] for key in from_windows]
            live = _points(
                store, channel_id, "live", from_ms - EDGE_MS, until_ms + EDGE_MS, wanted, (), windows.unheard
            )
        summary = _with_windows(summary, live, from_windows)
    unrecorded = [
        GapSpan(span.from_ms, span.until_ms, NOT_HEARD if span.is_tracked else NO_DATA) for span in summary.unrecorded
    ]
    recorded = _gaps(_within(windows.events, min(from_ms, summary.from_ms), max(until_ms, summary.until_ms)))
    gaps = sorted([*recorded, *unrecorded], key=lambda gap: gap.from_ms)
    return Series(chosen, windows.points, gaps, windows.marks, metrics, summary)


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of a range, oldest first, with its gaps and event marks, without a summary.

    `live` are the points of 30-second windows that a summary of the range needs, None if another grain was read.
    `events` are those that it needs, `unheard` the recorded gaps among them.
    """

    from_ms: int
    until_ms: int
    points: list[Point]
    live: list[Point] | None
    gaps: list[GapSpan]
    marks: list[EventMark]
    events: list[EventRecord]
    unheard: RecordedGaps


def windows_of(
    channel_id: str,
    chosen: Range,
    now_ms: int,
    metrics: Sequence[Metric] = METRICS,
    counts: Collection[str] = (),
) -> Windows:
    """Return the windows of a range. Raises: ServiceAway."""
    store = WindowStore()
    from_ms, until_ms = chosen.bounds(now_ms)
    # The summary may begin up to an hour earlier, if it has whole hours, and end up to half a minute later. Some events
    # of a range up to now are later than its newest window.
    events = _events(store, channel_id, max(from_ms - HOUR_MS, now_ms - EVENT_RETENTION_MS), until_ms + MINUTE_MS)
    unheard = RecordedGaps.of(events)
    edge_ms = EDGE_MS if chosen.grain == "live" else 0
    read = _points(store, channel_id, chosen.grain, from_ms - edge_ms, until_ms + edge_ms, metrics, counts, unheard)
    points = [point for point in read if from_ms < point.end_ms <= until_ms]
    in_range = _within(events, from_ms, chosen.event_bounds(now_ms)[1])
    gaps = _gaps(event for event in in_range if event.at_ms <= until_ms)
    live = read if chosen.grain == "live" else None
    return Windows(from_ms, until_ms, points, live, gaps, event_marks(in_range), events, unheard)


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
    return [_point(w, window_ms, metrics, counts, unheard, excitement) for w in windows if w.end_ms > from_ms]


def has_window_peak(metric: Metric, chosen: Range) -> bool:
    """Return whether a metric's peak over a range is that of its 30-second windows, whatever the chart draws.

    That of viewers is the highest count known. Repetition over a range is computed from the texts of minutes, and can
    exceed that of each window: its peak is of minutes as well.
    """
    if metric.key == "excitement":
        return chosen.has_excitement
    return chosen.is_short and metric.key not in ("viewers", "coverage", "repetition")


def _with_windows(summary: RangeSummary, live: Sequence[Point], metrics: Collection[str]) -> RangeSummary:
    """Return a summary with the excitement, and the peaks of these metrics, of the windows inside it."""
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
    """Return a channel's event marks and gaps in a span, both by time. Raises: ServiceAway."""
    first_ms = max(from_ms, now_ms - EVENT_RETENTION_MS)
    events = _within(_events(WindowStore(), channel_id, first_ms, until_ms), first_ms, until_ms)
    return event_marks(events), _gaps(events)


def _gaps(events: Iterable[EventRecord]) -> list[GapSpan]:
    gaps = (event for event in events if event.kind == "gap" and event.until_ms is not None)
    return merge_gaps(GapSpan(g.at_ms, g.until_ms or g.at_ms, GAP_REASONS.get(g.reason, g.reason)) for g in gaps)


def _within(events: Iterable[EventRecord], from_ms: int, until_ms: int) -> list[EventRecord]:
    return [event for event in events if event.at_ms <= until_ms and _ends_at(event) >= from_ms]


def _events(store: WindowStore, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
    """Return the events in and before a span, see WindowStore.read_events; empty past their retention."""
    return store.read_events(channel_id, from_ms, until_ms) if from_ms <= until_ms else []


def _ends_at(event: EventRecord) -> int:
    """Return when a gap or a sum ends; the start of a broadcast is a moment, whatever else is known of it."""
    return event.at_ms if event.until_ms is None or event.kind == STREAM_START else event.until_ms


def _point(
    window: StoredWindow,
    window_ms: int,
    metrics: Sequence[Metric],
    counts: Collection[str],
    unheard: RecordedGaps,
    excitement: Mapping[int, float],
) -> Point:
    """Return a window as a point, with gaps subtracted from its coverage only.

    A gap begins before the first lost message, so rates over the remaining time would be too high.
    """
    claimed_ms = window.columns.get("observed_ms", 0)
    observed_ms = unheard.observed_ms(claimed_ms, window.end_ms - window_ms, window.end_ms)
    values = values_of(window.columns, window_ms, metrics)
    if window.end_ms in excitement:
        values["excitement"] = excitement[window.end_ms]
    raw = {name: window.columns[name] for name in counts if name in window.columns}
    return Point(window.end_ms, coverage({"observed_ms": observed_ms}, window_ms), values, raw)


def recent_marks(channel_ids: Collection[str], now_ms: int) -> dict[str, list[EventMark]]:
    """Return each channel's event marks of the past RECENT_MS. Raises: ServiceAway."""
    events_by_channel = WindowStore().read_recent_events(channel_ids, now_ms - RECENT_MS, now_ms)
    return {channel_id: event_marks(events) for channel_id, events in events_by_channel.items()}


def merge_gaps(gaps: Iterable[GapSpan]) -> list[GapSpan]:
    """Return `gaps`, given by time, with those of the same reason merged that a producer wrote in parts."""
    merged: list[GapSpan] = []
    for gap in gaps:
        last = merged[-1] if merged else None
        if last is not None and last.reason == gap.reason and gap.from_ms <= last.until_ms:
            merged[-1] = replace(last, until_ms=max(last.until_ms, gap.until_ms))
        else:
            merged.append(gap)
    return merged


def minute_lines(channel_ids: Collection[str], metric: str, span_ms: int, now_ms: int) -> dict[str, list[Point]]:
    """Return the minutes of each channel that have a value of a metric, see `value_of`.

    They are those of the summary of a range up to now. None has excitement, because only 30-second windows have it.
    Raises: ServiceAway.
    """
    store, metrics = WindowStore(), [METRIC[metric]]
    columns = columns_behind(metrics, MINUTE_MS) | {"observed_ms"}
    from_ms, until_ms = _newest_minutes(span_ms, now_ms)
    windows_by_channel = store.read_many("minute", channel_ids, from_ms, until_ms, columns)
    events = store.read_recent_events(channel_ids, from_ms - HOUR_MS, until_ms)
    lines = {}
    for channel_id, windows in windows_by_channel.items():
        first_ms = last_stored([window.end_ms for window in windows], now_ms) - span_ms
        unheard = RecordedGaps.of(events[channel_id])
        points = [_point(w, MINUTE_MS, metrics, (), unheard, {}) for w in windows if w.end_ms > first_ms]
        lines[channel_id] = [point for point in points if value_of(point, metric) is not None]
    return lines


def _newest_minutes(span_ms: int, now_ms: int) -> Span:
    """Return a span with all minutes that a summary of a range up to now may consist of; see `last_stored`."""
    until_ms = now_ms // MINUTE_MS * MINUTE_MS
    return until_ms - STORE_DELAY_MS - span_ms, until_ms


@dataclass(frozen=True, slots=True)
class SharedGap:
    """Overlapping gaps of one or more channels with the same reason."""

    from_ms: int
    until_ms: int
    reason: str
    channels: int


@dataclass(frozen=True, slots=True)
class CoverageOfChannels:
    """The share of each channel's time on air that was heard, and the gaps that began in the span, newest first."""

    coverage: Mapping[str, float]
    gaps: Sequence[SharedGap]


def read_coverage(channel_ids: Collection[str], span_ms: int, now_ms: int) -> CoverageOfChannels:
    """Return the coverage of these channels in a range up to now, which ends for each as its summary does.

    Channels that were not on air are absent. Raises: ServiceAway.
    """
    store, (from_ms, until_ms) = WindowStore(), _newest_minutes(span_ms, now_ms)
    minutes = store.read_many("minute", channel_ids, from_ms, until_ms, COVERAGE_COLUMNS)
    events = store.read_recent_events(channel_ids, from_ms - HOUR_MS, now_ms)
    ended = store.read_broadcasts(channel_ids, from_ms, until_ms)
    # Pulses on air throughout leave nothing to learn from an earlier start; most channels have them.
    partly = [channel_id for channel_id, windows in minutes.items() if _on_air_ms(windows) < span_ms]
    starts = store.read_starts(partly, from_ms - HOUR_MS)
    coverage = {}
    for channel_id, windows in minutes.items():
        last_ms = last_stored([window.end_ms for window in windows], now_ms)
        first_ms = last_ms - span_ms
        rows = [Row(w.end_ms - MINUTE_MS, MINUTE_MS, w.columns) for w in windows if w.end_ms > first_ms]
        of_channel = events.get(channel_id, [])
        broadcasts = known_on_air(ended[channel_id], [*starts.get(channel_id, ()), *of_channel], last_ms)
        on_air = time_heard(rows, RecordedGaps.of(of_channel), broadcasts, first_ms, last_ms).coverage_on_air
        if on_air is not None:
            coverage[channel_id] = on_air
    recent = (
        event
        for of_channel in events.values()
        for event in of_channel
        if event.kind == "gap" and event.until_ms is not None and event.at_ms >= now_ms - span_ms
    )
    return CoverageOfChannels(coverage, merge_across_channels(recent))


def _on_air_ms(windows: Iterable[StoredWindow]) -> int:
    return sum(window.columns.get("on_air_pulses", 0) for window in windows) * SECOND_MS


def merge_across_channels(gaps: Iterable[EventRecord]) -> list[SharedGap]:
    """Return gaps of many channels, newest first, with overlapping ones of the same reason merged."""
    groups: list[tuple[SharedGap, set[str]]] = []
    last: dict[str, int] = {}
    for gap in sorted(gaps, key=lambda gap: gap.at_ms):
        until_ms = gap.until_ms or gap.at_ms
        index = last.get(gap.reason)
        if index is not None and gap.at_ms <= groups[index][0].until_ms:
            group, channels = groups[index]
            channels.add(gap.channel_id)
            group = replace(group, until_ms=max(group.until_ms, until_ms), channels=len(channels))
            groups[index] = group, channels
        else:
            last[gap.reason] = len(groups)
            reason = GAP_REASONS.get(gap.reason, gap.reason)
            groups.append((SharedGap(gap.at_ms, until_ms, reason, 1), {gap.channel_id}))
    return [group for group, _ in reversed(groups)]
