"""Who a channel is: from the stream snapshot while it is live, else from the channel table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import redis
import redis.asyncio
from channels.db import database_sync_to_async

from apps.channels.languages import language_name
from apps.channels.models import Channel
from apps.ingest import channel_list
from apps.ingest.channel_list import Stream

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
    """Finds profiles. A snapshot that is missing or cannot be read leaves the last one in use.

    Channels that are blocked or opted out are not on the list, but may still have figures for a while.
    """

    def __init__(self, url: str) -> None:
        # Whether a channel that is not found may be live all the same.
        self.is_unsure = False
        # When Twitch was asked for the viewers that are known, None before the first snapshot.
        self.viewers_at_ms: int | None = None
        # Who is not to be found: blocked, or opted out.
        self.barred: frozenset[str] = frozenset()
        self._client = redis.asyncio.Redis.from_url(url, socket_timeout=5)
        self._streams: Mapping[str, Stream] = {}
        self._live: Mapping[str, Profile] = {}
        self._read_ms: int | None = None
        self._archived: dict[str, Profile] = {}

    async def find(self, channel_ids: Iterable[str], now_ms: int) -> dict[str, Profile]:
        """Return the profile of each channel that we know."""
        await self.refresh(now_ms)
        ids = set(channel_ids)
        await self._look_up(ids - self._live.keys() - self._archived.keys())
        live = {channel_id: self._live[channel_id] for channel_id in ids & self._live.keys()}
        return {channel_id: self._archived[channel_id] for channel_id in ids & self._archived.keys()} | live

    def matching(self, category: str, language: str) -> set[str]:
        """Return the channels of the snapshot in a category and language (Twitch's code); "" is any."""
        return {
            stream.id
            for stream in self._streams.values()
            if category in ("", stream.category) and language in ("", stream.language)
        }

    def categories(self) -> list[str]:
        """Return the categories of the channels that are live, by name."""
        return sorted({stream.category for stream in self._streams.values() if stream.live and stream.category})

    def languages(self) -> list[tuple[str, str]]:
        """Return the languages of the channels that are live, by name: Twitch's code and the name."""
        codes = {stream.language for stream in self._streams.values() if stream.live and stream.language}
        return sorted(((code, language_name(code)) for code in codes), key=lambda one: one[1])

    def named(self, text: str, *, is_whole: bool = False) -> list[Profile]:
        """Return the channels of the snapshot that a search finds, most viewed first."""
        return [one for one in self._live.values() if is_called(one, text, is_whole=is_whole)]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def refresh(self, now_ms: int) -> None:
        """Read the snapshot again when it is due."""
        if self._read_ms is not None and 0 <= now_ms - self._read_ms < SNAPSHOT_KEPT_MS:
            return
        self._read_ms = now_ms
        try:
            found = await channel_list.read(self._client)
        except (redis.RedisError, ValueError, KeyError, TypeError) as error:
            self.is_unsure = True
            log.warning("the stream snapshot cannot be read, names stay as they were: %s", error)
            return
        self.is_unsure = False
        if found is not None:
            self.barred = found.barred
            self._streams = found.streams
            self._live = {stream.id: _of_stream(stream) for stream in self._streams.values()}
            self.viewers_at_ms = found.fetched_ms

    async def _look_up(self, channel_ids: set[str]) -> None:
        if channel_ids:
            self._archived |= await database_sync_to_async(_archived)(channel_ids)


def is_called(profile: Profile, text: str, *, is_whole: bool = False) -> bool:
    """Tell whether a channel has this id, or its name or login holds `text`; `is_whole`: it is the login."""
    if profile.id == text or is_whole:
        return text in (profile.id, profile.login)
    wanted = text.casefold()
    return wanted in profile.login.casefold() or wanted in profile.name.casefold()


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
    return {channel.id: of_channel(channel) for channel in channels}


def of_channel(channel: Channel) -> Profile:
    """Return who a channel was when it was last seen."""
    name = channel.name or channel.login
    return Profile(channel.id, channel.login, name, channel.category, language_name(channel.language), channel.title)
