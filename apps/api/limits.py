"""Rate limits of the API, shared by all web processes through Redis, in one round trip per request.

While Redis is unavailable, each process applies the limits locally, without the daily quota.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from apps.api.keys.queries import ApiClient, PlanLimits
from apps.api.problems import Problem
from core.contracts import redis_keys
from core.limits.token_bucket import TokenBucket
from twitchly.address_groups import network_of

# Unknown keys allowed per address: a burst, then one per refill interval.
GUESS_BURST, GUESS_REFILL_S = 20, 6
# After an error, Redis is not called again for REDIS_RETRY_S.
REDIS_TIMEOUT_S, REDIS_RETRY_S = 0.5, 1.0
# Maximum number of local buckets, and of refused addresses, in a process.
LOCAL_MAX = 10_000
DAY_S = 86_400

# Takes a token from every bucket, or from none. A bucket is stored as the time at which it is full again (GCRA).
# KEYS: the day's counter, then the buckets. ARGV: the daily quota (0: no quota) and the counter's expiry in
# seconds, then the refill rate per second and the capacity of each bucket, in the order of KEYS.
# Returns the index of the empty key (0: none, 1: the day, 2…: a bucket), the seconds until it has a token, the day's
# count, and the tokens left in the first bucket.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local full_at, left = {}, 0
for i = 2, #KEYS do
  local rate, capacity = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local full = math.max(now, tonumber(redis.call('GET', KEYS[i]) or now)) + 1 / rate
  local wait = full - now - capacity / rate
  if wait > 0.000001 then return {i, tostring(wait), 0, 0} end
  full_at[i] = full
  if i == 2 then left = math.floor((now - full) * rate + capacity + 0.000001) end
end
local day = 0
if tonumber(ARGV[1]) > 0 then
  day = tonumber(redis.call('GET', KEYS[1]) or 0)
  if day >= tonumber(ARGV[1]) then return {1, '0', day, left} end
  day = redis.call('INCR', KEYS[1])
  if day == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
end
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], string.format('%.6f', full_at[i]), 'PX', math.ceil((full_at[i] - now) * 1000) + 1000)
end
return {0, '0', day, left}
"""

# Undoes one _TAKE for the day and the first bucket. KEYS: as in _TAKE. ARGV: the bucket's refill rate and capacity.
# Returns the day's count and the tokens left in the bucket.
_REFUND = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local full = math.max(now, tonumber(redis.call('GET', KEYS[2]) or now) - 1 / tonumber(ARGV[1]))
redis.call('SET', KEYS[2], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1000)
local day = tonumber(redis.call('GET', KEYS[1]) or 0)
if day > 0 then day = redis.call('DECR', KEYS[1]) end
return {day, math.floor((now - full) * tonumber(ARGV[1]) + tonumber(ARGV[2]) + 0.000001)}
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket in Redis: it holds up to `capacity` tokens and gains `per_s` tokens each second."""

    name: str
    per_s: float
    capacity: int


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """A client's remaining requests: in the bucket of its key, and in the daily quota of its account."""

    limits: PlanLimits
    burst_left: int
    day_left: int

    def headers(self) -> dict[str, str]:
        """Return the response headers. Source: draft-ietf-httpapi-ratelimit-headers-10."""
        limits = self.limits
        refill_s = math.ceil((limits.burst - self.burst_left) / limits.per_s)
        burst = f'"burst";r={self.burst_left};t={refill_s}'
        day = f'"day";r={self.day_left};t={_until_midnight_s()}'
        return {"RateLimit-Policy": policy_header(limits), "RateLimit": f"{burst}, {day}"}


class BatchedScript:
    """Runs a script in Redis. Calls made during a round trip are sent together in the next one."""

    def __init__(self, client: Any, text: str) -> None:
        self._redis = client
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._pending: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        self._send_task: asyncio.Task[None] | None = None

    async def run(self, keys: Sequence[str], arguments: Sequence[float]) -> Any:
        """Return the script's result. Raises: redis.RedisError, OSError."""
        future = asyncio.get_running_loop().create_future()
        self._pending.append(((len(keys), *keys, *arguments), future))
        if self._send_task is None or self._send_task.done():
            self._send_task = asyncio.create_task(self._send())
        return await future

    async def _send(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            try:
                results = await self._run_batch([call for call, _ in batch])
            except Exception as error:  # raised in the callers, through their futures
                results = [error] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    async def _run_batch(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        results = await self._send_batch(calls)
        failed = [i for i, result in enumerate(results) if isinstance(result, redis.exceptions.NoScriptError)]
        if failed:
            # Redis was restarted or flushed: load the script and repeat the calls.
            await self._redis.script_load(self._text)
            for i, result in zip(failed, await self._send_batch([calls[i] for i in failed]), strict=True):
                results[i] = result
        return results

    async def _send_batch(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for arguments in calls:
                pipe.evalsha(self._digest, *arguments)
            results: list[Any] = await pipe.execute(raise_on_error=False)
        return results


class RateLimiter:
    """Applies the rate limits in one process. Methods raise Problem for a request that exceeds a limit."""

    def __init__(self, url: str) -> None:
        self._redis: Any = redis.asyncio.Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        )
        self._take_script = BatchedScript(self._redis, _TAKE)
        self._refund_script = BatchedScript(self._redis, _REFUND)
        self._local: OrderedDict[str, TokenBucket] = OrderedDict()
        self._redis_retry_at_s = 0.0
        # Networks that guessed too many keys, and the time until which their uncached keys are refused.
        self._guessers: OrderedDict[str, float] = OrderedDict()

    async def take(self, client: ApiClient, address: str) -> RateLimitStatus | None:
        """Count a client's request. Return the client's status, or None while Redis is unavailable. Raises: Problem."""
        limits = client.limits
        buckets = [Bucket(f"key:{client.key_id}", limits.per_s, limits.burst), address_bucket(address)]
        empty, wait_s, used_today, left = await self._take(buckets, _day_key(client), limits.per_day)
        match empty:
            case 1:
                raise _day_used_up(limits, left)
            case 2:
                detail = f"This key is limited to {limits.per_s} requests per second."
                raise _rate_limited("too-many-requests", detail, wait_s, "burst", policy_header(limits))
            case 3:
                raise _address_rate_limited(wait_s)
        return None if used_today is None else RateLimitStatus(limits, left, max(0, limits.per_day - used_today))

    async def refund(self, client: ApiClient) -> RateLimitStatus | None:
        """Undo one `take` for the key and the day, because the response is free. The address's bucket is unchanged.

        Return the new status, or None while Redis is unavailable.
        """
        limits, bucket = client.limits, f"key:{client.key_id}"
        if time.monotonic() >= self._redis_retry_at_s:
            try:
                keys = [redis_keys.RATE_LIMIT + name for name in (_day_key(client), bucket)]
                used_today, left = await self._refund_script.run(keys, [limits.per_s, limits.burst])
                return RateLimitStatus(limits, int(left), max(0, limits.per_day - int(used_today)))
            except (redis.RedisError, OSError) as error:
                log.warning("rate limit not refunded: %s", error)
        elif bucket in self._local:
            self._local[bucket].refund()
        return None

    async def take_anonymous(self, address: str) -> None:
        """Count a request without a key. Raises: Problem."""
        empty, wait_s, *_ = await self._take([address_bucket(address)])
        if empty:
            raise _address_rate_limited(wait_s)

    def refuse_guesser(self, address: str) -> None:
        """Refuse an address that guessed too many keys, before its next key is looked up. Raises: Problem."""
        wait_s = self._guessers.get(network_of(address), 0.0) - time.monotonic()
        if wait_s > 0:
            policy = f'"guesses";q={GUESS_BURST};w={GUESS_BURST * GUESS_REFILL_S}'
            detail = "Too many invalid keys from this IP address."
            raise _rate_limited("too-many-guesses", detail, wait_s, "guesses", policy)

    async def count_guess(self, address: str) -> None:
        """Count an unknown key sent from an IP address. Raises: Problem."""
        network = network_of(address)
        empty, wait_s, *_ = await self._take([Bucket(f"guesses:{network}", 1 / GUESS_REFILL_S, GUESS_BURST)])
        if empty:
            self._guessers[network] = time.monotonic() + wait_s
            self._guessers.move_to_end(network)
            while len(self._guessers) > LOCAL_MAX:
                self._guessers.popitem(last=False)
            self.refuse_guesser(address)

    async def aclose(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()

    async def _take(self, buckets: list[Bucket], day: str = "", per_day: int = 0) -> tuple[int, float, int | None, int]:
        if time.monotonic() >= self._redis_retry_at_s:
            keys = [redis_keys.RATE_LIMIT + name for name in (day, *(bucket.name for bucket in buckets))]
            arguments = [
                per_day,
                redis_keys.DAILY_COUNT_EXPIRES_S,
                *(number for b in buckets for number in (b.per_s, b.capacity)),
            ]
            try:
                empty, wait_s, used_today, left = await self._take_script.run(keys, arguments)
                return int(empty), float(wait_s), int(used_today), int(left)
            except (redis.RedisError, OSError) as error:
                log.warning("rate limits not shared with other processes: %s", error)
                self._redis_retry_at_s = time.monotonic() + REDIS_RETRY_S
        return self._take_locally(buckets)

    def _take_locally(self, buckets: list[Bucket]) -> tuple[int, float, None, int]:
        now_s = time.monotonic()
        for index, bucket in enumerate(buckets, 2):
            local = self._local.setdefault(bucket.name, TokenBucket(bucket.capacity, bucket.per_s, now_s))
            self._local.move_to_end(bucket.name)
            if not local.try_consume(now_s):
                return index, 1 / bucket.per_s, None, 0
        while len(self._local) > LOCAL_MAX:
            self._local.popitem(last=False)
        return 0, 0, None, 0


def address_bucket(address: str) -> Bucket:
    """Return the bucket that all requests from an address share."""
    per_s = settings.API_ADDRESS_PER_S
    return Bucket(f"address:{network_of(address)}", per_s, per_s * 2)


def policy_header(limits: PlanLimits) -> str:
    """Return the limits of a plan as a RateLimit-Policy header."""
    window_s = math.ceil(limits.burst / limits.per_s)
    return f'"burst";q={limits.burst};w={window_s}, "day";q={limits.per_day};w={DAY_S}'


def _day_key(client: ApiClient) -> str:
    return f"day:{client.owner_id}:{datetime.now(UTC):%Y%m%d}"


def _until_midnight_s() -> int:
    return DAY_S - int(time.time()) % DAY_S


def _day_used_up(limits: PlanLimits, burst_left: int) -> Problem:
    seconds = _until_midnight_s()
    detail = f"Your account is limited to {limits.per_day:,} requests per day. The limit resets at midnight UTC."
    status = RateLimitStatus(limits, burst_left, day_left=0)
    return Problem("day-used-up", detail, headers={"Retry-After": str(seconds)} | status.headers())


def _address_rate_limited(wait_s: float) -> Problem:
    per_s = settings.API_ADDRESS_PER_S
    policy = f'"address";q={per_s * 2};w=2'
    return _rate_limited("too-many-requests", "Too many requests from this IP address.", wait_s, "address", policy)


def _rate_limited(code: str, detail: str, wait_s: float, name: str, policy: str) -> Problem:
    """Return the problem for an empty bucket; `name` is the bucket's name in the policy."""
    seconds = max(1, math.ceil(wait_s))
    headers = {"Retry-After": str(seconds), "RateLimit-Policy": policy, "RateLimit": f'"{name}";r=0;t={seconds}'}
    return Problem(code, f"{detail} Try again in {seconds} s.", headers=headers)
