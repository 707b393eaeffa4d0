"""The producer's targets: the channel list from Redis and curation rules from the database."""

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
from apps.ingest import channel_list
from apps.ingest.listening.hash_keys import HashKeyCache
from core.channels.rules import IntakeRules
from core.channels.stream import Stream
from twitchly.clock import now_ms as wall_ms

log = logging.getLogger(__name__)

RULES_EVERY_S = 10.0
DATABASE_EVERY_S = 2.0


class ChannelTargets:
    """Keeps the latest channel list and rules; if a read fails, the previous ones stay in use.

    `know_viewers` is True while the viewer counts in `streams` are recent. The hash keys for the days around `now_ms`,
    the producer's clock, are prefetched into `keys` together with the rules.
    """

    def __init__(self, keys: HashKeyCache, now_ms: Callable[[], int]) -> None:
        self._keys = keys
        self._now_ms = now_ms
        self._fetched_ms = 0
        self.streams: Mapping[str, Stream] = {}
        self.know_viewers = True
        self.rules = IntakeRules()

    async def wait_for_rules(self, stop: Callable[[], bool]) -> None:
        """Wait until the rules have been read once."""
        for _ in iter(stop, True):
            if await self._refresh_rules() is not None:
                return
            await asyncio.sleep(DATABASE_EVERY_S)

    async def poll_rules(self, changed: Callable[[], None]) -> None:
        """Poll the rules forever; call `changed` when they have changed."""
        while True:
            await asyncio.sleep(RULES_EVERY_S)
            if await self._refresh_rules():
                changed()

    async def poll_channel_list(self, changed: Callable[[], None]) -> None:
        """Poll the channel list every second, forever; call `changed` for a new list or when viewer counts expire."""
        client = redis.asyncio.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=5)
        attempts = 0
        async with client:
            while True:
                if await self._refresh_list(client):
                    changed()
                if not self._fetched_ms and attempts % 10 == 0:
                    log.warning("waiting for the channel list in Redis (Celery writes it every 60 s)")
                attempts += 1
                await asyncio.sleep(1)

    async def _refresh_list(self, client: redis.asyncio.Redis) -> bool:
        """Read the channel list.

        Return whether the list has changed, or whether its viewer counts have become recent or outdated.
        """
        try:
            current = await channel_list.read(client)
        except (redis.RedisError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("channel list not read, keeping the previous list: %s", error)
            current = None
        is_new = current is not None and bool(current.streams) and current.fetched_ms != self._fetched_ms
        if current is not None and is_new:
            self._fetched_ms, self.streams = current.fetched_ms, current.streams
        know_viewers = wall_ms() - self._fetched_ms < settings.VIEWERS_UNKNOWN_S * 1000
        has_changed = is_new or (self._fetched_ms > 0 and know_viewers != self.know_viewers)
        if has_changed:
            self.know_viewers = know_viewers
        return has_changed

    async def _refresh_rules(self) -> bool | None:
        """Fetch keys and rules; return whether the rules have changed, or None if the database is unavailable.

        During an outage of up to a day, the previous keys and rules suffice.
        """
        try:
            await self._keys.fetch(self._now_ms())
            rules: IntakeRules = await database_sync_to_async(queries.rules)()
        except django.db.Error as error:
            log.warning("rules and keys not read, keeping the previous ones: %s", error)
            return None
        has_changed, self.rules = rules != self.rules, rules
        return has_changed
