"""Data for a watchlist page: the live values and the past hour of each channel."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from apps.dashboard.queries import read_channels
from apps.dashboard.sparkline import line_path
from apps.live.board import BOARD_KEYS
from apps.live.readings import ChannelNow
from apps.live.services import LiveServices
from apps.metrics import many_channels
from apps.metrics.queries import Point, value_of
from apps.metrics.ranges import last_stored
from core.errors import ServiceUnavailable
from core.inputs.choices import read_choice
from core.times import HOUR_MS, MINUTE_MS

log = logging.getLogger(__name__)

DEFAULT_METRIC = "messages"

Lines = dict[str, list[Point]]


@dataclass(frozen=True, slots=True)
class Card:
    """A channel of the list; `channel` is None if it is no longer known. `path` is the sparkline of its past hour."""

    id: str
    channel: ChannelNow | None
    path: str


@dataclass(frozen=True, slots=True)
class Cards:
    """The channels in the list's order. `live_away` and `lines_away` mean that the service is unavailable."""

    cards: list[Card]
    newest_end_ms: int | None
    live_away: bool
    lines_away: bool


def read_metric(query: Mapping[str, str], errors: list[str]) -> str:
    """Return the metric in a query string; a metric without a board is reported in `errors`."""
    return read_choice(query, "metric", BOARD_KEYS, DEFAULT_METRIC, errors)


def read_cards(live: LiveServices, channel_ids: Sequence[str], metric: str, now_ms: int) -> Cards:
    """Return the cards of these channels for one metric."""
    reading = read_channels(live.boards, channel_ids, now_ms)
    paths = read_paths(channel_ids, metric, now_ms)
    channels = reading.channels if reading else {}
    cards = [Card(i, channels.get(i), (paths or {}).get(i, "")) for i in channel_ids]
    return Cards(cards, reading.newest_end_ms if reading else None, live_away=reading is None, lines_away=paths is None)


def read_paths(channel_ids: Sequence[str], metric: str, now_ms: int) -> dict[str, str] | None:
    """Return the sparkline of each channel's past hour, or None while history is unavailable."""
    lines = read_lines(channel_ids, metric, now_ms)
    if lines is None:
        return None
    paths = {}
    for channel_id, points in lines.items():
        values = [(point.end_ms, y) for point in points if (y := value_of(point, metric)) is not None]
        until_ms = last_stored([end_ms for end_ms, _ in values], now_ms)
        paths[channel_id] = line_path(values, until_ms - HOUR_MS, until_ms, MINUTE_MS)
    return paths


def read_lines(channel_ids: Sequence[str], metric: str, now_ms: int) -> Lines | None:
    """Return each channel's known values per minute in the past hour, or None if history is unavailable."""
    if not settings.CASSANDRA_HOSTS:
        return None
    try:
        return many_channels.minute_lines(channel_ids, metric, HOUR_MS, now_ms)
    except ServiceUnavailable as error:
        log.warning("watchlist history not read: %s", error)
        return None
