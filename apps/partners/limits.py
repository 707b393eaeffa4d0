"""How often the API may be asked: counted in Redis for all web processes, with one round trip a request.

While Redis is away each process counts by itself, as far as it can: no day is counted then.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings

from apps.partners.keys.queries import Caller, Terms
from apps.partners.problems import Problem
from core.allowance import Allowance

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
        window_s, until_day_s = _window_s(terms), _until_midnight_s()
        refilled_s = math.ceil((terms.burst - self.burst) / terms.per_s)
        return {
            "RateLimit-Policy": f'"burst";q={terms.burst};w={window_s}, "day";q={terms.per_day};w={DAY_S}',
            "RateLimit": f'"burst";r={self.burst};t={refilled_s}, "day";r={self.day};t={until_day_s}',
        }


class _Script:
    """Runs a script in Redis: what is asked while an answer is under way goes together, in one round trip."""

    def __init__(self, client: Any, text: str) -> None:
        self._client = client
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._waiting: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def run(self, keys: Sequence[str], arguments: Sequence[float]) -> Any:
        """Return what the script returns. Raises: redis.RedisError, OSError."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(((len(keys), *keys, *arguments), future))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        return await future

    async def _send(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            try:
                found = await self._run([words for words, _ in together])
            except Exception as error:  # theirs, who wait for it
                found = [error] * len(together)
            for (_, future), one in zip(together, found, strict=True):
                if future.done():
                    continue
                if isinstance(one, Exception):
                    future.set_exception(one)
                else:
                    future.set_result(one)

    async def _run(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        found = await self._once(calls)
        unknown = [at for at, one in enumerate(found) if isinstance(one, redis.exceptions.NoScriptError)]
        if unknown:
            await self._client.script_load(self._text)
            for at, one in zip(unknown, await self._once([calls[at] for at in unknown]), strict=True):
                found[at] = one
        return found

    async def _once(self, calls: Sequence[Sequence[Any]]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipe:
            for words in calls:
                pipe.evalsha(self._digest, *words)
            found: list[Any] = await pipe.execute(raise_on_error=False)
        return found


class Limits:
    """The limits as one process keeps them."""

    def __init__(self, url: str) -> None:
        self._client: Any = redis.asyncio.Redis.from_url(
            url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
        )
        self._script = _Script(self._client, _TAKE)
        self._local: OrderedDict[str, Allowance] = OrderedDict()
        self._away_until_s = 0.0
        # Addresses that try keys, and until when no key of theirs that is new here is looked up.
        self._guessers: OrderedDict[str, float] = OrderedDict()

    async def take(self, caller: Caller, address: str) -> Left | None:
        """Let a caller ask once; return what is left, None where it is not known. Raises: Problem."""
        terms = caller.terms
        buckets = [Bucket(f"key:{caller.key_id}", terms.per_s, terms.burst), by_address(address)]
        day = f"day:{caller.owner_id}:{datetime.now(UTC):%Y%m%d}"
        empty, wait_s, asked, left = await self._ask(buckets, day, terms.per_day)
        match empty:
            case 1:
                raise _used_up(terms)
            case 2:
                raise _too_many("too-many-requests", f"This key may ask {terms.per_s} times a second.", wait_s, terms)
            case 3:
                raise _too_many("too-many-requests", "Too much comes from this address.", wait_s)
        return None if asked is None else Left(terms, left, max(0, terms.per_day - asked))

    async def take_open(self, address: str) -> None:
        """Let somebody without a key ask once. Raises: Problem."""
        empty, wait_s, *_ = await self._ask([by_address(address)])
        if empty:
            raise _too_many("too-many-requests", "Too much comes from this address.", wait_s)

    def refuse_guesser(self, address: str) -> None:
        """Refuse an address that has tried too many keys, before another one is looked up. Raises: Problem."""
        wait_s = self._guessers.get(_network(address), 0.0) - time.monotonic()
        if wait_s > 0:
            raise _too_many("too-many-guesses", "Too many unknown keys came from this address.", wait_s)

    async def guess(self, address: str) -> None:
        """Count an unknown key from an address. Raises: Problem."""
        network = _network(address)
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
            allowance = self._local.setdefault(bucket.name, Allowance(bucket.at_once, bucket.per_s, now_s))
            self._local.move_to_end(bucket.name)
            if not allowance.take(now_s):
                return number, 1 / bucket.per_s, None, 0
        while len(self._local) > LOCAL_MAX:
            self._local.popitem(last=False)
        return 0, 0, None, 0


def by_address(address: str) -> Bucket:
    """Return the bucket of all who ask from one address."""
    per_s = settings.API_ADDRESS_PER_S
    return Bucket(f"address:{_network(address)}", per_s, per_s * 2)


def _network(address: str) -> str:
    """Return what counts as one address: of IPv6 the network, for one host has as many as it likes."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _window_s(terms: Terms) -> int:
    return math.ceil(terms.burst / terms.per_s)


def _until_midnight_s() -> int:
    return DAY_S - int(time.time()) % DAY_S


def _used_up(terms: Terms) -> Problem:
    seconds = _until_midnight_s()
    detail = f"Your account may ask {terms.per_day:,} times a day. The next day begins at midnight UTC."
    return Problem("day-used-up", detail, headers={"Retry-After": str(seconds)} | Left(terms, 0, 0).headers())


def _too_many(code: str, detail: str, wait_s: float, terms: Terms | None = None) -> Problem:
    seconds = max(1, math.ceil(wait_s))
    headers = {"Retry-After": str(seconds)}
    if terms is not None:
        headers["RateLimit-Policy"] = f'"burst";q={terms.burst};w={_window_s(terms)}'
        headers["RateLimit"] = f'"burst";r=0;t={seconds}'
    return Problem(code, f"{detail} Try again in {seconds} s.", headers=headers)


_limits: WeakKeyDictionary[asyncio.AbstractEventLoop, Limits] = WeakKeyDictionary()


def running_limits() -> Limits:
    """Return the limits of this process; the connections belong to the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _limits:
        _limits[loop] = Limits(settings.REDIS_LIMITS_URL)
    return _limits[loop]
