"""Who a channel is: from the stream snapshot while it is live, else from the channel table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import redis
import redis.asyncio
from channels.db import database_sync_to_async
from django.utils.translation import get_language_info

from apps.ingest import snapshot
from apps.ingest.models import Channel
from apps.ingest.snapshot import Stream

SNAPSHOT_KEPT_MS = 10_000
# Where a channel is on Twitch, by its login.
TWITCH = "https://www.twitch.tv/"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Profile:
    """What is written beside a channel's figures.

    `started_at` is ISO 8601, empty when it is not live. `is_offline`: Twitch has just said that it is.
    """

    id: str
    login: str
    name: str
    category: str = ""
    language: str = ""
    title: str = ""
    started_at: str = ""
    is_offline: bool = False


class Directory:
    """Finds profiles. A snapshot that is missing or cannot be read leaves the last one in use."""

    def __init__(self, url: str) -> None:
        # Whether a channel that is not found may be live all the same.
        self.is_unsure = False
        # When Twitch was asked for the viewers that are known, None before the first snapshot.
        self.viewers_at_ms: int | None = None
        self._client = redis.asyncio.Redis.from_url(url, socket_timeout=5)
        self._streams: Mapping[str, Stream] = {}
        self._read_ms: int | None = None
        self._archived: dict[str, Profile] = {}

    async def find(self, channel_ids: Iterable[str], now_ms: int) -> dict[str, Profile]:
        """Return the profile of each channel that we know."""
        await self._refresh(now_ms)
        ids = set(channel_ids)
        await self._look_up(ids - self._streams.keys() - self._archived.keys())
        live = {channel_id: _of_stream(self._streams[channel_id]) for channel_id in ids & self._streams.keys()}
        return {channel_id: self._archived[channel_id] for channel_id in ids & self._archived.keys()} | live

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _refresh(self, now_ms: int) -> None:
        if self._read_ms is not None and 0 <= now_ms - self._read_ms < SNAPSHOT_KEPT_MS:
            return
        self._read_ms = now_ms
        try:
            found = await snapshot.read(self._client)
        except (redis.RedisError, ValueError, KeyError, TypeError) as error:
            self.is_unsure = True
            log.warning("the stream snapshot cannot be read, names stay as they were: %s", error)
            return
        self.is_unsure = False
        if found is not None:
            self._streams = found.streams
            self.viewers_at_ms = found.fetched_ms

    async def _look_up(self, channel_ids: set[str]) -> None:
        if channel_ids:
            self._archived |= await database_sync_to_async(_archived)(channel_ids)


def _of_stream(stream: Stream) -> Profile:
    return Profile(
        stream.id,
        stream.login,
        stream.name or stream.login,
        stream.category,
        language_name(stream.language),
        stream.title,
        stream.started_at if stream.live else "",
        not stream.live,
    )


def _archived(channel_ids: set[str]) -> dict[str, Profile]:
    channels = Channel.objects.filter(pk__in=channel_ids)
    return {channel.id: _of_channel(channel) for channel in channels}


def _of_channel(channel: Channel) -> Profile:
    name = channel.name or channel.login
    return Profile(channel.id, channel.login, name, channel.category, language_name(channel.language), channel.title)


def language_name(code: str) -> str:
    """Return what a language is called, or the code where nobody knows."""
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code
