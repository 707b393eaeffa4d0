"""Channel search by name or login, with the rank of each result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import QuerySet

from apps.channels.models import Channel
from apps.channels.queries import name_filter
from apps.curation.queries import public_channels
from apps.live.board import Board
from apps.live.directory import Directory, Profile, profile_of
from apps.live.display import now_note
from apps.live.readings import ChannelNow, channel_now
from apps.metrics.board_reader import BoardReader
from core.channels.address import parse_search
from core.channels.stream import NAME_MAX
from core.errors import ServiceUnavailable
from core.inputs.readable_text import one_line
from core.metrics.ranking import is_live
from core.metrics.windows import DEFAULT_WINDOW

FOUND_MAX = 20
NOT_TRACKED = "not tracked right now"


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result; `rank_text` is the channel's rank on the board, or the reason why it has none."""

    profile: Profile
    rank_text: str


def find_channels(text: str, board: Board, now_ms: int) -> list[Hit]:
    """Return the channels whose name or login contains `text`, beginning with those that start with it.

    Ranks are the ranks on `board` without its filters. A Twitch URL or an id matches only its channel.
    Raises: ServiceUnavailable, InvalidChannel.
    """
    needle, is_exact = parse_search(text)
    needle = one_line(needle, NAME_MAX)
    return async_to_sync(_find)(needle, is_exact, board, now_ms) if needle else []


async def _find(needle: str, is_exact: bool, board: Board, now_ms: int) -> list[Hit]:
    directory, reader = Directory(settings.REDIS_STREAMS_URL), BoardReader(settings.REDIS_BOARDS_URL)
    try:
        await directory.refresh(now_ms)
        if directory.is_unsure:
            raise ServiceUnavailable("cannot read from Redis which channels are live")
        listed = directory.search(needle, is_exact=is_exact)
        known = {profile.id for profile in listed}
        archived = {
            channel.id: profile_of(channel) async for channel in _archived(needle, is_exact) if channel.id not in known
        }
        # A channel with a matching former login may be live under its new login.
        others = list((archived | await directory.find(archived, now_ms)).values())
        profiles = sorted([*listed, *others], key=lambda profile: _distance(profile, needle))[:FOUND_MAX]
        ids = [profile.id for profile in profiles]
        live = await reader.values(ids)
        values = live if board.window == DEFAULT_WINDOW else await reader.values(ids, board.window)
        ranks = await _ranks(reader, board.key, ids, directory.excluded)
        newest_end_ms = (await reader.rankings({})).newest_end_ms
    finally:
        await directory.aclose()
        await reader.aclose()
    recent = {i for i, window in live.items() if is_live(window.end_ms, newest_end_ms, is_offline=False)}
    tracked = known | recent
    return [
        Hit(
            profile,
            rank_text(board, channel_now(profile, values.get(profile.id)), ranks.get(profile.id))
            if profile.id in tracked
            else NOT_TRACKED,
        )
        for profile in profiles
    ]


async def _ranks(reader: BoardReader, board: str, ids: Collection[str], excluded: Collection[str]) -> dict[str, int]:
    """Return ranks as displayed on the board, without excluded channels."""
    ranks = await reader.ranks(board, [*ids, *excluded])
    excluded_ranks = [ranks[channel_id] for channel_id in excluded if channel_id in ranks]
    return {i: ranks[i] - sum(rank < ranks[i] for rank in excluded_ranks) for i in ids if i in ranks}


def rank_text(board: Board, now: ChannelNow, rank: int | None) -> str:
    """Return a channel's rank on a board, or the reason why it has none; `now` contains its values over the window."""
    if rank is not None:
        return f"Rank {rank:,} on {board.label}"
    return f"{board.label}: {now_note(board.metric, now) or 'not ranked right now'}"


def hits_json(hits: Sequence[Hit]) -> list[dict[str, str]]:
    """Return the fields of each result that the script shows."""
    return [
        {
            "id": hit.profile.id,
            "name": hit.profile.name,
            "category": hit.profile.category,
            "language": hit.profile.language_name,
            "text": hit.rank_text,
        }
        for hit in hits
    ]


def _archived(needle: str, is_exact: bool) -> QuerySet[Channel]:
    return public_channels().filter(name_filter(needle, is_exact=is_exact))[: FOUND_MAX * 2]


def _distance(profile: Profile, needle: str) -> int:
    """Return the sort key of a match: 0 same id, 1 same login, 2 prefix, 3 substring."""
    start = needle.casefold()
    if profile.id == needle:
        return 0
    if profile.login.casefold() == start:
        return 1
    return 2 if profile.login.casefold().startswith(start) or profile.name.casefold().startswith(start) else 3
