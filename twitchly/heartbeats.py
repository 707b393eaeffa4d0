"""Heartbeats: every process writes one to Redis every 5 s, and the status page reads them.

A heartbeat expires after a day, so the last one of a process that ended stays readable until then. While Redis is
unavailable, nothing is queued, because the next heartbeat replaces the missed ones.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import redis
from django.conf import settings

from core.contracts import redis_keys
from core.contracts.heartbeats import Heartbeat, UnreadableHeartbeat, read_heartbeat
from core.errors import ServiceUnavailable

log = logging.getLogger(__name__)

INTERVAL_S = 5.0
RETENTION_S = 86_400


@dataclass(slots=True)
class Rate:
    """Growth of a counter per second, measured over SPAN_S because some counters are updated in steps."""

    SPAN_S: ClassVar[float] = 20.0
    count: float = 0
    at_s: float | None = None
    rate: float = 0.0

    def per_s(self, count: float, at_s: float) -> float:
        """Return the growth per second, or 0 at first and after the counter was reset."""
        if self.at_s is None or count < self.count:
            self.count, self.at_s, self.rate = count, at_s, 0.0
        elif at_s - self.at_s >= self.SPAN_S:
            self.rate = (count - self.count) / (at_s - self.at_s)
            self.count, self.at_s = count, at_s
        return self.rate


def write_heartbeat(heartbeat: Heartbeat) -> None:
    """Write one heartbeat; log a warning if Redis is unavailable."""
    try:
        with _client() as client:
            _write(client, heartbeat)
    except redis.RedisError as error:
        log.warning("heartbeat not written: %s", error)


def start_heartbeat(read: Callable[[], Heartbeat]) -> None:
    """Write `read()` from a daemon thread every INTERVAL_S until the process ends; `read` must be read-only."""
    threading.Thread(target=_write_forever, args=(read,), daemon=True, name="heartbeat").start()


def read_heartbeats() -> list[Heartbeat | UnreadableHeartbeat]:
    """Return the latest heartbeat of every process, by kind and name. Raises: ServiceUnavailable."""
    try:
        with _client() as client:
            keys = sorted(client.scan_iter(redis_keys.heartbeat("*", "*"), count=1_000))
            values = client.mget(keys) if keys else []
    except redis.RedisError as error:
        raise ServiceUnavailable(f"Redis is not responding: {error}") from error
    return [_parse(key.decode(), value) for key, value in zip(keys, values, strict=True) if value is not None]


def _write_forever(read: Callable[[], Heartbeat]) -> None:
    client, is_failing = _client(), False
    while True:
        try:
            _write(client, read())
            is_failing = False
        except redis.RedisError as error:
            if not is_failing:
                log.warning("heartbeat not written: %s", error)
            is_failing = True
        except Exception:
            log.exception("heartbeat not written: reading the gauges failed")
        time.sleep(INTERVAL_S)


def _write(client: redis.Redis, heartbeat: Heartbeat) -> None:
    client.set(redis_keys.heartbeat(heartbeat.kind, heartbeat.name), heartbeat.to_json(), ex=RETENTION_S)


def _parse(key: str, value: bytes) -> Heartbeat | UnreadableHeartbeat:
    _, kind, name = key.split(":", 2)
    return read_heartbeat(kind, name, value)


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_STATUS_URL, socket_timeout=2, socket_connect_timeout=2)
