"""Queries for the pages: boards, live channels and history."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings

from apps.channels.languages import language_name
from apps.dashboard.choices import Choice
from apps.dashboard.summary import Summary, has_live_peak, peak_name, summarize, with_live_value
from apps.dashboard.templatetags.figures import heard, peak
from apps.dashboard.timeline import marks_json
from apps.live.board import Board
from apps.live.directory import Directory, Profile
from apps.live.display import ReadingDisplay, reading_display
from apps.live.readings import ChannelNow, LiveBoards, Reading, Row
from apps.live.services import LiveServices
from apps.metrics import queries as history
from apps.metrics.chart_ranges import Range
from apps.metrics.event_history import stored_events
from apps.metrics.event_marks import EventMark
from apps.metrics.gaps import GapSpan
from apps.metrics.queries import Series, peak_unit, value_of
from core.channels.account import is_twitch_id
from core.errors import NotFound, ServiceUnavailable
from core.metrics.display import duration, figure, percent
from core.metrics.table import METRIC, METRICS, Metric
from core.metrics.units import LENGTHS, average_unit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """The options of a board's filters: categories, and languages as (Twitch code, name)."""

    categories: list[str]
    languages: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The data of the board page. `board_away` and `chart_away` mean that the data is unavailable."""

    choice: Choice
    chart_range: Range
    now_ms: int
    newest_end_ms: int | None
    viewers_at_ms: int | None
    display: ReadingDisplay
    rows: list[Row]
    channel: ChannelNow | None
    series: Series | None
    filter_options: FilterOptions
    board_away: bool
    chart_away: bool


def read_board_page(live: LiveServices, choice: Choice, now_ms: int) -> BoardPage:
    """Return the page's data. Without a selected channel, the page shows the first channel on the board.

    Raises: NotFound for a channel that does not exist.
    """
    reading, filter_options = read_live(live.boards, choice, now_ms)
    channel = find_channel(choice, reading, now_ms)
    chart_range = choice.chart_range(now_ms)
    series = read_series(channel.profile.id, chart_range, now_ms, charted(choice.charted)) if channel else None
    viewers_at_ms, late_dropped = (reading.viewers_at_ms, reading.late_dropped) if reading else (None, None)
    return BoardPage(
        choice,
        chart_range,
        now_ms,
        reading.newest_end_ms if reading else None,
        viewers_at_ms,
        reading_display(viewers_at_ms, late_dropped, now_ms),
        reading.rows[choice.board] if reading else [],
        channel,
        series,
        filter_options,
        board_away=reading is None,
        chart_away=channel is not None and series is None,
    )


def read_live(boards: LiveBoards, choice: Choice, now_ms: int) -> tuple[Reading | None, FilterOptions]:
    """Return the live board (None while Redis is unavailable) and the options of its filters."""
    try:
        return async_to_sync(_read_live)(boards, choice, now_ms)
    except ServiceUnavailable as error:
        log.warning("board not read: %s", error)
        return None, _filter_options(choice.board, [], [])


async def _read_live(boards: LiveBoards, choice: Choice, now_ms: int) -> tuple[Reading, FilterOptions]:
    reading = await boards.read([choice.board], [choice.channel] if choice.channel else [], now_ms)
    rows = reading.rows[choice.board]
    if not choice.channel and rows:
        reading = await boards.read([choice.board], [rows[0].id], now_ms)
    directory = boards.directory
    return reading, _filter_options(choice.board, directory.categories(), directory.languages())


def read_channels(boards: LiveBoards, channel_ids: Collection[str], now_ms: int) -> Reading | None:
    """Return the live values of the known channels with these ids, or None while Redis is unavailable."""
    try:
        return async_to_sync(boards.read)((), channel_ids, now_ms)
    except ServiceUnavailable as error:
        log.warning("live channels not read: %s", error)
        return None


def _filter_options(board: Board, categories: list[str], languages: list[tuple[str, str]]) -> FilterOptions:
    """Return the options, including selected ones that no live channel has."""
    if board.category and board.category not in categories:
        categories = [board.category, *categories]
    if board.language and board.language not in dict(languages):
        languages = [(board.language, language_name(board.language)), *languages]
    return FilterOptions(categories, languages)


def find_channel(choice: Choice, reading: Reading | None, now_ms: int) -> ChannelNow | None:
    """Return the selected channel, or else the first one on the board, or None if unavailable. Raises: NotFound."""
    if choice.channel is None:
        return next(iter(reading.channels.values()), None) if reading else None
    if reading and choice.channel in reading.channels:
        return reading.channels[choice.channel]
    try:
        return ChannelNow(find_profile(choice.channel, now_ms), None, 0.0, {}, {}, {})
    except ServiceUnavailable:
        return None


def find_profile(channel_id: str, now_ms: int) -> Profile:
    """Return the profile of a live or known channel.

    Raises: NotFound; ServiceUnavailable if it is not in the database and Redis is unavailable.
    """
    return async_to_sync(_find_profile)(channel_id, now_ms)


async def _find_profile(channel_id: str, now_ms: int) -> Profile:
    directory = Directory(settings.REDIS_STREAMS_URL)
    try:
        profiles = await directory.find([channel_id], now_ms) if is_twitch_id(channel_id) else {}
    finally:
        await directory.aclose()
    if channel_id in profiles:
        return profiles[channel_id]
    if directory.is_unsure:
        raise ServiceUnavailable(f"cannot read from Redis whether channel {channel_id} is live")
    raise NotFound(f"No channel has the ID {channel_id[:20]}.")


def charted(metric: str) -> tuple[Metric, ...]:
    """Return the metrics of a chart: the given one, with viewers as an overlay."""
    return tuple(METRIC[key] for key in dict.fromkeys((metric, "viewers")))


def read_series(
    channel_id: str,
    chart_range: Range,
    now_ms: int,
    metrics: Sequence[Metric] = METRICS,
    counts: Collection[str] = (),
) -> Series | None:
    """Return these metrics and raw columns of a channel, or None if Cassandra is unavailable or not configured."""
    if not settings.CASSANDRA_HOSTS:
        return None
    try:
        return history.series(channel_id, chart_range, now_ms, metrics, counts)
    except ServiceUnavailable as error:
        log.warning("chart history not read: %s", error)
        return None


def read_events(channel_id: str, chart_range: Range, now_ms: int) -> Iterator[list[EventMark]] | None:
    """Return a channel's events in batches, the first one already read, or None in the same cases as `read_series`."""
    if not settings.CASSANDRA_HOSTS:
        return None
    batches = stored_events(channel_id, *chart_range.event_bounds(now_ms), now_ms)
    try:
        return chain([next(batches)], batches)
    except ServiceUnavailable as error:
        log.warning("events not read: %s", error)
        return None


def range_json(chart_range: Range) -> dict[str, Any]:
    """Return the JSON for a range; `length` is the length of its windows."""
    return {
        "key": chart_range.key,
        "label": chart_range.label,
        "span_ms": chart_range.span_ms,
        "step_ms": chart_range.step_ms,
        "merge_ms": chart_range.merge_ms,
        "until_ms": chart_range.until_ms,
        "length": LENGTHS[chart_range.grain],
    }


def summary_json(summary: Summary, metric: Metric, chart_range: Range) -> dict[str, Any]:
    """Return a metric's text for tiles and the data-quality panel.

    It includes the fields that scripts need to update the peak when a live value exceeds it.
    """
    return {
        "peak": peak(metric.key, summary),
        "peak_value": summary.peak,
        "peak_name": peak_name(metric, chart_range),
        "has_live_peak": has_live_peak(metric, chart_range),
        "peak_ms": summary.peak_ms,
        "peak_note": summary.peak_note,
        "peak_unit": peak_unit(metric, chart_range),
        "average": figure(metric.key, summary.average),
        "average_unit": average_unit(metric),
        "coverage": percent(summary.coverage),
        "coverage_on_air": percent(summary.coverage_on_air),
        "heard": heard(summary),
        "is_lower_bound": summary.lower_bound,
    }


def gap_json(gap: GapSpan) -> dict[str, Any]:
    """Return a gap with its length as text."""
    length = duration(gap.until_ms - gap.from_ms)
    return {"from_ms": gap.from_ms, "until_ms": gap.until_ms, "reason": gap.reason, "length": length}


def series_json(
    channel_id: str, series: Series, now: ChannelNow | None, now_ms: int, effects: Mapping[str, str]
) -> dict[str, Any]:
    """Return the history as columns for the chart script, with null where a metric has no data.

    The peaks match the page's tiles: the peak of a range up to now is at least the live value in `now`, unless it is a
    per-minute peak (see `with_live_value`).
    """
    shown = series.range
    return {
        "channel": channel_id,
        "range": range_json(shown),
        "now_ms": now_ms,
        "end_ms": [point.end_ms for point in series.points],
        "coverage": [point.coverage for point in series.points],
        "values": {metric.key: [value_of(point, metric.key) for point in series.points] for metric in series.metrics},
        "gaps": [gap_json(gap) for gap in series.gaps],
        "summary": {
            metric.key: summary_json(
                with_live_value(summarize(series, metric.key), metric, shown, now, now_ms), metric, shown
            )
            for metric in series.metrics
        },
        **marks_json(series, now_ms),
        "effects": effects,
    }
