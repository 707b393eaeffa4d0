"""Reads the recent history of many channels at once: event marks, the minutes of the past hour, and coverage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from apps.metrics.event_marks import EventMark, event_marks
from apps.metrics.gaps import GAP_REASONS
from apps.metrics.queries import Point, point_of, value_of
from apps.metrics.ranges import STORE_DELAY_MS, last_stored
from apps.metrics.store import StoredWindow, WindowStore
from core.metrics.on_air import known_on_air
from core.metrics.ranges import COVERAGE_COLUMNS, Row, time_heard
from core.metrics.table import METRIC, columns_behind
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord
from core.times import HOUR_MS, MINUTE_MS, SECOND_MS

# How far back live pages get events. It is longer than the interval at which they reload the history.
RECENT_MS = 3 * MINUTE_MS


def recent_marks(channel_ids: Collection[str], now_ms: int) -> dict[str, list[EventMark]]:
    """Return each channel's event marks of the past RECENT_MS. Raises: ServiceUnavailable."""
    events_by_channel = WindowStore().read_recent_events(channel_ids, now_ms - RECENT_MS, now_ms)
    return {channel_id: event_marks(events) for channel_id, events in events_by_channel.items()}


def newest_gap_reasons(channel_ids: Collection[str], now_ms: int) -> dict[str, str]:
    """Return the reason for each channel's newest gap in the past hour, as display text. Raises: ServiceUnavailable."""
    events_by_channel = WindowStore().read_recent_events(channel_ids, now_ms - HOUR_MS, now_ms)
    gaps = {
        channel_id: [event for event in events if event.kind == "gap"]
        for channel_id, events in events_by_channel.items()
    }
    return {
        channel_id: GAP_REASONS.get(found[-1].reason, found[-1].reason) for channel_id, found in gaps.items() if found
    }


def minute_lines(channel_ids: Collection[str], metric: str, span_ms: int, now_ms: int) -> dict[str, list[Point]]:
    """Return each channel's minutes in which a metric has a value: see `value_of`.

    Uses the same minutes as a channel's summary. Excitement has no value in minutes, only in 30-second windows.
    Raises: ServiceUnavailable.
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
        points = [point_of(w, MINUTE_MS, metrics, (), unheard, {}) for w in windows if w.end_ms > first_ms]
        lines[channel_id] = [point for point in points if value_of(point, metric) is not None]
    return lines


def _newest_minutes(span_ms: int, now_ms: int) -> Span:
    """Return a span with all minutes that may be part of a summary of a range up to now: see `last_stored`."""
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
    """Return the coverage of these channels in a range up to now.

    Uses the same minutes as a channel's summary. Channels that were not on air are omitted. Raises: ServiceUnavailable.
    """
    store, (from_ms, until_ms) = WindowStore(), _newest_minutes(span_ms, now_ms)
    minutes = store.read_many("minute", channel_ids, from_ms, until_ms, COVERAGE_COLUMNS)
    events = store.read_recent_events(channel_ids, from_ms - HOUR_MS, now_ms)
    ended = store.read_broadcasts(channel_ids, from_ms, until_ms)
    # Most channels have on-air pulses for the whole range and need no earlier start event.
    partly = [channel_id for channel_id, windows in minutes.items() if _on_air_ms(windows) < span_ms]
    starts = store.read_starts(partly, from_ms - HOUR_MS)
    coverage = {}
    for channel_id, windows in minutes.items():
        last_ms = last_stored([window.end_ms for window in windows], now_ms)
        first_ms = last_ms - span_ms
        rows = [Row(w.end_ms - MINUTE_MS, MINUTE_MS, w.columns) for w in windows if w.end_ms > first_ms]
        channel_events = events.get(channel_id, [])
        broadcasts = known_on_air(ended[channel_id], [*starts.get(channel_id, ()), *channel_events], last_ms)
        on_air = time_heard(rows, RecordedGaps.of(channel_events), broadcasts, first_ms, last_ms).coverage_on_air
        if on_air is not None:
            coverage[channel_id] = on_air
    recent = (
        event
        for channel_events in events.values()
        for event in channel_events
        if event.kind == "gap" and event.until_ms is not None and event.at_ms >= now_ms - span_ms
    )
    return CoverageOfChannels(coverage, merge_across_channels(recent))


def _on_air_ms(windows: Iterable[StoredWindow]) -> int:
    return sum(window.columns.get("on_air_pulses", 0) for window in windows) * SECOND_MS


def merge_across_channels(gaps: Iterable[EventRecord]) -> list[SharedGap]:
    """Return gaps of many channels, newest first; overlapping gaps with the same reason are merged."""
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
