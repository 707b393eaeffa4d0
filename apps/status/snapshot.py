"""What is known of the whole right now, from where each process leaves it."""

from __future__ import annotations

import logging

import redis
from django.conf import settings

from apps.ingest import channel_list
from apps.metrics.board_reader import read_boards_now
from core.errors import ServiceAway
from core.ops.health import Look
from twitchly.heartbeats import read_signs

log = logging.getLogger(__name__)


def look(now_ms: int) -> Look:
    """Return what is known; while Redis is away that is nothing."""
    try:
        listed, signs = _listed(), read_signs()
        boards = read_boards_now(settings.REDIS_BOARDS_URL, _not_live(listed) if listed else ())
    except (ServiceAway, redis.RedisError) as error:
        log.warning("the status is told without figures: %s", error)
        return Look(now_ms, store_away=True)
    return Look(
        now_ms,
        boards.newest_end_ms,
        boards.coverage,
        boards.channels,
        listed.fetched_ms if listed else None,
        boards.late_dropped,
        tuple(signs),
    )


def _not_live(listed: channel_list.ChannelList) -> frozenset[str]:
    """Return the channels of a snapshot that are offline, blocked or opted out; their windows may still come."""
    return listed.barred | {stream.id for stream in listed.streams.values() if not stream.live}


def _listed() -> channel_list.ChannelList | None:
    with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        return channel_list.read_sync(client)
