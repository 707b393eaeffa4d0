"""Health snapshot of the instance, read from Redis: channel list, heartbeats and boards."""

from __future__ import annotations

import logging

import redis
from django.conf import settings

from apps.ingest import channel_list
from apps.metrics.board_reader import read_boards_summary
from core.errors import ServiceUnavailable
from core.ops.health import HealthSnapshot
from twitchly.heartbeats import read_heartbeats

log = logging.getLogger(__name__)


def take_snapshot(now_ms: int) -> HealthSnapshot:
    """Return the health of the instance. While Redis is unavailable, everything in it is unknown."""
    try:
        channels, heartbeats = _channel_list(), read_heartbeats()
        boards = read_boards_summary(settings.REDIS_BOARDS_URL, _not_live(channels) if channels else ())
    except (ServiceUnavailable, redis.RedisError) as error:
        log.warning("channel list, heartbeats or boards not read: %s", error)
        return HealthSnapshot(now_ms, is_redis_down=True)
    return HealthSnapshot(
        now_ms,
        boards.newest_end_ms,
        boards.coverage,
        boards.channels,
        channels.fetched_ms if channels else None,
        boards.late_dropped,
        tuple(heartbeats),
    )


def _not_live(channels: channel_list.ChannelList) -> frozenset[str]:
    """Return the channels that are offline, blocked or opted out; their windows may still arrive."""
    return channels.excluded | {stream.id for stream in channels.streams.values() if not stream.live}


def _channel_list() -> channel_list.ChannelList | None:
    with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        return channel_list.read_sync(client)
