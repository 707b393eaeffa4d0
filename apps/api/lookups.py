"""Lookups shared by the requests of a process: API clients by key, and live readings.

Concurrent lookups become one fetch, whose values are cached for a second or less.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Generic, TypeVar

from channels.db import database_sync_to_async

from apps.api.keys.queries import ApiClient, find_clients
from apps.api.keys.revocation import session_name
from apps.api.problems import Problem
from apps.live.board import Board
from apps.live.readings import LiveBoards, Reading
from twitchly.clock import now_ms

# A revoked key is refused within a second, even without a notification.
CLIENT_TTL_S = 0.8  # defense: revoked-keys
CLIENTS_MAX = 10_000
READING_TTL_S = 1.0
BOARDS_MAX = 300

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# Maximum number of recently used keys that a fetch also refreshes. The limit keeps every fetch fast.
EXTRA_KEYS_MAX = 50


@dataclass(slots=True)
class _Fetch(Generic[K, V]):
    """A fetch, running or finished, and its start time."""

    started_s: float
    task: asyncio.Task[Mapping[K, V]]


class BatchCache(Generic[K, V]):
    """Caches the values returned by `fetch`. They expire `ttl_s` after the fetch started. Holds up to `max_keys` keys.

    A fetch for an expired key also refreshes the keys used since the previous fetch.
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
        """Return whether the cache contains a value for a key, even an expired one, or is fetching it."""
        return key in self._fetches

    async def get(self, key: K) -> V | None:
        """Return the value for a key, or None if there is none. Propagates exceptions from `fetch`."""
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
        """Yield each key with its value, or with None if the value has not been fetched."""
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


class ApiClientCache:
    """The API clients of one process, by the digests of their keys."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = BatchCache(_fetch_clients, CLIENT_TTL_S, CLIENTS_MAX, clock)

    def is_cached(self, digest: str) -> bool:
        """Return whether this key belonged to an account at its last lookup in this process."""
        return digest in self._clients

    async def find(self, digest: str) -> ApiClient:
        """Return the client of a key that is valid now. Raises: Problem."""
        client = await self._clients.get(digest)
        if client is None:
            raise Problem("unknown-key", "Unknown API key. Create one on the “API keys” page of your account.")
        require_valid_key(client)
        return client

    def invalidate_session(self, session: str) -> None:
        """Remove the key of an ended session from the cache. The hub calls this."""
        for digest, client in self._clients.items():
            # A running fetch may have read the key before its revocation.
            if client is None or session_name(client.key_id) == session:
                self._clients.invalidate(digest)


async def _fetch_clients(digests: Collection[str]) -> Mapping[str, ApiClient]:
    # Several requests wait for this lookup, so it must not run in the thread of any one of them.
    find = database_sync_to_async(find_clients, thread_sensitive=False)
    clients: Mapping[str, ApiClient] = await find(digests)
    return clients


def require_valid_key(client: ApiClient) -> None:
    """Refuse a client whose key is revoked or expired. Raises: Problem."""
    if client.state == "revoked":
        raise Problem("revoked-key", "This key was revoked. Create a new one on the “API keys” page of your account.")
    # The state was cached, so the key may have expired since then.
    has_expired = client.expires_at is not None and client.expires_at <= datetime.now(UTC)
    if client.state == "expired" or has_expired:  # defense: expired-keys
        raise Problem("expired-key", "This key has expired. Create a new one on the “API keys” page of your account.")


class Readings:
    """The newest readings, at most READING_TTL_S old. Methods raise ServiceUnavailable."""

    def __init__(self, live: LiveBoards) -> None:
        self._live = live
        self._boards: BatchCache[Board, Reading] = BatchCache(self._read_boards, READING_TTL_S, BOARDS_MAX)
        self._channels: BatchCache[None, Reading] = BatchCache(self._read_channels, READING_TTL_S, 1)

    async def of_board(self, board: Board) -> Reading:
        """Return a reading that contains a board."""
        return _required(await self._boards.get(board))

    async def of_channels(self) -> Reading:
        """Return a reading of all live channels."""
        return _required(await self._channels.get(None))

    async def _read_boards(self, boards: Collection[Board]) -> Mapping[Board, Reading]:
        return dict.fromkeys(boards, await self._live.read(boards, (), now_ms()))

    async def _read_channels(self, _: Collection[None]) -> Mapping[None, Reading]:
        return {None: await self._live.read_all(now_ms())}


def _required(reading: Reading | None) -> Reading:
    assert reading is not None  # noqa: S101  a fetch returns a reading for every key
    return reading
