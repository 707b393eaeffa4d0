"""The lines of a comparison and their summaries."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.dashboard.access import HISTORY_AWAY, LIVE_AWAY
from apps.dashboard.channel.peer_groups import SIZE, PeerGroup, read_peer_groups
from apps.dashboard.compare.comparison import Comparison, compared_ranges, length_of
from apps.dashboard.queries import read_channels, read_series, summary_json
from apps.dashboard.summary import Summary, summarize, with_live_value
from apps.live.readings import ChannelNow
from apps.live.services import LiveServices
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chart_ranges import RANGES, Range
from apps.metrics.exports.raw_counts import columns_in, counts_behind
from apps.metrics.queries import Series, value_of
from apps.metrics.store import WindowStore
from core.errors import ServiceUnavailable
from core.inputs.timestamps import parse_timestamp
from core.metrics.display import figure
from core.metrics.table import METRIC
from core.metrics.units import unit_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One channel of a comparison; `number` is its position in the selection, from 1.

    `zero_ms` is the origin of its time axis: the start of its broadcast, or 0 for clock time; None if no broadcast is
    known. `series` is None if history could not be read or `zero_ms` is unknown. `summary` and the means cover the
    range; the peak of `page_summary` is at least the live value beside it. `peer_group` is current.
    """

    number: int
    channel: ChannelNow
    zero_ms: int | None
    series: Series | None
    summary: Summary | None
    page_summary: Summary | None
    mean_viewers: float | None
    mean_engagement: float | None
    peer_group: PeerGroup


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """All lines. `unknown` are ids without a channel; `live_away`, `history_away`: the data is unavailable."""

    lines: list[Line]
    unknown: list[str]
    live_away: bool
    history_away: bool

    @property
    def away_reason(self) -> str:
        """The reason that the data is unavailable, or ""."""
        if self.live_away:
            return LIVE_AWAY
        return HISTORY_AWAY if self.history_away else ""


def read_lines(live: LiveServices, comparison: Comparison, now_ms: int) -> ComparisonPage:
    """Return the lines of a comparison, in its order."""
    reading = read_channels(live.boards, comparison.channels, now_ms)
    channels = reading.channels if reading else {}
    known = [channels[channel_id] for channel_id in comparison.channels if channel_id in channels]
    zeros_ms = [_stream_start(channel) if comparison.align == "stream" else 0 for channel in known]
    ranges = iter(compared_ranges(comparison, [zero_ms for zero_ms in zeros_ms if zero_ms is not None], now_ms))
    lines = [
        _line(live, n, channel, comparison, zero_ms, None if zero_ms is None else next(ranges), now_ms)
        for n, (channel, zero_ms) in enumerate(zip(known, zeros_ms, strict=True), 1)
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
    """Return the JSON for the chart script; times are absolute, by stream time the script subtracts `zero_ms`."""
    return {
        "now_ms": now_ms,
        "choice": comparison.as_json(),
        "span_ms": length_of(comparison),
        "unit": unit_of(METRIC[comparison.metric], compared_range(comparison, page).grain),
        "lines": [_line_json(line, comparison) for line in page.lines],
    }


def _line(
    live: LiveServices,
    number: int,
    channel: ChannelNow,
    comparison: Comparison,
    zero_ms: int | None,
    chart_range: Range | None,
    now_ms: int,
) -> Line:
    metric, series, summary, page_summary = METRIC[comparison.metric], None, None, None
    if chart_range is not None:
        metrics = [METRIC[key] for key in {comparison.metric, "viewers", "engagement"}]
        counts = columns_in(counts_behind([metric], chart_range.grain))
        series = read_series(channel.profile.id, chart_range, now_ms, metrics, counts)
    if series is not None:
        summary = summarize(series, metric.key)
        page_summary = with_live_value(summary, metric, series.range, channel, now_ms)
    groups = read_peer_groups(live.channels, channel.profile.id, metric.key, now_ms)
    return Line(
        number,
        channel,
        zero_ms,
        series,
        summary,
        page_summary,
        series.summary.value(METRIC["viewers"]) if series else None,
        series.summary.value(METRIC["engagement"]) if series else None,
        next(group for group in groups if group.key == SIZE),
    )


def _stream_start(channel: ChannelNow) -> int | None:
    """Return the start of the current broadcast, or else of the last one; None if neither is known."""
    if (started := parse_timestamp(channel.profile.started_at)) is not None:
        return round(started.timestamp() * 1000)
    if not settings.CASSANDRA_HOSTS:
        return None
    try:
        last = BroadcastStore(WindowStore()).read(channel.profile.id, 1)
    except ServiceUnavailable as error:
        log.warning("last broadcast not read: %s", error)
        return None
    return last[0].started_ms if last else None


def _texts(line: Line, metric: str) -> dict[str, Any] | None:
    """Return the table cells of a line as display text, and the fields that the script needs to raise its peak."""
    if line.series is None or line.page_summary is None:
        return None
    means = {"viewers": figure("viewers", line.mean_viewers), "engagement": figure("engagement", line.mean_engagement)}
    return summary_json(line.page_summary, METRIC[metric], line.series.range) | means


def _line_json(line: Line, comparison: Comparison) -> dict[str, Any]:
    metric, series, channel = comparison.metric, line.series, line.channel
    profile, now = channel.profile, figure(metric, channel.values.get(metric), channel.coverage_of(metric))
    points = series.points if series else []
    return {
        "id": profile.id,
        "name": profile.name,
        "number": line.number,
        "zero_ms": line.zero_ms,
        "step_ms": series.range.step_ms if series else None,
        "average": line.summary.average if line.summary else None,
        "now": now if comparison.shows_now else None,
        "summary": _texts(line, metric),
        "end_ms": [point.end_ms for point in points],
        "values": [value_of(point, metric) for point in points],
        "coverage": [point.coverage for point in points],
        "gaps": [{"from_ms": gap.from_ms, "until_ms": gap.until_ms} for gap in (series.gaps if series else ())],
    }
