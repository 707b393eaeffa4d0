"""How often the API may be asked: counted in Redis for all web processes, with one round trip a request.

While Redis is away each process counts by itself, as far as it can: no day is counted then.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings

from apps.api.keys.queries import Caller, Terms
from apps.api.problems import Problem
from apps.api.redis_script import BatchedScript
from core.limits.token_bucket import TokenBucket
from twitchly.address_groups import network_of

# Unknown keys by one address: so many at once, and one more every so many seconds.
GUESSES, GUESS_EVERY_S = 20, 6
# Redis answers in less, or is away; then it is left alone for a while.
PATIENCE_S, AWAY_S = 0.5, 1.0
LOCAL_MAX = 10_000
DAY_S = 86_400

# Takes one from each bucket, or from none: the buckets are kept as the time at which they are full again (GCRA).
# KEYS: the count of the day, then a bucket each. ARGV: the day's most (0: none is counted), how long to keep its count,
# then a bucket's rate a second and how much it holds, in the order of KEYS.
# Returns which was empty (0: none, 1: the day, 2…: a bucket), after how many seconds it is not, the day's count, and
# what is left in the first bucket.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local full, left = {}, 0
for at = 2, #KEYS do
  local rate, most = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
  local until_full = math.max(now, tonumber(redis.call('GET', KEYS[at]) or now)) + 1 / rate
  local wait = until_full - now - most / rate
  if wait > 0.000001 then return {at, tostring(wait), 0, 0} end
  full[at] = until_full
  if at == 2 then left = math.floor((now - until_full) * rate + most + 0.000001) end
end
local day = 0
if tonumber(ARGV[1]) > 0 then
  day = tonumber(redis.call('GET', KEYS[1]) or 0)
  if day >= tonumber(ARGV[1]) then return {1, '0', day, left} end
  day = redis.call('INCR', KEYS[1])
  if day == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
end
for at = 2, #KEYS do
  redis.call('SET', KEYS[at], string.format('%.6f', full[at]), 'PX', math.ceil((full[at] - now) * 1000) + 1000)
end
return {0, '0', day, left}
"""

# Undoes one _TAKE of the day and the first bucket. KEYS: as there. ARGV: the bucket's rate and how much it holds.
# Returns the day's count and the number of requests left in the bucket.
_GIVE_BACK = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local until_full = math.max(now, tonumber(redis.call('GET', KEYS[2]) or now) - 1 / tonumber(ARGV[1]))
redis.call('SET', KEYS[2], string.format('%.6f', until_full), 'PX', math.ceil((until_full - now) * 1000) + 1000)
local day = tonumber(redis.call('GET', KEYS[1]) or 0)
if day > 0 then day = redis.call('DECR', KEYS[1]) end
return {day, math.floor((now - until_full) * tonumber(ARGV[1]) + tonumber(ARGV[2]) + 0.000001)}
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many at once, and `per_s` more each second up to that many."""

    name: str
    per_s: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a caller has left: of the bucket of its key, and of the day; None where nobody counts."""

    terms: Terms
    burst: int
    day: int

    def headers(self) -> dict[str, str]:
        """Return it as the headers that draft-ietf-httpapi-ratelimit-headers-10 names."""
        terms = self.terms
        until_day_s = _until_midnight_s()
        refilled_s = math.ceil((terms.burst - self.burst) / terms.per_s)
        return {
            "RateLimit-Policy": policy_of(terms),
            "RateLimit": f'"burst";r={self.burst};t={refilled_s}, "day";r={self.day};t={until_day_s}',
        }


class Limits:
    """The limits as one process keeps them."""

    def __init__(self, url: str) -> None:
        self._client: Any = redis.asyncio.Redis.from_url(
            url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
        )
        self._script = BatchedScript(self._client, _TAKE)
        self._undo = BatchedScript(self._client, _GIVE_BACK)
        self._local: OrderedDict[str, TokenBucket] = OrderedDict()
        self._away_until_s = 0.0
        # Addresses that try keys, and until when no key of theirs that is new here is looked up.
        self._guessers: OrderedDict[str, float] = OrderedDict()

    async def take(self, caller: Caller, address: str) -> Left | None:
        """Let a caller ask once; return what is left, None where it is not known. Raises: Problem."""
        terms = caller.terms
        buckets = [Bucket(f"key:{caller.key_id}", terms.per_s, terms.burst), by_address(address)]
        empty, wait_s, asked, left = await self._ask(buckets, _day_of(caller), terms.per_day)
        match empty:
            case 1:
                raise _used_up(terms, left)
            case 2:
                detail = f"This key may ask {terms.per_s} times a second."
                raise _too_many("too-many-requests", detail, wait_s, "burst", policy_of(terms))
            case 3:
                raise _too_many_from_address(wait_s)
        return None if asked is None else Left(terms, left, max(0, terms.per_day - asked))

    async def give_back(self, caller: Caller) -> Left | None:
        """Undo one `take` of the key and the day, for an answer that is free; the address keeps counting.

        Return the new status, None where Redis is away.
        """
        terms, bucket = caller.terms, f"key:{caller.key_id}"
        if time.monotonic() >= self._away_until_s:
            try:
                keys = [f"limits:{_day_of(caller)}", f"limits:{bucket}"]
                day, left = await self._undo.run(keys, [terms.per_s, terms.burst])
                return Left(terms, int(left), max(0, terms.per_day - int(day)))
            except (redis.RedisError, OSError) as error:
                log.warning("a request that cost nothing stays counted: %s", error)
        elif bucket in self._local:
            self._local[bucket].refund()
        return None

    async def take_open(self, address: str) -> None:
        """Let somebody without a key ask once. Raises: Problem."""
        empty, wait_s, *_ = await self._ask([by_address(address)])
        if empty:
            raise _too_many_from_address(wait_s)

    def refuse_guesser(self, address: str) -> None:
        """Refuse an address that has tried too many keys, before another one is looked up. Raises: Problem."""
        wait_s = self._guessers.get(network_of(address), 0.0) - time.monotonic()
        if wait_s > 0:
            policy = f'"guesses";q={GUESSES};w={GUESSES * GUESS_EVERY_S}'
            detail = "Too many unknown keys came from this address."
            raise _too_many("too-many-guesses", detail, wait_s, "guesses", policy)

    async def guess(self, address: str) -> None:
        """Count an unknown key from an address. Raises: Problem."""
        network = network_of(address)
        empty, wait_s, *_ = await self._ask([Bucket(f"guesses:{network}", 1 / GUESS_EVERY_S, GUESSES)])
        if empty:
            self._guessers[network] = time.monotonic() + wait_s
            self._guessers.move_to_end(network)
            while len(self._guessers) > LOCAL_MAX:
                self._guessers.popitem(last=False)
            self.refuse_guesser(address)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, buckets: list[Bucket], day: str = "", per_day: int = 0) -> tuple[int, float, int | None, int]:
        if time.monotonic() >= self._away_until_s:
            keys = [f"limits:{day}", *(f"limits:{bucket.name}" for bucket in buckets)]
            arguments = [per_day, 2 * DAY_S, *(one for b in buckets for one in (b.per_s, b.at_once))]
            try:
                empty, wait_s, asked, left = await self._script.run(keys, arguments)
                return int(empty), float(wait_s), int(asked), int(left)
            except (redis.RedisError, OSError) as error:
                log.warning("limits are counted by each process alone: %s", error)
                self._away_until_s = time.monotonic() + AWAY_S
        return self._ask_here(buckets)

    def _ask_here(self, buckets: list[Bucket]) -> tuple[int, float, None, int]:
        now_s = time.monotonic()
        for number, bucket in enumerate(buckets, 2):
            local = self._local.setdefault(bucket.name, TokenBucket(bucket.at_once, bucket.per_s, now_s))
            self._local.move_to_end(bucket.name)
            if not local.try_consume(now_s):
                return number, 1 / bucket.per_s, None, 0
        while len(self._local) > LOCAL_MAX:
            self._local.popitem(last=False)
        return 0, 0, None, 0


def by_address(address: str) -> Bucket:
    """Return the bucket of all who ask from one address."""
    per_s = settings.API_ADDRESS_PER_S
    return Bucket(f"address:{network_of(address)}", per_s, per_s * 2)


def policy_of(terms: Terms) -> str:
    """Return the limits of a plan, as every answer to a key names them."""
    window_s = math.ceil(terms.burst / terms.per_s)
    return f'"burst";q={terms.burst};w={window_s}, "day";q={terms.per_day};w={DAY_S}'


def _day_of(caller: Caller) -> str:
    return f"day:{caller.owner_id}:{datetime.now(UTC):%Y%m%d}"


def _until_midnight_s() -> int:
    return DAY_S - int(time.time()) % DAY_S


def _used_up(terms: Terms, left: int) -> Problem:
    seconds = _until_midnight_s()
    detail = f"Your account may ask {terms.per_day:,} times a day. The next day begins at midnight UTC."
    return Problem("day-used-up", detail, headers={"Retry-After": str(seconds)} | Left(terms, left, 0).headers())


def _too_many_from_address(wait_s: float) -> Problem:
    per_s = settings.API_ADDRESS_PER_S
    policy = f'"address";q={per_s * 2};w=2'
    return _too_many("too-many-requests", "Too many requests from this IP address.", wait_s, "address", policy)


def _too_many(code: str, detail: str, wait_s: float, name: str, policy: str) -> Problem:
    """Return the problem of an empty bucket; `name` is the one in its policy."""
    seconds = max(1, math.ceil(wait_s))
    headers = {"Retry-After": str(seconds), "RateLimit-Policy": policy, "RateLimit": f'"{name}";r=0;t={seconds}'}
    return Problem(code, f"{detail} Try again in {seconds} s.", headers=headers)


_limits: WeakKeyDictionary[asyncio.AbstractEventLoop, Limits] = WeakKeyDictionary()


def running_limits() -> Limits:
    """Return the limits of this process; the connections belong to the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _limits:
        _limits[loop] = Limits(settings.REDIS_LIMITS_URL)
    return _limits[loop]
