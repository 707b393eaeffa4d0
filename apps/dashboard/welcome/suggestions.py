"""The live channels that are offered to somebody, by what interests them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from apps.channels.languages import language_name
from apps.dashboard.models import FirstVisit
from apps.dashboard.queries import read_channels
from apps.dashboard.search import find_channels
from apps.live.board import DEFAULT_BOARD
from apps.live.directory import Profile
from apps.live.live_channels import LIVE_CHANNELS
from apps.live.readings import ChannelNow
from apps.live.search import Search
from apps.live.table import matching_rows
from core.channels.address import NoChannel
from core.errors import ServiceAway

OFFERED = 12


@dataclass(frozen=True, slots=True)
class Offered:
    """A channel to pick; `viewers` is None where nobody knows them."""

    profile: Profile
    viewers: float | None
    is_picked: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a step offers: `picked` first, then what was searched for, then what fits the interests.

    `is_wider`: nothing live fits them, so the most viewed are offered. `is_away`: nobody can say what is live.
    `wrong`: why what was searched for names no channel.
    """

    channels: list[Offered]
    languages: list[str]
    categories: list[str]
    found: int
    is_wider: bool = False
    is_away: bool = False
    wrong: str = ""


def read_offer(visit: FirstVisit, text: str, now_ms: int) -> Offer:
    """Return what to offer now; `text` is what was searched for, "" nothing."""
    wrong, hits = "", list[Profile]()
    try:
        live = LIVE_CHANNELS.live(now_ms)
        hits = [hit.profile for hit in find_channels(text, DEFAULT_BOARD, now_ms)]
    except ServiceAway:
        return Offer([], [], [], 0, is_away=True)
    except NoChannel as error:
        wrong = str(error)
    fitting = _fitting(visit, live)
    shown = fitting or _most_viewed(Search(), live)
    profiles = {one.id: one for one in (*_picked(visit.channels, live, now_ms), *hits, *shown)}
    return Offer(
        [_offered(one, live, visit.channels) for one in profiles.values()],
        sorted({channel.profile.language for channel in live.values() if channel.profile.language}),
        sorted({channel.profile.category for channel in live.values() if channel.profile.category}),
        len(hits),
        is_wider=not fitting,
        wrong=wrong,
    )


def _fitting(visit: FirstVisit, live: Mapping[str, ChannelNow]) -> list[Profile]:
    languages = (language_name(visit.language),) if visit.language else ()
    search = Search(languages, visit.category, (visit.band,) if visit.band else ())
    return _most_viewed(search, live)


def _most_viewed(search: Search, live: Mapping[str, ChannelNow]) -> list[Profile]:
    return [row.channel.profile for row in matching_rows(search, live.values())[:OFFERED]]


def _picked(channel_ids: Collection[str], live: Mapping[str, ChannelNow], now_ms: int) -> list[Profile]:
    """Return who the picked channels are; one that is not live any more is looked up."""
    gone = [channel_id for channel_id in channel_ids if channel_id not in live]
    reading = read_channels(gone, now_ms) if gone else None
    known = {channel_id: channel.profile for channel_id, channel in (reading.channels if reading else {}).items()}
    known |= {channel_id: live[channel_id].profile for channel_id in channel_ids if channel_id in live}
    return [known.get(channel_id) or Profile(channel_id, "", f"channel {channel_id}") for channel_id in channel_ids]


def _offered(profile: Profile, live: Mapping[str, ChannelNow], picked: Collection[str]) -> Offered:
    viewers = live[profile.id].values.get("viewers") if profile.id in live else None
    return Offered(profile, viewers, profile.id in picked)
