"""Ended broadcasts of a channel, prepared for its pages."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.dashboard.channel.stream_chart import StreamChart, read_chart
from apps.dashboard.choices import Choice
from apps.dashboard.templatetags.figures import watched
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.spans import Span
from apps.metrics.store import WindowStore
from core.errors import NotFound, ServiceUnavailable
from core.metrics.baselines import PREVIOUS, Baseline, baselines
from core.metrics.broadcasts import Broadcast
from core.metrics.display import at_least, duration, figure, percent
from core.times import HOUR_MS, MINUTE_MS

PAGE_SIZE = 8
# The time that the chart shows before and after a moment.
AROUND_MS = 10 * MINUTE_MS

# Size of the bar chart of chatters per hour.
PLOT_WIDTH, PLOT_HEIGHT, LABEL_HEIGHT, BAR_MAX = 720, 150, 22, 64
LABELS_MAX = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamList:
    """A page of broadcasts, newest first; `before_ms` is the cursor of the next page, or None on the last page."""

    broadcasts: list[Broadcast]
    before_ms: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A peak of excitement, and the URL of the chart around it."""

    at_ms: int
    excitement: float
    href: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The chatters of one clock hour, with the position of its bar."""

    until_ms: int
    chatters: int
    x: float
    y: float
    width: float
    height: float

    @property
    def from_ms(self) -> int:
        """The start of the hour."""
        return self.until_ms - HOUR_MS

    @property
    def middle(self) -> float:
        """The x coordinate of its labels: hour below, count above."""
        return round(self.x + self.width / 2, 1)

    @property
    def label_y(self) -> float:
        """The baseline of its count label."""
        return round(self.y - 6, 1)


@dataclass(frozen=True, slots=True)
class StreamPage:
    """A broadcast with its neighbors, comparison, moments and bars.

    `query` is the query string of the channel's chart for the time of the broadcast. `chart` is None while Cassandra is
    unavailable.
    """

    broadcast: Broadcast
    earlier: Broadcast | None
    later: Broadcast | None
    baselines: Mapping[str, Baseline]
    moments: list[Moment]
    bars: list[Bar]
    query: str
    chart: StreamChart | None

    @property
    def label_every(self) -> int:
        """The step between bars that are labeled with their hour."""
        return -(-len(self.bars) // LABELS_MAX)


def read_streams(channel_id: str, before_ms: int | None = None) -> StreamList | None:
    """Return the newest broadcasts, or those before `before_ms`. Return None if history is unavailable."""
    if not settings.CASSANDRA_HOSTS:
        return None
    try:
        broadcasts = BroadcastStore(WindowStore()).read(channel_id, PAGE_SIZE + 1, before_ms)
    except ServiceUnavailable as error:
        log.warning("broadcasts not read: %s", error)
        return None
    page = broadcasts[:PAGE_SIZE]
    return StreamList(page, page[-1].started_ms if len(broadcasts) > PAGE_SIZE else None)


def read_stream(channel_id: str, started_ms: int, now_ms: int) -> StreamPage:
    """Return the page data for a broadcast. Raises: NotFound, ServiceUnavailable."""
    if not settings.CASSANDRA_HOSTS:
        raise ServiceUnavailable("history is not configured")
    store = BroadcastStore(WindowStore())
    broadcast = store.find(channel_id, started_ms)
    if broadcast is None:
        raise NotFound("No finished stream of this channel started at that time.")
    previous = store.read(channel_id, PREVIOUS, started_ms)
    return page_of(broadcast, previous, store.after(broadcast), read_chart(broadcast, now_ms))


def page_of(
    broadcast: Broadcast, previous: Sequence[Broadcast], later: Broadcast | None, chart: StreamChart | None
) -> StreamPage:
    """Build the page data for a broadcast; `previous` contains the last ones before it, newest first."""
    channel_id, span = broadcast.channel_id, Span(broadcast.started_ms, broadcast.ended_ms)
    return StreamPage(
        broadcast,
        previous[0] if previous else None,
        later,
        baselines(broadcast, previous),
        [
            Moment(at_ms, value, _chart_url(channel_id, Span(at_ms - AROUND_MS, at_ms + AROUND_MS)))
            for at_ms, value in sorted(broadcast.moments.items(), key=lambda moment: -moment[1])
        ],
        bars_of(broadcast.chatters_by_hour),
        Choice(channel=channel_id, span=span).query().removeprefix("?"),
        chart,
    )


def bars_of(chatters: Mapping[int, int]) -> list[Bar]:
    """Return the bars of chatters per hour, in chronological order. Hours without data leave a space between bars."""
    if not chatters:
        return []
    first_ms, last_ms, maximum = min(chatters), max(chatters), max(max(chatters.values()), 1)
    slot_width = PLOT_WIDTH / ((last_ms - first_ms) // HOUR_MS + 1)
    width = min(slot_width * 0.62, BAR_MAX)
    return [
        _bar(
            until_ms, count, ((until_ms - first_ms) // HOUR_MS + 0.5) * slot_width, width, PLOT_HEIGHT * count / maximum
        )
        for until_ms, count in sorted(chatters.items())
    ]


def _bar(until_ms: int, count: int, middle: float, width: float, height: float) -> Bar:
    top = LABEL_HEIGHT + PLOT_HEIGHT - height
    return Bar(until_ms, count, round(middle - width / 2, 1), round(top, 1), round(width, 1), round(height, 1))


def stream_texts(broadcast: Broadcast) -> dict[str, str]:
    """Return the cells of a list row, by field."""
    return {
        "length": duration(broadcast.ended_ms - broadcast.started_ms),
        "peak": at_least("viewers", broadcast.peak_viewers, broadcast.lower_bounds.viewers),
        "mean": figure("viewers", broadcast.mean_viewers),
        "watched": watched(broadcast),
        "messages": at_least("messages", broadcast.heard_messages, broadcast.lower_bounds.chat),
        "coverage": f"{percent(broadcast.coverage)}%",
    }


def stream_json(broadcast: Broadcast) -> dict[str, Any]:
    """Return the JSON for a list row."""
    return {
        "href": reverse("channel-stream", args=[broadcast.channel_id, broadcast.started_ms]),
        "started_ms": broadcast.started_ms,
        "texts": stream_texts(broadcast),
    }


def streams_json(channel_id: str, page: StreamList) -> dict[str, Any]:
    """Return the JSON for a page of the list."""
    rows = [stream_json(broadcast) for broadcast in page.broadcasts]
    return {"channel": channel_id, "streams": rows, "before_ms": page.before_ms}


def _chart_url(channel_id: str, span: Span) -> str:
    return reverse("board") + Choice(channel=channel_id, metric="chatters", span=span).query()
