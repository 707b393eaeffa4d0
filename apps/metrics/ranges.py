"""Summaries of ranges: reads the stored rows that tile a range for core/metrics/ranges.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.metrics.window_reader import WindowReader
from core.metrics.grains import EVENT_RETENTION_MS, RETENTION_MS
from core.metrics.on_air import known_on_air
from core.metrics.ranges import RangeSummary, Row, columns_behind_range, summarize, whole_minutes
from core.metrics.table import Metric
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals, Span
from core.pipeline.records import EventRecord
from core.times import HOUR_MS, MINUTE_MS

# Hours with a recorded gap, and hours in which a broadcast begins or ends, are read as minutes, so that the time heard
# on air is exact. At most this many hours are read as minutes.
FINER_HOURS_MAX = 48
# A minute is stored at most this long after its end.
STORE_DELAY_MS = 2 * MINUTE_MS


def summary_of(
    store: WindowReader, channel_id: str, from_ms: int, until_ms: int, now_ms: int, metrics: Sequence[Metric]
) -> RangeSummary:
    """Return the summary of these metrics for a channel between two times: see read_summary.

    Raises: ServiceUnavailable.
    """
    events = events_behind(store, channel_id, from_ms, until_ms, now_ms)
    return summary_with(store, channel_id, from_ms, until_ms, now_ms, metrics, events)


def events_behind(
    store: WindowReader, channel_id: str, from_ms: int, until_ms: int, now_ms: int
) -> Sequence[EventRecord]:
    """Return the stored events that the summary of a range needs, and earlier ones: see WindowStore.read_events.

    A summary may begin up to an hour before the range, if it has whole hours, and end up to half a minute after it.
    """
    first_ms, last_ms = max(from_ms - HOUR_MS, now_ms - EVENT_RETENTION_MS), until_ms + MINUTE_MS
    return store.read_events(channel_id, first_ms, last_ms) if first_ms <= last_ms else []


def summary_with(
    store: WindowReader,
    channel_id: str,
    from_ms: int,
    until_ms: int,
    now_ms: int,
    metrics: Sequence[Metric],
    events: Sequence[EventRecord],
) -> RangeSummary:
    """Return the summary of a range whose events have been read: see `events_behind`. Raises: ServiceUnavailable."""
    ended = store.read_broadcasts([channel_id], from_ms - HOUR_MS, until_ms + HOUR_MS)[channel_id]
    broadcasts, gaps = known_on_air(ended, events, until_ms + HOUR_MS), RecordedGaps.of(events)
    return read_summary(store, channel_id, from_ms, until_ms, now_ms, metrics=metrics, gaps=gaps, broadcasts=broadcasts)


def read_summary(
    store: WindowReader,
    channel_id: str,
    from_ms: int,
    until_ms: int,
    now_ms: int,
    *,
    metrics: Sequence[Metric],
    gaps: RecordedGaps,
    broadcasts: Intervals,
) -> RangeSummary:
    """Return the summary of these metrics for a channel between two times. Raises: ServiceUnavailable.

    The summary contains its exact range: whole minutes, or whole hours where minutes have expired.
    """
    first_ms, last_ms = bounds(from_ms, min(until_ms, now_ms), now_ms)
    rows = _read(store, channel_id, first_ms, last_ms, now_ms, metrics, gaps, broadcasts)
    newest_ms = rows[-1].end_ms if rows else 0
    if last_ms > now_ms - STORE_DELAY_MS:
        last_ms = max(first_ms, last_stored([newest_ms], now_ms))
    return summarize(rows, gaps, broadcasts, first_ms, last_ms)


def newest_span(store: WindowReader, channel_id: str, span_ms: int, now_ms: int) -> Span:
    """Return the span of `span_ms` that ends with a channel's newest stored minute. Raises: ServiceUnavailable."""
    last_ms = now_ms // MINUTE_MS * MINUTE_MS
    newest = store.read_windows("minute", channel_id, last_ms - STORE_DELAY_MS, last_ms, {"observed_ms"})
    until_ms = last_stored([window.end_ms for window in newest], now_ms)
    return until_ms - span_ms, until_ms


def last_stored(ends_ms: Iterable[int], now_ms: int) -> int:
    """Return the end of the newest stored minute.

    If there is no recent one, for example because the channel is off air, return the time up to which every minute must
    be stored by now.
    """
    return max([now_ms // MINUTE_MS * MINUTE_MS - STORE_DELAY_MS, *ends_ms])


def bounds(from_ms: int, until_ms: int, now_ms: int) -> Span:
    """Return the range in whole minutes, widened to whole hours where minutes have expired."""
    first_ms, last_ms = whole_minutes(from_ms, until_ms)
    kept_ms = _minutes_kept_from(now_ms)
    if first_ms < kept_ms:
        first_ms = first_ms // HOUR_MS * HOUR_MS
    if last_ms < kept_ms:
        last_ms = -(-last_ms // HOUR_MS) * HOUR_MS
    return first_ms, min(last_ms, now_ms // MINUTE_MS * MINUTE_MS)


def _read(
    store: WindowReader,
    channel_id: str,
    first_ms: int,
    last_ms: int,
    now_ms: int,
    metrics: Sequence[Metric],
    gaps: RecordedGaps,
    broadcasts: Intervals,
) -> list[Row]:
    """Return the rows that tile [first_ms, last_ms), oldest first."""
    hours_from_ms, hours_until_ms = -(-first_ms // HOUR_MS) * HOUR_MS, last_ms // HOUR_MS * HOUR_MS
    if hours_until_ms <= hours_from_ms:
        return _minutes(store, channel_id, first_ms, last_ms)
    stored = store.read_windows("hour", channel_id, hours_from_ms, hours_until_ms, columns_behind_range(metrics))
    hours = {window.end_ms - HOUR_MS: Row(window.end_ms - HOUR_MS, HOUR_MS, window.columns) for window in stored}
    finer, coarser = [(first_ms, hours_from_ms), (hours_until_ms, last_ms)], []
    for start_ms in _hours_in_minutes(hours, range(hours_from_ms, hours_until_ms, HOUR_MS), gaps, broadcasts, now_ms):
        coarser += [hours.pop(start_ms)] if start_ms in hours else []
        finer.append((start_ms, start_ms + HOUR_MS))
    minutes = [row for start, end in _joined(finer) for row in _minutes(store, channel_id, start, end)]
    in_minutes = {row.start_ms // HOUR_MS * HOUR_MS for row in minutes}
    # Hours of a simulated past may have no minutes.
    whole = [row for row in coarser if row.start_ms not in in_minutes]
    return sorted([*hours.values(), *whole, *minutes], key=lambda row: row.start_ms)


def _hours_in_minutes(
    hours: dict[int, Row], starts: Sequence[int], gaps: RecordedGaps, broadcasts: Intervals, now_ms: int
) -> list[int]:
    """Return the hours to read as minutes: those that are not stored, have a recorded gap, or are partly on air.

    Gaps have priority, because an hour that is partly on air merely has too much missed time if read as a whole.
    """
    kept = [start_ms for start_ms in starts if start_ms >= _minutes_kept_from(now_ms)]
    missing = [start_ms for start_ms in kept if start_ms not in hours]
    stored = [start_ms for start_ms in kept if start_ms in hours]
    with_gap = [s for s in stored if gaps.overlap_ms(s, s + HOUR_MS)]
    finer = with_gap if len(with_gap) <= FINER_HOURS_MAX else []
    partly = [s for s in stored if s not in with_gap and 0 < broadcasts.overlap_ms(s, s + HOUR_MS) < HOUR_MS]
    return missing + finer + (partly if len(finer) + len(partly) <= FINER_HOURS_MAX else [])


def _minutes(store: WindowReader, channel_id: str, from_ms: int, until_ms: int) -> list[Row]:
    if from_ms >= until_ms:
        return []
    windows = store.read_windows("minute", channel_id, from_ms, until_ms)
    return [Row(window.end_ms - MINUTE_MS, MINUTE_MS, window.columns) for window in windows]


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return the spans in chronological order, merging adjacent and overlapping ones so that each needs one query."""
    joined: list[Span] = []
    for start_ms, end_ms in sorted(span for span in spans if span[0] < span[1]):
        if joined and start_ms <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_ms)
        else:
            joined.append((start_ms, end_ms))
    return joined


def _minutes_kept_from(now_ms: int) -> int:
    return -(-(now_ms - RETENTION_MS["minute"]) // HOUR_MS) * HOUR_MS
