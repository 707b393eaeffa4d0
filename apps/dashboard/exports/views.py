"""Export views: windows and events of charts, and the tables of pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache

from apps.accounts.queries import user_of
from apps.dashboard.access import (
    HISTORY_AWAY,
    LIVE_AWAY,
    handle_channel_errors,
    json_error,
    login_required_json,
)
from apps.dashboard.channel.streams import StreamList, read_streams
from apps.dashboard.choices import parse_range, read_query
from apps.dashboard.compare.comparison import query_fields, read_comparison
from apps.dashboard.compare.page import compared_range, read_lines
from apps.dashboard.exports.files import file_of, require_safe_file, stamp, table_file
from apps.dashboard.exports.tables import (
    CHANNEL_COLUMNS,
    STREAM_COLUMNS,
    board_columns,
    board_rows,
    channel_row,
    hour_columns,
    hour_rows,
    line_columns,
    line_rows,
    stream_rows,
    summary_columns,
    summary_row,
    unknown_channel,
)
from apps.dashboard.exports.wide import wide_columns, wide_rows
from apps.dashboard.queries import find_profile, read_channels, read_events, read_live, read_series
from apps.dashboard.watchlists.page import read_lines as read_hour
from apps.dashboard.watchlists.views import metric_of
from apps.live.directory import Profile
from apps.live.services import services_of
from apps.metrics import queries as history
from apps.metrics.chart_ranges import Range
from apps.metrics.event_marks import EventMark
from apps.metrics.exports.formats import Format
from apps.metrics.exports.intervals import INTERVALS, Interval, non_overlapping
from apps.metrics.exports.raw_counts import columns_in, counts_of
from apps.metrics.exports.series import EVENT_COLUMNS, Rows, chunks, event_rows, in_grain, point_columns, point_rows
from apps.metrics.queries import Series
from apps.metrics.spans import BadSpan
from apps.workspaces.queries import channels_of, find_watchlist
from core.errors import NotFound, ServiceUnavailable
from core.inputs.choices import unknown_choice
from core.metrics.columns import STORED_GRAINS
from twitchly.clock import now_ms

# More channels than any instance tracks.
ROWS_MAX = 100_000


@require_safe_file
@never_cache
@login_required_json
@handle_channel_errors
def channel_file(request: HttpRequest, channel_id: str, what: str, form: Format) -> HttpResponseBase:
    """Stream a channel's windows or events as a file.

    Query: `range`, or `from` and `until`; optionally `interval`, or the `grain` of non-overlapping windows. The default
    is the grain of the chart.
    """
    now = now_ms()
    chart_range, interval = _range_and_interval(request, now)
    profile = find_profile(channel_id, now)
    stem = _stem(profile, chart_range, now)
    if what == "events":
        batches = read_events(channel_id, chart_range, now)
        if batches is None:
            return json_error(HISTORY_AWAY, 503)
        return file_of(form, EVENT_COLUMNS, _read_events(batches), f"{stem}-events")
    counts = columns_in(counts_of(interval.grain))
    first, *rest = chunks(chart_range, now)
    series = read_series(channel_id, first, now, counts=counts)
    if series is None:
        return json_error(HISTORY_AWAY, 503)
    rows = _read_windows(channel_id, series, rest, interval, now)
    return file_of(form, point_columns(interval), rows, f"{stem}-{chart_range.grain}")


@require_safe_file
@never_cache
@login_required_json
@handle_channel_errors
def streams_file(_request: HttpRequest, channel_id: str, form: Format) -> HttpResponseBase:
    """Export all summarized broadcasts of a channel, newest first."""
    now = now_ms()
    profile, newest = find_profile(channel_id, now), read_streams(channel_id)
    if newest is None:
        return json_error(HISTORY_AWAY, 503)
    stem = f"twitchly-{profile.login or profile.id}-streams-{stamp(now)}"
    return file_of(form, STREAM_COLUMNS, _read_older(newest, channel_id), stem)


@require_safe_file
@never_cache
@login_required_json
def board_file(request: HttpRequest, form: Format) -> HttpResponseBase:
    """Export all ranked channels of the current board, with the metric and filters of the page."""
    choice, now = read_query(request.GET.dict()), now_ms()
    if choice.errors:
        return json_error(" ".join(choice.errors), 400)
    board = replace(choice.board, size=ROWS_MAX)
    reading, _ = read_live(services_of(request).boards, replace(choice, board=board), now)
    if reading is None:
        return json_error(LIVE_AWAY, 503)
    rows = board_rows(board.metric, reading.rows[board])
    name = board.key.replace(":", "-")
    return table_file(form, board_columns(board), [rows], f"twitchly-{name}-{stamp(now)}")


@require_safe_file
@never_cache
@login_required_json
def comparison_file(request: HttpRequest, what: str, form: Format) -> HttpResponseBase:
    """Export the lines of a comparison, in long or wide form, or the table below its chart."""
    now = now_ms()
    try:
        comparison = read_comparison(query_fields(request.GET), now)
    except BadSpan as error:
        return json_error(str(error), 400)
    if comparison.errors:
        return json_error(" ".join(comparison.errors), 400)
    page = read_lines(services_of(request), comparison, now)
    if page.away_reason:
        return json_error(page.away_reason, 503)
    stem = f"twitchly-compare-{'-'.join(comparison.metrics)}-{what}-{stamp(now)}"
    chart_range = compared_range(comparison, page)
    grain = chart_range.grain
    if what == "lines":
        return table_file(form, line_columns(comparison, grain), line_rows(comparison, grain, page.lines), stem)
    if what == "wide":
        rows = wide_rows(comparison, grain, page.lines)
        return table_file(form, wide_columns(comparison, grain, page.lines), [rows], stem)
    columns = summary_columns(comparison, chart_range)
    return table_file(form, columns, [[summary_row(comparison, line) for line in page.lines]], stem)


@require_safe_file
@never_cache
@login_required
def watchlist_file(request: HttpRequest, watchlist_id: int, what: str, form: Format) -> HttpResponseBase:
    """Export the live values of a watchlist's channels, or one metric of their past hour, in the list's order."""
    now, (metric, errors) = now_ms(), metric_of(request)
    if errors:
        return json_error(" ".join(errors), 400)
    try:
        channel_ids = channels_of(find_watchlist(user_of(request), watchlist_id))
    except NotFound as error:
        raise Http404(str(error)) from None
    reading = read_channels(services_of(request).boards, channel_ids, now)
    if reading is None:
        return json_error(LIVE_AWAY, 503)
    channels, stem = reading.channels, f"twitchly-watchlist-{watchlist_id}-{what}-{stamp(now)}"
    if what == "now":
        rows = [channel_row(channels.get(channel_id) or unknown_channel(channel_id)) for channel_id in channel_ids]
        return table_file(form, CHANNEL_COLUMNS, [rows], stem)
    hour = read_hour(channel_ids, metric, now)
    if hour is None:
        return json_error(HISTORY_AWAY, 503)
    return table_file(form, hour_columns(metric), hour_rows(metric, channel_ids, channels, hour), stem)


def _range_and_interval(request: HttpRequest, now: int) -> tuple[Range, Interval]:
    """Return the range to read and the interval of its windows. Raises: BadSpan."""
    chart_range = parse_range(request.GET.dict(), now)
    interval = _interval(request.GET.get("interval", ""), request.GET.get("grain", "")) or non_overlapping(
        chart_range.grain
    )
    adjusted = in_grain(chart_range, interval.grain, now)
    if adjusted is None:
        raise BadSpan(
            "Windows of this length are not stored for the whole range. Choose a longer interval or a shorter range."
        )
    return adjusted, interval


def _interval(key: str, grain: str) -> Interval | None:
    if key:
        if key not in INTERVALS:
            raise BadSpan(unknown_choice("interval", key, INTERVALS))
        return INTERVALS[key]
    if not grain:
        return None
    known = next((stored for stored in STORED_GRAINS if stored == grain), None)
    if known is None:
        raise BadSpan(unknown_choice("grain", grain, STORED_GRAINS))
    return non_overlapping(known)


async def _read_windows(
    channel_id: str, first: Series, rest: Sequence[Range], interval: Interval, now_ms: int
) -> AsyncIterator[Rows]:
    """Yield the rows of each piece. A history error aborts the response, so that the client notices the truncation."""
    yield point_rows(first, interval)
    counts = columns_in(counts_of(interval.grain))
    for piece in rest:
        yield point_rows(await sync_to_async(history.series)(channel_id, piece, now_ms, counts=counts), interval)


async def _read_events(batches: Iterator[Sequence[EventMark]]) -> AsyncIterator[Rows]:
    """Yield the rows of each batch. A history error aborts the response."""
    while (batch := await sync_to_async(lambda: next(batches, None))()) is not None:
        yield event_rows(batch)


async def _read_older(page: StreamList, channel_id: str) -> AsyncIterator[Rows]:
    """Yield the rows of each page of broadcasts. A history error aborts the response."""
    yield stream_rows(page.broadcasts)
    while page.before_ms is not None:
        older = await sync_to_async(read_streams)(channel_id, page.before_ms)
        if older is None:
            raise ServiceUnavailable("older broadcasts could not be read")
        page = older
        yield stream_rows(page.broadcasts)


def _stem(profile: Profile, chart_range: Range, now: int) -> str:
    from_ms, until_ms = chart_range.bounds(now)
    return f"twitchly-{profile.login or profile.id}-{stamp(from_ms)}-{stamp(until_ms)}"
