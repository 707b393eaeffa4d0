"""What staff see besides: which channels were heard least in the past hour, and the gaps of late."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import redis
from django.conf import settings

from apps.ingest import channel_list
from apps.metrics.queries import GapsOfMany, heard
from core.errors import ServiceAway
from core.times import HOUR_MS, SECOND_MS

log = logging.getLogger(__name__)

WORST = 10
GAPS = 12
# Hundreds of partitions are read for it.
KEPT_MS = 60 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Heard:
    """A channel, and the share of its time on air in the past hour that was heard."""

    id: str
    name: str
    coverage: float


@dataclass(frozen=True, slots=True)
class Detail:
    """The channels that were heard least, those that were not heard in full alone, and the gaps, newest first."""

    at_ms: int
    channels: int
    worst: Sequence[Heard]
    gaps: Sequence[GapsOfMany]


def read_detail(now_ms: int) -> Detail | None:
    """Return what history knows of the past hour, None while it is away or not set up."""
    if not settings.CASSANDRA_HOSTS:
        return None
    try:
        names = _names()
        hour = heard(names, now_ms - HOUR_MS, now_ms, now_ms)
    except (ServiceAway, redis.RedisError) as error:
        log.warning("the status is shown without the past hour of each channel: %s", error)
        return None
    partly = sorted((share, i) for i, share in hour.coverage.items() if share < 1)
    worst = [Heard(i, names[i], share) for share, i in partly[:WORST]]
    return Detail(now_ms, len(hour.coverage), worst, hour.gaps[:GAPS])


class KeptDetail:
    """What all staff who ask a process within a minute share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._detail: Detail | None = None

    def read(self, now_ms: int) -> Detail | None:
        """Return a detail of at most KEPT_MS ago; what was away is tried again."""
        with self._lock:
            if self._detail is None or not 0 <= now_ms - self._detail.at_ms <= KEPT_MS:
                self._detail = read_detail(now_ms)
            return self._detail


kept_detail = KeptDetail()


def _names() -> dict[str, str]:
    with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        found = channel_list.read_sync(client)
    return {stream.id: stream.name for stream in found.streams.values()} if found else {}
