"""A channel's broadcasts that have ended, as its pages show them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.dashboard.choices import Choice
from apps.dashboard.templatetags.figures import watched
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.spans import Span
from apps.metrics.store import WindowStore
from core.errors import NotFound, ServiceAway
from core.metrics.broadcasts import Broadcast
from core.times import HOUR_MS, MINUTE_MS

PAGE_SIZE = 8
# What the chart shows around a moment, on either side.
AROUND_MS = 10 * MINUTE_MS

# The bars of chatters by hour, in a picture of this size.
PLOT_WIDTH, PLOT_HEIGHT, LABEL_HEIGHT, BAR_MAX = 720, 150, 22, 64
LABELS_MAX = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamList:
    """Some of a channel's broadcasts, newest first; `before_ms` asks for older ones, None where there are none."""

    broadcasts: list[Broadcast]
    before_ms: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the greatest excitements, and the address of the chart around it."""

    at_ms: int
    excitement: float
    href: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The chatters of one clock hour: until when it lasts, and its place in the picture."""

    until_ms: int
    chatters: int
    x: float
    y: float
    width: float
    height: float

    @property
    def from_ms(self) -> int:
        """When the hour began."""
        return self.until_ms - HOUR_MS

    @property
    def middle(self) -> float:
        """Where its labels stand: its hour below, its count above."""
        return round(self.x + self.width / 2, 1)

    @property
    def label_y(self) -> float:
        """The base line of its count."""
        return round(self.y - 6, 1)


@dataclass(frozen=True, slots=True)
class StreamPage:
    """A broadcast with those beside it and what of it is drawn; `chart` is the address of the channel's chart then."""

    broadcast: Broadcast
    earlier: Broadcast | None
    later: Broadcast | None
    moments: list[Moment]
    bars: list[Bar]
    chart: str

    @property
    def label_every(self) -> int:
        """Of how many bars one is labelled with its hour."""
        return -(-len(self.bars) // LABELS_MAX)


def read_streams(channel_id: str, before_ms: int | None = None) -> StreamList | None:
    """Return the broadcasts that began before a moment, or the newest; None while history is away or not set up."""
    if not settings.CASSANDRA_HOSTS:
        return None
    try:
        found = BroadcastStore(WindowStore()).read(channel_id, PAGE_SIZE + 1, before_ms)
    except ServiceAway as error:
        log.warning("a channel is shown without its broadcasts: %s", error)
        return None
    shown = found[:PAGE_SIZE]
    return StreamList(shown, shown[-1].started_ms if len(found) > PAGE_SIZE else None)


def read_stream(channel_id: str, started_ms: int) -> StreamPage:
    """Return a broadcast and what its page shows. Raises: NotFound, ServiceAway."""
    if not settings.CASSANDRA_HOSTS:
        raise ServiceAway("history is not set up")
    store = BroadcastStore(WindowStore())
    broadcast = store.find(channel_id, started_ms)
    if broadcast is None:
        raise NotFound("There is no broadcast of this channel that began then and has ended.")
    return page_of(broadcast, next(iter(store.read(channel_id, 1, started_ms)), None), store.after(broadcast))


def page_of(broadcast: Broadcast, earlier: Broadcast | None, later: Broadcast | None) -> StreamPage:
    """Return what the page of a broadcast shows."""
    channel_id, whole = broadcast.channel_id, Span(broadcast.started_ms, broadcast.ended_ms)
    return StreamPage(
        broadcast,
        earlier,
        later,
        [
            Moment(at_ms, value, _chart(channel_id, Span(at_ms - AROUND_MS, at_ms + AROUND_MS)))
            for at_ms, value in sorted(broadcast.moments.items(), key=lambda moment: -moment[1])
        ],
        bars_of(broadcast.chatters_by_hour),
        _chart(channel_id, whole),
    )


def bars_of(chatters: Mapping[int, int]) -> list[Bar]:
    """Return the bars of chatters by hour, by time: an hour that nobody counted leaves its place empty."""
    if not chatters:
        return []
    first_ms, last_ms, most = min(chatters), max(chatters), max(max(chatters.values()), 1)
    room = PLOT_WIDTH / ((last_ms - first_ms) // HOUR_MS + 1)
    width = min(room * 0.62, BAR_MAX)
    return [
        _bar(until_ms, count, ((until_ms - first_ms) // HOUR_MS + 0.5) * room, width, PLOT_HEIGHT * count / most)
        for until_ms, count in sorted(chatters.items())
    ]


def _bar(until_ms: int, count: int, middle: float, width: float, height: float) -> Bar:
    top = LABEL_HEIGHT + PLOT_HEIGHT - height
    return Bar(until_ms, count, round(middle - width / 2, 1), round(top, 1), round(width, 1), round(height, 1))


def stream_json(broadcast: Broadcast) -> dict[str, Any]:
    """Return a broadcast as a row of the list needs it."""
    return {
        "href": reverse("channel-stream", args=[broadcast.channel_id, broadcast.started_ms]),
        "started_ms": broadcast.started_ms,
        "ended_ms": broadcast.ended_ms,
        "peak_viewers": broadcast.peak_viewers,
        "mean_viewers": broadcast.mean_viewers,
        "watched": watched(broadcast),
        "messages": broadcast.messages,
        "coverage": broadcast.coverage,
    }


def streams_json(channel_id: str, found: StreamList) -> dict[str, Any]:
    """Return a part of the list as the script takes it."""
    rows = [stream_json(broadcast) for broadcast in found.broadcasts]
    return {"channel": channel_id, "streams": rows, "before_ms": found.before_ms}


def _chart(channel_id: str, span: Span) -> str:
    return reverse("board") + Choice(channel=channel_id, metric="chatters", span=span).query()
