"""How many streams an account has open, in all web processes: each has a place in Redis that it holds on to."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from apps.api.keys.queries import Caller
from apps.api.problems import Problem

# A place that nobody holds on to is free again after so long: its process died.
HELD_S, HOLD_EVERY_S = 45, 15.0
PATIENCE_S = 2.0

# KEYS: the places of an account, by when they are free. ARGV: how many there are, a name, for how long it is held.
_OPEN = """
local time = redis.call('TIME')
local now = tonumber(time[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
_HOLD = """
redis.call('ZADD', KEYS[1], redis.call('TIME')[1] + ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""

log = logging.getLogger(__name__)


class Place:
    """One open stream of an account."""

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key
        self._name = secrets.token_hex(8)
        self._holder: asyncio.Task[None] | None = None

    async def open(self, places: int) -> bool:
        """Take the place if one is free, and hold on to it; say whether it was."""
        if not await self._client.eval(_OPEN, 1, self._key, places, self._name, HELD_S):
            return False
        self._holder = asyncio.create_task(self._hold())
        return True

    async def aclose(self) -> None:
        """Leave it."""
        if self._holder is not None:
            self._holder.cancel()
        try:
            await self._client.zrem(self._key, self._name)
        except (redis.RedisError, OSError):
            log.info("a place is free only in %d s: Redis is away", HELD_S)
        finally:
            await self._client.aclose()

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(HOLD_EVERY_S)
            try:
                await self._client.eval(_HOLD, 1, self._key, self._name, HELD_S)
            except (redis.RedisError, OSError) as error:
                log.info("a stream cannot hold on to its place: %s", error)


async def open_place(caller: Caller) -> Place:
    """Return a place for a stream of this account. Raises: Problem."""
    client = redis.asyncio.Redis.from_url(settings.REDIS_LIMITS_URL, socket_timeout=PATIENCE_S)
    place, streams = Place(client, f"streams:{caller.owner_id}"), caller.terms.streams
    try:
        is_open = await place.open(streams)
    except (redis.RedisError, OSError) as error:
        log.warning("no stream can be opened: %s", error)
        await client.aclose()
        raise Problem("service-away", "Live figures cannot be read just now.", headers={"Retry-After": "2"}) from None
    if not is_open:
        await client.aclose()
        detail = f"Your account may have {streams} streams open at the same time. Close one."
        raise Problem("too-many-streams", detail, headers={"Retry-After": "5"})
    return place
