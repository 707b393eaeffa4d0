"""Finding a followed channel by its name or login, and where it stands or why it does not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import QuerySet

from apps.channels.models import Channel
from apps.channels.queries import name_filter
from apps.curation.queries import public_channels
from apps.dashboard.summary import now_note
from apps.live.directory import Directory, Profile, profile_of
from apps.live.readings import ChannelNow, channel_now
from apps.metrics.board_reader import BoardReader
from core.channels.address import searched
from core.errors import ServiceAway
from core.metrics.ranking import is_live
from core.metrics.table import METRIC

TEXT_MAX = 64
FOUND_MAX = 20
GONE = "not followed just now"


@dataclass(frozen=True, slots=True)
class Hit:
    """A channel that was found; `said` is its rank on the board that was asked about, or why it has none."""

    profile: Profile
    said: str


def find_channels(text: str, metric: str, now_ms: int) -> list[Hit]:
    """Return the channels whose name or login holds `text`, those that begin with it first.

    An address finds its channel alone, an id the channel that has it. Raises: ServiceAway, NoChannel.
    """
    wanted, is_exact = searched(text)
    wanted = wanted[:TEXT_MAX]
    return async_to_sync(_find)(wanted, is_exact, metric, now_ms) if wanted else []


async def _find(wanted: str, is_exact: bool, metric: str, now_ms: int) -> list[Hit]:
    directory, reader = Directory(settings.REDIS_STREAMS_URL), BoardReader(settings.REDIS_BOARDS_URL)
    try:
        await directory.refresh(now_ms)
        if directory.is_unsure:
            raise ServiceAway("Redis cannot say which channels are live")
        live = directory.search(wanted, is_exact=is_exact)
        known = {profile.id for profile in live}
        archived = {one.id: profile_of(one) async for one in _archived(wanted, is_exact) if one.id not in known}
        # One that was called so before may be live under its new name.
        others = list((archived | await directory.find(archived, now_ms)).values())
        profiles = sorted([*live, *others], key=lambda one: _distance(one, wanted))[:FOUND_MAX]
        ids = [profile.id for profile in profiles]
        values, ranks = await reader.values(ids), await _ranks(reader, metric, ids, directory.barred)
        newest_end_ms = (await reader.standings({})).newest_end_ms
    finally:
        await directory.aclose()
        await reader.aclose()
    recent = {i for i, window in values.items() if is_live(window.end_ms, newest_end_ms, is_offline=False)}
    followed = known | recent
    return [
        Hit(
            one,
            said_of(metric, channel_now(one, values.get(one.id)), ranks.get(one.id)) if one.id in followed else GONE,
        )
        for one in profiles
    ]


async def _ranks(reader: BoardReader, metric: str, ids: Collection[str], barred: Collection[str]) -> dict[str, int]:
    """Return the ranks that the board shows: channels that are not shown take no place on it."""
    ranks = await reader.ranks(metric, [*ids, *barred])
    hidden = [ranks[channel_id] for channel_id in barred if channel_id in ranks]
    return {i: ranks[i] - sum(one < ranks[i] for one in hidden) for i in ids if i in ranks}


def said_of(metric: str, now: ChannelNow, rank: int | None) -> str:
    """Return a channel's rank on a board, or why it is not ranked."""
    if rank is not None:
        return f"Rank {rank:,} of {METRIC[metric].label}"
    return f"{METRIC[metric].label}: {now_note(metric, now) or 'not ranked just now'}"


def hits_json(hits: Sequence[Hit]) -> list[dict[str, str]]:
    """Return what the script shows of each."""
    return [
        {
            "id": hit.profile.id,
            "name": hit.profile.name,
            "category": hit.profile.category,
            "language": hit.profile.language,
            "said": hit.said,
        }
        for hit in hits
    ]


def _archived(wanted: str, is_exact: bool) -> QuerySet[Channel]:
    return public_channels().filter(name_filter(wanted, is_exact=is_exact))[: FOUND_MAX * 2]


def _distance(profile: Profile, wanted: str) -> int:
    """Return how a channel fits the searched text: 0 by its id, 1 by its login, 2 by a beginning, 3 by a part."""
    start = wanted.casefold()
    if profile.id == wanted:
        return 0
    if profile.login.casefold() == start:
        return 1
    return 2 if profile.login.casefold().startswith(start) or profile.name.casefold().startswith(start) else 3
