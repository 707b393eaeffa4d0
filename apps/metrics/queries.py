"""What the pages read of history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import fmean

from apps.metrics.event_marks import EventMark, marks_of
from apps.metrics.ranges import bounds, read_summary
from apps.metrics.store import StoredWindow, WindowStore
from core.metrics.columns import STEP_MS, WINDOW_MS, StoredGrain
from core.metrics.excitement import PAST_MS, excitements
from core.metrics.formulas import coverage
from core.metrics.grains import EVENTS_KEPT_MS, grain_for
from core.metrics.ranges import COVERAGE_COLUMNS, PeakValue, RangeSummary, Row, time_heard
from core.metrics.table import METRIC, METRICS, Metric, columns_behind, values_of
from core.pipeline.coverage import RecordedGaps
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS


@dataclass(frozen=True, slots=True)
class Range:
    """A span that a chart can show, up to now or, with `until_ms`, up to then.

    `merge_ms` is over what its frequent events are summed, `grain` the stored one that it is drawn from. A span of
    the past has no key.
    """

    key: str
    label: str
    span_ms: int
    merge_ms: int
    grain: StoredGrain
    until_ms: int | None = None

    @property
    def is_short(self) -> bool:
        """Return whether its peaks are those of 30-second windows; otherwise they are those of minutes."""
        return self.grain == "live" and self.span_ms <= SHORT_MS

    @property
    def step_ms(self) -> int:
        """How far apart its points are."""
        return STEP_MS[self.grain]


RANGES: Mapping[str, Range] = {
    key: Range(key, label, span_ms, merge_ms, grain_for(0, span_ms, span_ms))
    for key, label, span_ms, merge_ms in (
        ("10m", "10 min", 10 * MINUTE_MS, MINUTE_MS),
        ("1h", "1 h", HOUR_MS, 5 * MINUTE_MS),
        ("6h", "6 h", 6 * HOUR_MS, 15 * MINUTE_MS),
        ("24h", "24 h", DAY_MS, 30 * MINUTE_MS),
        ("7d", "7 d", 7 * DAY_MS, 6 * HOUR_MS),
        ("90d", "90 d", 90 * DAY_MS, 3 * DAY_MS),
    )
}
# Up to here a peak is that of a 30-second window, beyond it that of the busiest minute.
SHORT_MS = 30 * MINUTE_MS
# How far back live pages are told what happened: longer than they go without asking for the whole history.
RECENT_MS = 3 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Point:
    """One window's metrics. `coverage` is 0 to 1; a metric without data is absent.

    `counts` are the requested raw columns; see apps/metrics/exports/raw_counts.py.
    """

    end_ms: int
    coverage: float
    values: Mapping[str, float]
    counts: Mapping[str, int] = field(default_factory=dict)


GAP_REASONS: Mapping[str, str] = {
    "joining": "the channel was being joined",
    "restart": "the listener was restarted",
    "disconnected": "the connection to Twitch was lost",
    "parted": "Twitch took us out of the channel",
    "suspended": "Twitch has suspended the channel",
    "refused": "Twitch did not let us join",
    "silent": "nothing was heard although chat was expected",
    "overflow": "more came than could be kept",
    "delivery": "messages did not reach Kafka",
    "handover": "another listener took over",
    "unwanted": "the channel had left the list",
}
# Tracked, not heard, and no gap is recorded yet: the channel is still being joined, or cannot be.
NOT_HEARD = "the channel is tracked but not joined"


@dataclass(frozen=True, slots=True)
class GapSpan:
    """An interval in which the channel was not, or not surely, listened to; `reason` is for people to read."""

    from_ms: int
    until_ms: int
    reason: str


NO_SUMMARY = RangeSummary(0, 0)


@dataclass(frozen=True, slots=True)
class Series:
    """A channel's history over a range, oldest first; its points and its summary have `metrics` and no others."""

    range: Range
    points: list[Point]
    gaps: list[GapSpan]
    marks: list[EventMark]
    metrics: Sequence[Metric] = METRICS
    summary: RangeSummary = NO_SUMMARY


def value_of(point: Point, metric: str) -> float | None:
    """Return the point's value, or None: without coverage a count is unknown, not 0."""
    if point.coverage == 0 and not METRIC[metric].from_helix:
        return None
    return point.values.get(metric)


def past_range(from_ms: int, until_ms: int, now_ms: int) -> Range:
    """Return the range between two moments, drawn from the finest rows that are still kept."""
    span_ms = until_ms - from_ms
    merge_ms = next((shown.merge_ms for shown in RANGES.values() if shown.span_ms >= span_ms), 3 * DAY_MS)
    return Range("", _between(from_ms, until_ms), span_ms, merge_ms, grain_for(from_ms, until_ms, now_ms), until_ms)


def _between(from_ms: int, until_ms: int) -> str:
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
    """Return these metrics and raw columns of the channel over a range. Raises: ServiceAway."""
    store, found = WindowStore(), windows_of(channel_id, chosen, now_ms, metrics, counts)
    from_ms, until_ms = found.from_ms, found.until_ms
    summary = read_summary(store, channel_id, from_ms, until_ms, now_ms, metrics=metrics, gaps=found.unheard)
    if chosen.grain == "live":
        summary = _with_windows(summary, found.points, metrics, is_short=chosen.is_short)
    unrecorded = [GapSpan(start_ms, end_ms, NOT_HEARD) for start_ms, end_ms in summary.unrecorded]
    gaps = sorted([*found.gaps, *unrecorded], key=lambda gap: gap.from_ms)
    return Series(chosen, found.points, gaps, found.marks, metrics, summary)


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a range, oldest first, with its gaps and what happened, without a summary."""

    from_ms: int
    until_ms: int
    points: list[Point]
    gaps: list[GapSpan]
    marks: list[EventMark]
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
    until_ms = now_ms if chosen.until_ms is None else chosen.until_ms
    from_ms = until_ms - chosen.span_ms
    window_ms = WINDOW_MS[chosen.grain]
    # A summary of whole hours begins up to an hour earlier.
    events = _events(store, channel_id, max(from_ms - HOUR_MS, now_ms - EVENTS_KEPT_MS), until_ms)
    unheard = RecordedGaps((event.at_ms, event.until_ms) for event in events if event.kind == "gap" and event.until_ms)
    past_ms, columns = 0, columns_behind(metrics, window_ms) | {"observed_ms", *counts}
    if chosen.grain == "live" and METRIC["excitement"] in metrics:
        past_ms, columns = PAST_MS, columns | {"chatters"}
    windows = store.read_windows(chosen.grain, channel_id, from_ms - past_ms, until_ms, columns)
    excitement = excitements({window.end_ms: window.columns for window in windows}) if past_ms else {}
    points = [_point(w, window_ms, metrics, counts, unheard, excitement) for w in windows if w.end_ms > from_ms]
    gaps = [gap for gap in _gaps(events) if gap.until_ms >= from_ms]
    shown = [event for event in events if (event.until_ms or event.at_ms) >= from_ms]
    return Windows(from_ms, until_ms, points, gaps, marks_of(shown), unheard)


def _with_windows(
    summary: RangeSummary, points: Sequence[Point], metrics: Sequence[Metric], *, is_short: bool
) -> RangeSummary:
    """Return a summary with what only its 30-second windows tell: excitement, and the peaks of a short range."""
    excitement = [p.values["excitement"] for p in points if "excitement" in p.values]
    from_windows = {metric.key for metric in metrics if is_short or metric.key == "excitement"} - {
        "viewers",
        "coverage",
    }
    highest = {key: best for key in from_windows if (best := _highest(points, key)) is not None}
    peaks = {key: best for key, best in summary.peaks.items() if key not in from_windows}
    return replace(summary, peaks={**peaks, **highest}, excitement=fmean(excitement) if excitement else None)


def _highest(points: Sequence[Point], metric: str) -> PeakValue | None:
    values = [(value, -point.end_ms) for point in points if (value := value_of(point, metric)) is not None]
    return PeakValue(max(values)[0], -max(values)[1]) if values else None


def happened(channel_id: str, from_ms: int, until_ms: int, now_ms: int) -> tuple[list[EventMark], list[GapSpan]]:
    """Return what happened to a channel in a span, and its gaps, both by time. Raises: ServiceAway."""
    events = _events(WindowStore(), channel_id, max(from_ms, now_ms - EVENTS_KEPT_MS), until_ms)
    return marks_of(events), _gaps(events)


def _gaps(events: Iterable[EventRecord]) -> list[GapSpan]:
    gaps = (event for event in events if event.kind == "gap" and event.until_ms is not None)
    return joined(GapSpan(g.at_ms, g.until_ms or g.at_ms, GAP_REASONS.get(g.reason, g.reason)) for g in gaps)


def _events(store: WindowStore, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]:
    """Return what is known of these days, which is nothing where none of it is kept any more."""
    return store.read_events(channel_id, from_ms, until_ms) if from_ms <= until_ms else []


def _point(
    window: StoredWindow,
    window_ms: int,
    metrics: Sequence[Metric],
    counts: Collection[str],
    unheard: RecordedGaps,
    excitement: Mapping[int, float],
) -> Point:
    """Return a window as it is shown: a gap takes its time off the coverage, and off nothing else.

    It begins before what was lost: rates over the rest would count messages without their time.
    """
    claimed_ms = window.columns.get("observed_ms", 0)
    observed_ms = unheard.observed_ms(claimed_ms, window.end_ms - window_ms, window.end_ms)
    values = values_of(window.columns, window_ms, metrics)
    if window.end_ms in excitement:
        values["excitement"] = excitement[window.end_ms]
    raw = {name: window.columns[name] for name in counts if name in window.columns}
    return Point(window.end_ms, coverage({"observed_ms": observed_ms}, window_ms), values, raw)


def recent_marks(channel_ids: Collection[str], now_ms: int) -> dict[str, list[EventMark]]:
    """Return what happened to each channel in the past RECENT_MS. Raises: ServiceAway."""
    found = WindowStore().read_recent_events(channel_ids, now_ms - RECENT_MS, now_ms)
    return {channel_id: marks_of(events) for channel_id, events in found.items()}


def joined(gaps: Iterable[GapSpan]) -> list[GapSpan]:
    """Return `gaps`, by time, with those joined that a listener wrote piece by piece while they lasted."""
    whole: list[GapSpan] = []
    for gap in gaps:
        last = whole[-1] if whole else None
        if last is not None and last.reason == gap.reason and gap.from_ms <= last.until_ms:
            whole[-1] = replace(last, until_ms=max(last.until_ms, gap.until_ms))
        else:
            whole.append(gap)
    return whole


def minute_lines(
    channel_ids: Collection[str], metric: str, from_ms: int, until_ms: int
) -> dict[str, list[tuple[int, float]]]:
    """Return a metric of each of these channels by its minutes' ends in (from_ms, until_ms]; where none, no point.

    Raises: ServiceAway.
    """
    value, window_ms = METRIC[metric].value, WINDOW_MS["minute"]
    columns = columns_behind([METRIC[metric]], window_ms)
    found = WindowStore().read_many("minute", channel_ids, from_ms, until_ms, columns)
    return {
        channel_id: [(w.end_ms, y) for w in windows if (y := value(w.columns, window_ms)) is not None]
        for channel_id, windows in found.items()
    }


@dataclass(frozen=True, slots=True)
class GapsOfMany:
    """Gaps of several channels that have one reason and overlap."""

    from_ms: int
    until_ms: int
    reason: str
    channels: int


@dataclass(frozen=True, slots=True)
class HeardOfMany:
    """The share of each channel's time on air that was heard, and the gaps that began in the span, newest first."""

    coverage: Mapping[str, float]
    gaps: Sequence[GapsOfMany]


def heard(channel_ids: Collection[str], from_ms: int, until_ms: int, now_ms: int) -> HeardOfMany:
    """Return how well these channels were heard; those that were not on air are left out. Raises: ServiceAway."""
    store, (first_ms, last_ms) = WindowStore(), bounds(from_ms, until_ms, now_ms)
    minutes = store.read_many("minute", channel_ids, first_ms, last_ms, COVERAGE_COLUMNS)
    events = store.read_recent_events(channel_ids, from_ms - HOUR_MS, until_ms)
    gaps = {i: [g for g in found if g.kind == "gap" and g.until_ms is not None] for i, found in events.items()}
    coverage = {}
    for channel_id, windows in minutes.items():
        rows = [Row(window.end_ms - MINUTE_MS, MINUTE_MS, window.columns) for window in windows]
        unheard = RecordedGaps((gap.at_ms, gap.until_ms or gap.at_ms) for gap in gaps.get(channel_id, ()))
        on_air = time_heard(rows, unheard, first_ms, last_ms).coverage_on_air
        if on_air is not None:
            coverage[channel_id] = on_air
    return HeardOfMany(coverage, together(gap for found in gaps.values() for gap in found if gap.at_ms >= from_ms))


def together(gaps: Iterable[EventRecord]) -> list[GapsOfMany]:
    """Return gaps of many channels, those of one reason that overlap as one, the newest first."""
    groups: list[tuple[GapsOfMany, set[str]]] = []
    last: dict[str, int] = {}
    for gap in sorted(gaps, key=lambda one: one.at_ms):
        until_ms = gap.until_ms or gap.at_ms
        place = last.get(gap.reason)
        if place is not None and gap.at_ms <= groups[place][0].until_ms:
            group, channels = groups[place]
            channels.add(gap.channel_id)
            group = replace(group, until_ms=max(group.until_ms, until_ms), channels=len(channels))
            groups[place] = group, channels
        else:
            last[gap.reason] = len(groups)
            said = GAP_REASONS.get(gap.reason, gap.reason)
            groups.append((GapsOfMany(gap.at_ms, until_ms, said, 1), {gap.channel_id}))
    return [group for group, _ in reversed(groups)]
