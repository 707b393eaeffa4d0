"""Channel profiles: from the channel list while a channel is listed, otherwise from the channel table."""

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
from core.channels.stream import Stream

CHANNEL_LIST_TTL_MS = 10_000
# The URL of a channel on Twitch, without its login.
TWITCH = "https://www.twitch.tv/"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Profile:
    """The descriptive fields of a channel. Live frames contain all of them: see `types/server.d.ts`.

    `language` is Twitch's code. `started_at` is ISO 8601, empty while the channel is offline. `is_offline` is whether
    Twitch reports the channel as offline.
    """

    id: str
    login: str
    name: str
    category: str = ""
    language: str = ""
    title: str = ""
    started_at: str = ""
    is_offline: bool = False

    @property
    def language_name(self) -> str:
        """The English name of the language."""
        return language_name(self.language)


class Directory:
    """Looks up profiles. If the channel list is missing or unreadable, the previous one stays in use.

    Blocked and opted-out channels are not on the list, but may still have live values for a while.
    """

    def __init__(self, url: str) -> None:
        # True if the list could not be read; a channel that is missing from it may then still be live.
        self.is_unsure = False
        # Time at which the viewer counts were fetched from Twitch; None before the first list.
        self.viewers_at_ms: int | None = None
        # Ids of channels that must not be shown: blocked or opted out.
        self.excluded: frozenset[str] = frozenset()
        self._client = redis.asyncio.Redis.from_url(url, socket_timeout=5)
        self._streams: Mapping[str, Stream] = {}
        self._live: Mapping[str, Profile] = {}
        self._read_ms: int | None = None
        self._archived: dict[str, Profile] = {}

    async def find(self, channel_ids: Iterable[str], now_ms: int) -> dict[str, Profile]:
        """Return the profiles of the known channels with these ids."""
        await self.refresh(now_ms)
        ids = set(channel_ids)
        await self._look_up(ids - self._live.keys() - self._archived.keys())
        live = {channel_id: self._live[channel_id] for channel_id in ids & self._live.keys()}
        return {channel_id: self._archived[channel_id] for channel_id in ids & self._archived.keys()} | live

    def matching(self, category: str, language: str) -> set[str]:
        """Return the ids of listed channels in a category and language (Twitch code); "" means all."""
        return {
            stream.id
            for stream in self._streams.values()
            if category in ("", stream.category) and language in ("", stream.language)
        }

    def categories(self) -> list[str]:
        """Return the categories of live channels, sorted."""
        return sorted({stream.category for stream in self._streams.values() if stream.live and stream.category})

    def languages(self) -> list[tuple[str, str]]:
        """Return the languages of live channels as (Twitch code, name), sorted by name."""
        codes = {stream.language for stream in self._streams.values() if stream.live and stream.language}
        return sorted(((code, language_name(code)) for code in codes), key=lambda language: language[1])

    def search(self, text: str, *, is_exact: bool = False) -> list[Profile]:
        """Return the listed channels that match a search, most viewers first."""
        return [profile for profile in self._live.values() if matches_text(profile, text, is_exact=is_exact)]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def refresh(self, now_ms: int) -> None:
        """Read the channel list again if it is older than CHANNEL_LIST_TTL_MS."""
        if self._read_ms is not None and 0 <= now_ms - self._read_ms < CHANNEL_LIST_TTL_MS:
            return
        self._read_ms = now_ms
        try:
            snapshot = await channel_list.read(self._client)
        except (redis.RedisError, ValueError, KeyError, TypeError) as error:
            self.is_unsure = True
            log.warning("channel list not read, keeping the previous list: %s", error)
            return
        self.is_unsure = False
        if snapshot is not None:
            self.excluded = snapshot.excluded
            self._streams = snapshot.streams
            self._live = {stream.id: _stream_profile(stream) for stream in self._streams.values()}
            self.viewers_at_ms = snapshot.fetched_ms

    async def _look_up(self, channel_ids: set[str]) -> None:
        if channel_ids:
            self._archived |= await database_sync_to_async(_read_archived)(channel_ids)


def matches_text(profile: Profile, text: str, *, is_exact: bool = False) -> bool:
    """Return whether `text` is a channel's id or part of its name or login; with `is_exact`, its id or login."""
    if profile.id == text or is_exact:
        return text in (profile.id, profile.login)
    folded = text.casefold()
    return folded in profile.login.casefold() or folded in profile.name.casefold()


def _stream_profile(stream: Stream) -> Profile:
    return Profile(
        stream.id,
        stream.login,
        stream.name or stream.login,
        stream.category,
        stream.language,
        stream.title,
        stream.started_at if stream.live else "",
        not stream.live,
    )


def _read_archived(channel_ids: set[str]) -> dict[str, Profile]:
    channels = Channel.objects.filter(pk__in=channel_ids)
    return {channel.id: profile_of(channel) for channel in channels}


def profile_of(channel: Channel) -> Profile:
    """Return the profile of a channel as last seen."""
    name = channel.name or channel.login
    return Profile(channel.id, channel.login, name, channel.category, channel.language, channel.title)
