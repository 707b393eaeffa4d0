"""Details for staff: the channels with the lowest coverage in the past hour, and recent gaps."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import redis
from django.conf import settings

from apps.ingest import channel_list
from apps.metrics.many_channels import SharedGap, read_coverage
from core.errors import ServiceUnavailable
from core.metrics.formulas import is_complete
from core.times import HOUR_MS, SECOND_MS

log = logging.getLogger(__name__)

WORST = 10
GAPS = 12
# Details are cached, because a read touches hundreds of Cassandra partitions.
CACHE_MS = 60 * SECOND_MS


@dataclass(frozen=True, slots=True)
class ChannelCoverage:
    """A channel, and the share of its time on air in the past hour that was heard."""

    id: str
    name: str
    coverage: float


@dataclass(frozen=True, slots=True)
class Detail:
    """The channels with incomplete coverage, lowest first, and the gaps, newest first."""

    at_ms: int
    channels: int
    worst: Sequence[ChannelCoverage]
    gaps: Sequence[SharedGap]


def read_detail(now_ms: int) -> Detail | None:
    """Return the details of the past hour, or None while history is unavailable or not configured."""
    if not settings.CASSANDRA_HOSTS:
        return None
    try:
        names = _names()
        hour = read_coverage(names, HOUR_MS, now_ms)
    except (ServiceUnavailable, redis.RedisError) as error:
        log.warning("coverage by channel not read: %s", error)
        return None
    partial = sorted((share, i) for i, share in hour.coverage.items() if not is_complete(share))
    worst = [ChannelCoverage(i, names[i], share) for share, i in partial[:WORST]]
    return Detail(now_ms, len(hour.coverage), worst, hour.gaps[:GAPS])


class DetailCache:
    """Details cached for CACHE_MS per process; failed reads are not cached."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._detail: Detail | None = None

    def read(self, now_ms: int) -> Detail | None:
        """Return details that are at most CACHE_MS old."""
        with self._lock:
            if self._detail is None or not 0 <= now_ms - self._detail.at_ms <= CACHE_MS:
                self._detail = read_detail(now_ms)
            return self._detail


detail_cache = DetailCache()


def _names() -> dict[str, str]:
    with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        channels = channel_list.read_sync(client)
    return {stream.id: stream.name for stream in channels.streams.values()} if channels else {}
