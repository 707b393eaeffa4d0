"""What we are told to listen to: the list of streams, from Redis, and people's rules, from the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import django.db
import redis
import redis.asyncio
from channels.db import database_sync_to_async
from django.conf import settings

from apps.curation import queries
from apps.curation.queries import Rules
from apps.ingest import channel_list
from apps.ingest.channel_list import Stream
from apps.ingest.listening.hash_keys import Keys
from twitchly.clock import now_ms as wall_ms

log = logging.getLogger(__name__)

RULES_EVERY_S = 10.0
DATABASE_EVERY_S = 2.0


class Wishes:
    """Keeps the latest of each, and calls `changed` when one is new; what cannot be read leaves the last one.

    `know_viewers` is whether the viewers that `streams` tells are young enough to be believed. The day's hash
    keys, from the same database, are fetched into `keys` ahead of their time by the producer's clock `now_ms`.
    """

    def __init__(self, keys: Keys, now_ms: Callable[[], int], changed: Callable[[], None]) -> None:
        self._keys = keys
        self._now_ms = now_ms
        self._changed = changed
        self._fetched_ms = 0
        self.streams: Mapping[str, Stream] = {}
        self.know_viewers = True
        self.rules = Rules(frozenset(), frozenset(), frozenset())

    async def first_rules(self, stop: Callable[[], bool]) -> None:
        """Wait for the database to answer once."""
        for _ in iter(stop, True):
            if await self._ask_database():
                return
            await asyncio.sleep(DATABASE_EVERY_S)

    async def follow_rules(self) -> None:
        """Look for new rules for ever."""
        while True:
            await asyncio.sleep(RULES_EVERY_S)
            await self._ask_database()

    async def follow_streams(self) -> None:
        """Look for a new list every second, for ever."""
        client = redis.asyncio.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=5)
        waiting = 0
        async with client:
            while True:
                await self._look(client)
                if not self._fetched_ms and waiting % 10 == 0:
                    log.warning("waiting for the stream snapshot in Redis (Celery writes it every 60 s)")
                waiting += 1
                await asyncio.sleep(1)

    async def _look(self, client: redis.asyncio.Redis) -> None:
        """Take the snapshot when it is new, and forget its viewers when it is old."""
        try:
            current = await channel_list.read(client)
        except (redis.RedisError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the stream snapshot cannot be read, the last list stays: %s", error)
            current = None
        is_new = current is not None and bool(current.streams) and current.fetched_ms != self._fetched_ms
        if current is not None and is_new:
            self._fetched_ms, self.streams = current.fetched_ms, current.streams
        know_viewers = wall_ms() - self._fetched_ms < settings.VIEWERS_UNKNOWN_S * 1000
        if is_new or (self._fetched_ms and know_viewers != self.know_viewers):
            self.know_viewers = know_viewers
            self._changed()

    async def _ask_database(self) -> bool:
        """Fetch keys and rules; while the database is away the last ones stay: listening needs it once a day."""
        try:
            await self._keys.fetch(self._now_ms())
            rules = await database_sync_to_async(queries.rules)()
        except django.db.Error as error:
            log.warning("the database does not answer, the last rules and keys stay: %s", error)
            return False
        if rules != self.rules:
            self.rules = rules
            self._changed()
        return True
