"""Limits the live connections of an account across all web processes. Each connection holds a lease in Redis."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from apps.api.keys.queries import ApiClient
from apps.api.problems import Problem
from core.contracts import redis_keys
from twitchly.tasks import cancel

LEASE_S = redis_keys.LEASE_EXPIRES_S
RENEW_EVERY_S = 15.0
REDIS_TIMEOUT_S = 2.0

# KEYS: the sorted set of an account's leases by expiry. ARGV: the maximum number of leases, the new name, LEASE_S.
# Returns 1 if the lease was acquired, 0 if all leases are taken.
_ACQUIRE = """
local time = redis.call('TIME')
local now = tonumber(time[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
# KEYS: as in the script above. ARGV: the lease's name, LEASE_S.
_RENEW = """
redis.call('ZADD', KEYS[1], redis.call('TIME')[1] + ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""

log = logging.getLogger(__name__)


class ConnectionLease:
    """A lease for one live connection of an account."""

    def __init__(self, client: Any, key: str) -> None:
        self._redis = client
        self._key = key
        self._name = secrets.token_hex(8)
        self._renewal: asyncio.Task[None] | None = None

    async def try_acquire(self, leases_max: int) -> bool:
        """Acquire one of the account's leases and keep renewing it; return False if all leases are taken."""
        if not await self._redis.eval(_ACQUIRE, 1, self._key, leases_max, self._name, LEASE_S):
            return False
        self._renewal = asyncio.create_task(self._renew())
        return True

    async def release(self) -> None:
        """Release the lease and close the connection to Redis."""
        if self._renewal is not None:
            await cancel(self._renewal)
        try:
            await self._redis.zrem(self._key, self._name)
        except (redis.RedisError, OSError) as error:
            log.info("connection lease not released, it expires in %d s: %s", LEASE_S, error)
        finally:
            await self._redis.aclose()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                await self._redis.eval(_RENEW, 1, self._key, self._name, LEASE_S)
            except (redis.RedisError, OSError) as error:
                log.info("connection lease not renewed: %s", error)


async def acquire_lease(client: ApiClient) -> ConnectionLease:
    """Return a lease for a live connection of this client's account. Raises: Problem."""
    connection = redis.asyncio.Redis.from_url(settings.REDIS_LIMITS_URL, socket_timeout=REDIS_TIMEOUT_S)
    lease = ConnectionLease(connection, redis_keys.connection_leases(client.owner_id))
    streams_max = client.limits.streams
    try:
        is_acquired = await lease.try_acquire(streams_max)
    except (redis.RedisError, OSError) as error:
        log.warning("connection lease not acquired: %s", error)
        await connection.aclose()
        raise Problem("service-away", "Live data is unavailable.", headers={"Retry-After": "2"}) from None
    if not is_acquired:
        await connection.aclose()
        detail = f"Your account is limited to {streams_max} live connections. Close one."
        raise Problem("too-many-streams", detail, headers={"Retry-After": "5"})
    return lease
