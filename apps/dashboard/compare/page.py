"""The lines of a comparison and their summaries."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.dashboard.access import HISTORY_AWAY, LIVE_AWAY
from apps.dashboard.channel.peer_groups import SIZE, PeerGroup, read_peer_groups
from apps.dashboard.compare.comparison import Comparison, compared_ranges, length_of, with_previous
from apps.dashboard.queries import read_channels, read_series, summary_json
from apps.dashboard.summary import Summary, summarize, with_live_value
from apps.live.readings import ChannelNow
from apps.live.services import LiveServices
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chart_ranges import RANGES, Range
from apps.metrics.exports.raw_counts import columns_in, counts_behind
from apps.metrics.queries import Point, Series, value_of, windows_of
from apps.metrics.store import WindowStore
from core.errors import ServiceUnavailable
from core.inputs.timestamps import parse_timestamp
from core.metrics.display import figure
from core.metrics.table import METRIC, Metric
from core.metrics.units import unit_of
from core.times import ms_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of a line.

    `summary` covers the range; the peak of `page_summary` is at least the live value beside it. Both summaries are
    None without a series. `peer_group` is the channel's current peer group.
    """

    metric: Metric
    summary: Summary | None
    page_summary: Summary | None
    peer_group: PeerGroup


@dataclass(frozen=True, slots=True)
class Previous:
    """The windows of a line's previous period, or of the channel's previous stream; `zero_ms` is as in `Line`."""

    zero_ms: int
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Line:
    """One channel of a comparison; `number` is its position in the selection, from 1.

    `zero_ms` is the origin of its time axis: the start of its broadcast, or 0 for clock time; None if no broadcast is
    known. `series` is None if history could not be read or `zero_ms` is unknown. The means cover the range.
    """

    number: int
    channel: ChannelNow
    zero_ms: int | None
    series: Series | None
    measures: tuple[Measure, ...]
    mean_viewers: float | None
    mean_engagement: float | None
    previous: Previous | None = None

    @property
    def summary(self) -> Summary | None:
        """The summary of the first metric. Its range and coverage are the same for all metrics."""
        return self.measures[0].summary


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """All lines. `unknown` are ids without a channel; `live_away` and `history_away` mean that data is unavailable."""

    lines: list[Line]
    unknown: list[str]
    live_away: bool
    history_away: bool

    @property
    def away_reason(self) -> str:
        """The reason why data is unavailable, or ""."""
        if self.live_away:
            return LIVE_AWAY
        return HISTORY_AWAY if self.history_away else ""


def read_lines(live: LiveServices, comparison: Comparison, now_ms: int) -> ComparisonPage:
    """Return the lines of a comparison, in the order of its channels."""
    reading = read_channels(live.boards, comparison.channels, now_ms)
    channels = reading.channels if reading else {}
    known = [channels[channel_id] for channel_id in comparison.channels if channel_id in channels]
    origins = [_origin(channel, comparison) for channel in known]
    known_origins = [origin for origin in origins if origin.zero_ms is not None]
    ranges = compared_ranges(comparison, [origin.zero_ms or 0 for origin in known_origins], now_ms)
    pairs = iter(with_previous(ranges, [origin.shift_ms for origin in known_origins], now_ms))
    lines = [
        _line(live, n, channel, comparison, origin, (None, None) if origin.zero_ms is None else next(pairs), now_ms)
        for n, (channel, origin) in enumerate(zip(known, origins, strict=True), 1)
    ]
    return ComparisonPage(
        lines,
        [channel_id for channel_id in comparison.channels if reading and channel_id not in channels],
        live_away=reading is None,
        history_away=any(line.series is None and line.zero_ms is not None for line in lines),
    )


def compared_range(comparison: Comparison, page: ComparisonPage) -> Range:
    """Return the range of the summaries of a comparison."""
    return next((line.series.range for line in page.lines if line.series), RANGES[comparison.range])


def lines_json(comparison: Comparison, page: ComparisonPage, now_ms: int) -> dict[str, Any]:
    """Return the JSON for the chart script; times are absolute. For stream time, the script subtracts `zero_ms`."""
    return {
        "now_ms": now_ms,
        "choice": comparison.as_json(),
        "span_ms": length_of(comparison),
        "units": {key: unit_of(METRIC[key], compared_range(comparison, page).grain) for key in comparison.metrics},
        "lines": [_line_json(line, comparison) for line in page.lines],
    }


@dataclass(frozen=True, slots=True)
class _Origin:
    """The origin of a line's time axis, and the offset back to its previous line; None if unknown or not shown."""

    zero_ms: int | None
    shift_ms: int | None = None


def _origin(channel: ChannelNow, comparison: Comparison) -> _Origin:
    if comparison.align == "clock":
        return _Origin(0, length_of(comparison) if comparison.has_previous else None)
    starts = _stream_starts(channel, 2 if comparison.has_previous else 1)
    return _Origin(starts[0] if starts else None, starts[0] - starts[1] if len(starts) > 1 else None)


def _stream_starts(channel: ChannelNow, count: int) -> list[int]:
    """Return the start times of the newest streams, including the current one, newest first; fewer if unknown."""
    started = parse_timestamp(channel.profile.started_at)
    current = [] if started is None else [ms_of(started)]
    if len(current) == count or not settings.CASSANDRA_HOSTS:
        return current
    try:
        stored = BroadcastStore(WindowStore()).read(channel.profile.id, count)
    except ServiceUnavailable as error:
        log.warning("last broadcasts not read: %s", error)
        return current
    return [*current, *(broadcast.started_ms for broadcast in stored if broadcast.started_ms not in current)][:count]


def _line(
    live: LiveServices,
    number: int,
    channel: ChannelNow,
    comparison: Comparison,
    origin: _Origin,
    ranges: tuple[Range | None, Range | None],
    now_ms: int,
) -> Line:
    (chart_range, earlier), compared = ranges, [METRIC[key] for key in comparison.metrics]
    series = None
    if chart_range is not None:
        metrics = [METRIC[key] for key in dict.fromkeys((*comparison.metrics, "viewers", "engagement"))]
        counts = columns_in(counts_behind(compared, chart_range.grain))
        series = read_series(channel.profile.id, chart_range, now_ms, metrics, counts)
    return Line(
        number,
        channel,
        origin.zero_ms,
        series,
        tuple(_measure(live, metric, series, channel, now_ms) for metric in compared),
        series.summary.value(METRIC["viewers"]) if series else None,
        series.summary.value(METRIC["engagement"]) if series else None,
        _previous(channel.profile.id, origin, earlier, compared, now_ms) if series and earlier else None,
    )


def _measure(live: LiveServices, metric: Metric, series: Series | None, channel: ChannelNow, now_ms: int) -> Measure:
    summary = summarize(series, metric.key) if series else None
    page_summary = with_live_value(summary, metric, series.range, channel, now_ms) if series and summary else None
    (size,) = read_peer_groups(live.channels, channel.profile.id, metric.key, now_ms, [SIZE])
    return Measure(metric, summary, page_summary, size)


def _previous(
    channel_id: str, origin: _Origin, earlier: Range, metrics: Sequence[Metric], now_ms: int
) -> Previous | None:
    """Return the windows of an earlier range, or None if they could not be read. The page is useful without them."""
    try:
        windows = windows_of(channel_id, earlier, now_ms, metrics)
    except ServiceUnavailable as error:
        log.warning("previous period not read: %s", error)
        return None
    return Previous((origin.zero_ms or 0) - (origin.shift_ms or 0), windows.points)


def _line_json(line: Line, comparison: Comparison) -> dict[str, Any]:
    series, channel, previous = line.series, line.channel, line.previous
    points = series.points if series else []
    return {
        "id": channel.profile.id,
        "name": channel.profile.name,
        "number": line.number,
        "zero_ms": line.zero_ms,
        "step_ms": series.range.step_ms if series else None,
        "viewers": figure("viewers", line.mean_viewers),
        "engagement": figure("engagement", line.mean_engagement),
        "end_ms": [point.end_ms for point in points],
        "coverage": [point.coverage for point in points],
        "metrics": {measure.metric.key: _measure_json(measure, line, comparison) for measure in line.measures},
        "previous": previous
        and {
            "zero_ms": previous.zero_ms,
            "end_ms": [point.end_ms for point in previous.points],
            "values": {key: [value_of(point, key) for point in previous.points] for key in comparison.metrics},
        },
    }


def _measure_json(measure: Measure, line: Line, comparison: Comparison) -> dict[str, Any]:
    """Return a metric's values, their text in the table, and the fields that the script needs to raise its peak."""
    key, series, page_summary = measure.metric.key, line.series, measure.page_summary
    now = figure(key, line.channel.values.get(key), line.channel.coverage_of(key))
    return {
        "values": [value_of(point, key) for point in (series.points if series else ())],
        "average": measure.summary.average if measure.summary else None,
        "now": now if comparison.shows_now else None,
        "summary": summary_json(page_summary, measure.metric, series.range) if series and page_summary else None,
    }
