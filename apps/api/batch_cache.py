"""Batching cache: concurrent and recent lookups share one fetch."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# Limit of recently used keys that a fetch refreshes besides the requested one, so that no fetch takes long.
EXTRA_KEYS_MAX = 50


@dataclass(slots=True)
class _Fetch(Generic[K, V]):
    """A fetch, running or finished, and its start time."""

    started_s: float
    task: asyncio.Task[Mapping[K, V]]


class BatchCache(Generic[K, V]):
    """Caches the values that `fetch` returns for `ttl_s` from the start of the fetch; holds up to `max_keys` keys.

    A fetch for an expired key also refreshes the keys used since the fetch before it.
    """

    def __init__(
        self,
        fetch: Callable[[Collection[K]], Awaitable[Mapping[K, V]]],
        ttl_s: float,
        max_keys: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._ttl_s = ttl_s
        self._max_keys = max_keys
        self._clock = clock
        self._fetches: OrderedDict[K, _Fetch[K, V]] = OrderedDict()
        # Keys used since the last fetch started, as an ordered set: the next fetch includes them.
        self._recent_keys: dict[K, None] = {}

    def __contains__(self, key: K) -> bool:
        """Return whether a key has a value in the cache, perhaps an expired one, or is being fetched."""
        return key in self._fetches

    async def get(self, key: K) -> V | None:
        """Return the value of a key, None if it has none. Raises what `fetch` raises."""
        fetch = self._fetches.get(key)
        if fetch is None or self._clock() - fetch.started_s >= self._ttl_s:
            fetch = self._start_fetch(key)
        try:
            # Shielded, because other callers wait for the same task.
            value = (await asyncio.shield(fetch.task)).get(key)
        except Exception:
            self._discard(key, fetch)
            raise
        if value is None:
            self._discard(key, fetch)
        else:
            self._recent_keys[key] = None
        return value

    def items(self) -> Iterator[tuple[K, V | None]]:
        """Yield each cached key with its value, None while the fetch is running."""
        for key, fetch in list(self._fetches.items()):
            is_fetched = fetch.task.done() and not fetch.task.cancelled() and fetch.task.exception() is None
            yield key, fetch.task.result().get(key) if is_fetched else None

    def invalidate(self, key: K) -> None:
        """Remove a key, so that the next `get` fetches it."""
        self._fetches.pop(key, None)

    def _start_fetch(self, key: K) -> _Fetch[K, V]:
        keys = {key: None} | dict.fromkeys(islice(self._recent_keys, EXTRA_KEYS_MAX))
        self._recent_keys = {}
        fetch = _Fetch(self._clock(), asyncio.ensure_future(self._run_fetch(list(keys))))
        for fetched_key in keys:
            self._fetches[fetched_key] = fetch
            self._fetches.move_to_end(fetched_key)
        while len(self._fetches) > self._max_keys:
            self._fetches.popitem(last=False)
        return fetch

    async def _run_fetch(self, keys: Collection[K]) -> Mapping[K, V]:
        return await self._fetch(keys)

    def _discard(self, key: K, fetch: _Fetch[K, V]) -> None:
        if self._fetches.get(key) is fetch:
            del self._fetches[key]
