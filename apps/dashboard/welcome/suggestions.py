"""Channel suggestions for the first visit, by interests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from apps.channels.languages import language_name
from apps.dashboard.models import FirstVisit
from apps.dashboard.queries import read_channels
from apps.dashboard.search import find_channels
from apps.live.board import Board
from apps.live.directory import Profile
from apps.live.readings import ChannelNow, LiveBoards
from apps.live.search import Search
from apps.live.services import LiveServices
from apps.live.table import matching_rows
from core.channels.address import InvalidChannel
from core.errors import ServiceUnavailable

SUGGESTIONS_MAX = 12


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested channel; `viewers` is None if unknown."""

    profile: Profile
    viewers: float | None
    is_picked: bool


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The suggestions of a step: picked channels, then search results, then channels that match the interests.

    `is_wider` means that no live channel matches, so the most viewed are suggested. `is_away` means that Redis is
    unavailable. `error` is the message about an invalid search text, or "".
    """

    channels: list[Suggestion]
    languages: list[str]
    categories: list[str]
    found: int
    is_wider: bool = False
    is_away: bool = False
    error: str = ""


def read_suggestions(services: LiveServices, visit: FirstVisit, text: str, now_ms: int) -> Suggestions:
    """Return the current suggestions; `text` is the search text or ""."""
    error_text, hits = "", list[Profile]()
    try:
        live = services.channels.live(now_ms)
        hits = [hit.profile for hit in find_channels(text, Board(), now_ms)]
    except ServiceUnavailable:
        return Suggestions([], [], [], 0, is_away=True)
    except InvalidChannel as error:
        error_text = str(error)
    matching = _most_viewed(search_of(visit), live)
    suggested = matching or _most_viewed(Search(), live)
    picked = _picked(services.boards, visit.channels, live, now_ms)
    profiles = {profile.id: profile for profile in (*picked, *hits, *suggested)}
    return Suggestions(
        [_suggestion(profile, live, visit.channels) for profile in profiles.values()],
        sorted({channel.profile.language_name for channel in live.values() if channel.profile.language}),
        sorted({channel.profile.category for channel in live.values() if channel.profile.category}),
        len(hits),
        is_wider=not matching,
        error=error_text,
    )


def search_of(visit: FirstVisit) -> Search:
    """Return the search for channels that match the interests."""
    languages = (language_name(visit.language),) if visit.language else ()
    return Search(languages, visit.category, (visit.band,) if visit.band else ())


def _most_viewed(search: Search, live: Mapping[str, ChannelNow]) -> list[Profile]:
    return [row.channel.profile for row in matching_rows(search, live.values())[:SUGGESTIONS_MAX]]


def _picked(
    boards: LiveBoards, channel_ids: Collection[str], live: Mapping[str, ChannelNow], now_ms: int
) -> list[Profile]:
    """Return the profiles of the picked channels, including those that are no longer live."""
    offline = [channel_id for channel_id in channel_ids if channel_id not in live]
    reading = read_channels(boards, offline, now_ms) if offline else None
    known = {channel_id: channel.profile for channel_id, channel in (reading.channels if reading else {}).items()}
    known |= {channel_id: live[channel_id].profile for channel_id in channel_ids if channel_id in live}
    return [known.get(channel_id) or Profile(channel_id, "", f"channel {channel_id}") for channel_id in channel_ids]


def _suggestion(profile: Profile, live: Mapping[str, ChannelNow], picked: Collection[str]) -> Suggestion:
    viewers = live[profile.id].values.get("viewers") if profile.id in live else None
    return Suggestion(profile, viewers, profile.id in picked)
