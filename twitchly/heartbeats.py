"""Signs of life: what each process tells of itself in Redis every few seconds, for the status of the whole.

A process that ended is known for a day by the last it told. Redis that is away is waited for: the next sign
replaces this one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import orjson
import redis
from django.conf import settings

from core.errors import ServiceAway
from core.ops.health import Fact, Sign
from twitchly.clock import now_ms

log = logging.getLogger(__name__)

EVERY_S = 5.0
KEPT_S = 86_400
KEY = "sign:{kind}:{name}"


@dataclass(slots=True)
class Rate:
    """How fast a count grows. What is counted may be told in steps, so it is looked at over SPAN_S."""

    SPAN_S: ClassVar[float] = 20.0
    count: float = 0
    at_s: float | None = None
    rate: float = 0.0

    def per_s(self, count: float, at_s: float) -> float:
        """Return by how much it grew a second, 0 at first; a count that began anew has no rate."""
        if self.at_s is None or count < self.count:
            self.count, self.at_s, self.rate = count, at_s, 0.0
        elif at_s - self.at_s >= self.SPAN_S:
            self.rate = (count - self.count) / (at_s - self.at_s)
            self.count, self.at_s = count, at_s
        return self.rate


def tell(client: redis.Redis, sign: Sign) -> None:
    """Store one sign. Raises: redis.RedisError."""
    key = KEY.format(kind=sign.kind, name=sign.name)
    client.set(key, orjson.dumps({"at_ms": sign.at_ms, "facts": dict(sign.facts)}), ex=KEPT_S)


def tell_once(sign: Sign) -> None:
    """Store one sign, unless Redis is away."""
    try:
        with _client() as client:
            tell(client, sign)
    except redis.RedisError as error:
        log.warning("nobody can be told that this process lives: %s", error)


def tell_always(kind: str, name: str, facts: Callable[[], Mapping[str, Fact]]) -> None:
    """Tell `facts()` from a thread of its own until the process ends; they only read."""
    threading.Thread(target=_tell_always, args=(kind, name, facts), daemon=True, name="vitals").start()


def _tell_always(kind: str, name: str, facts: Callable[[], Mapping[str, Fact]]) -> None:
    client, is_away = _client(), False
    while True:
        try:
            tell(client, Sign(kind, name, now_ms(), facts()))
            is_away = False
        except redis.RedisError as error:
            if not is_away:
                log.warning("nobody can be told that this process lives: %s", error)
            is_away = True
        except Exception:
            log.exception("this process could not tell how it does")
        time.sleep(EVERY_S)


def read_signs() -> list[Sign]:
    """Return the newest sign of every process, by kind and name. Raises: ServiceAway."""
    try:
        with _client() as client:
            keys = sorted(client.scan_iter(KEY.format(kind="*", name="*"), count=1_000))
            found = client.mget(keys) if keys else []
    except redis.RedisError as error:
        raise ServiceAway(f"Redis does not answer: {error}") from error
    return [_sign(key.decode(), text) for key, text in zip(keys, found, strict=True) if text]


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_STATUS_URL, socket_timeout=2, socket_connect_timeout=2)


def _sign(key: str, text: bytes) -> Sign:
    _, kind, name = key.split(":", 2)
    known = orjson.loads(text)
    return Sign(kind, name, int(known["at_ms"]), known["facts"])
