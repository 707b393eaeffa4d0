"""Data for a shared channel page: its chart and live values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from apps.dashboard.choices import Choice, read_query
from apps.dashboard.models import ShareLink
from apps.dashboard.queries import charted, find_profile, read_series, series_json
from apps.dashboard.sparkline import line_path
from apps.dashboard.summary import Summary, summarize, with_live_value
from apps.live.directory import Profile
from apps.live.live_channels import LiveChannels
from apps.live.readings import ChannelNow
from apps.metrics.chart_ranges import Range
from apps.metrics.queries import Series, value_of
from apps.metrics.spans import span_from_query
from core.errors import NotFound, ServiceUnavailable
from core.metrics.table import METRIC


@dataclass(frozen=True, slots=True)
class SharedChannel:
    """A shared channel. `series` is None without history; `now` is None if it is not live or Redis is unavailable."""

    profile: Profile
    now: ChannelNow | None
    choice: Choice
    chart_range: Range
    series: Series | None
    summary: Summary | None


def fields_of(query: str) -> dict[str, str]:
    """Return the parameters of a query string; of repeated parameters, the last one wins."""
    return {name: str(value) for name, value in QueryDict(query).dict().items()}


def read_view(fields: Mapping[str, str], now_ms: int) -> Choice:
    """Parse the selections of a view. Raises: BadSpan."""
    return replace(read_query(fields), span=span_from_query(fields, now_ms))


def choice_of(link: ShareLink, now_ms: int) -> Choice:
    """Return a link's selections, which were validated before the link was saved."""
    return read_view(fields_of(link.query), now_ms)


def read_shared(channels: LiveChannels, link: ShareLink, now_ms: int) -> SharedChannel:
    """Return the data for a link. Raises: NotFound, ServiceUnavailable."""
    choice = choice_of(link, now_ms)
    channel_id = choice.channel or ""
    now = channel_now(channels, channel_id, now_ms)
    profile = now.profile if now else find_profile(channel_id, now_ms)
    chart_range = choice.chart_range(now_ms)
    series = read_series(channel_id, chart_range, now_ms, charted(choice.charted))
    summary = None
    if series:
        summarized = summarize(series, choice.charted)
        summary = with_live_value(summarized, METRIC[choice.charted], chart_range, now, now_ms)
    return SharedChannel(profile, now, choice, chart_range, series, summary)


def channel_now(channels: LiveChannels, channel_id: str, now_ms: int) -> ChannelNow | None:
    """Return a live channel, or None if it is not live or Redis is unavailable."""
    try:
        return channels.get(now_ms).get(channel_id)
    except ServiceUnavailable:
        return None


def shared_series(channels: LiveChannels, link: ShareLink, now_ms: int) -> dict[str, Any] | None:
    """Return the chart data for a link, or None while history is unavailable. Raises: NotFound."""
    choice, series = _read_series(link, now_ms)
    channel_id = choice.channel or ""
    # Shared pages list no events.
    return series_json(channel_id, series, channel_now(channels, channel_id, now_ms), now_ms, {}) if series else None


def shared_path(link: ShareLink, now_ms: int) -> dict[str, Any] | None:
    """Return the sparkline for a link, or None while history is unavailable. Raises: NotFound."""
    choice, series = _read_series(link, now_ms)
    if series is None:
        return None
    values = [(point.end_ms, value_of(point, choice.charted)) for point in series.points]
    points = [(end_ms, value) for end_ms, value in values if value is not None]
    return {"path": line_path(points, *series.range.bounds(now_ms), series.range.step_ms)}


def _read_series(link: ShareLink, now_ms: int) -> tuple[Choice, Series | None]:
    choice = choice_of(link, now_ms)
    if choice.channel is None:
        raise NotFound("This link has no channel.")
    return choice, read_series(choice.channel, choice.chart_range(now_ms), now_ms, charted(choice.charted))
