"""One reading of the boards: the rows people see and the live values of the channels they look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, Literal
from weakref import WeakKeyDictionary

from django.conf import settings

from apps.live.board import Board
from apps.live.directory import Directory, Profile
from apps.live.rankings import Candidates, Rankings
from apps.live.recent_history import Memory, places
from apps.metrics.board_reader import BoardReader, LiveValues
from core.metrics.ranking import age_of, is_live
from core.metrics.table import METRIC

# Nobody wrote in the past 30 s; the stream is over and chat goes on; no window has come for 10 s.
State = Literal["live", "quiet", "ended", "stale"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a board, by its `rank` from 1; `spark` is as Memory gives it.

    `end_ms` and `coverage`, 0 to 1, belong to the window of `value`.

    `moved` is by how many places it has risen within a minute; None: it was not ranked then (`is_new`), or the
    ranking of that minute is not known.
    """

    id: str
    login: str
    name: str
    category: str
    language: str
    value: float
    coverage: float
    end_ms: int
    state: State
    moved: int | None
    is_new: bool
    spark: str
    rank: int


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """A channel with its newest live window; without one `end_ms` is None and `values` is empty.

    `apart` is what was heard and not counted: see core.metrics.table.counted_apart. Distinct metrics come from a window
    of their own, with its own end and coverage: None before the first.
    """

    profile: Profile
    end_ms: int | None
    coverage: float
    values: Mapping[str, float]
    unranked: Mapping[str, str]
    apart: Mapping[str, int]
    distinct_end_ms: int | None = None
    distinct_coverage: float | None = None

    def end_of(self, metric: str) -> int | None:
        """Return when the window of a metric's value ended."""
        own = self.distinct_end_ms if METRIC[metric].distinct else None
        return self.end_ms if own is None else own

    def coverage_of(self, metric: str) -> float:
        """Return the coverage of the window of a metric's value."""
        own = self.distinct_coverage if METRIC[metric].distinct else None
        return self.coverage if own is None else own

    def as_json(self) -> dict[str, Any]:
        """Return the fields of the profile beside the values."""
        profile = {name: getattr(self.profile, name) for name in PROFILE}
        return profile | {name: getattr(self, name) for name in LIVE}


# By name, for asdict would copy all that is in them.
PROFILE = tuple(field.name for field in fields(Profile))
LIVE = tuple(field.name for field in fields(ChannelNow) if field.name != "profile")


@dataclass(frozen=True, slots=True)
class Reading:
    """What Redis held at one moment, for the boards and channels asked for; when viewers were last asked for.

    `late_dropped` is how many records came too late to be counted since the stream job began, None while unknown.
    """

    newest_end_ms: int | None
    viewers_at_ms: int | None
    rows: Mapping[Board, list[Row]]
    channels: Mapping[str, ChannelNow]
    late_dropped: int | None = None

    def live(self) -> dict[str, ChannelNow]:
        """Return the channels that are live, by id."""
        return {channel_id: channel for channel_id, channel in self.channels.items() if self.has_live(channel)}

    def has_live(self, channel: ChannelNow) -> bool:
        """Tell whether one of its channels is live."""
        return is_live(channel.end_ms, self.newest_end_ms, is_offline=channel.profile.is_offline)

    def has_recent(self, channel: ChannelNow) -> bool:
        """Tell whether windows of one of its channels still come, also after its broadcast has ended."""
        return is_live(channel.end_ms, self.newest_end_ms, is_offline=False)


class LiveBoards:
    """Reads boards and channels."""

    def __init__(self, reader: BoardReader, directory: Directory) -> None:
        self.directory = directory
        self._reader = reader
        self._rankings = Rankings(directory)
        self._memory = Memory(reader)
        # One reading after the other: pages and sockets share what is remembered between them.
        self._turn = asyncio.Lock()

    async def read(self, boards: Collection[Board], channels: Collection[str], now_ms: int) -> Reading:
        """Return these boards and the known ones of these channels. Raises: ServiceAway."""
        async with self._turn:
            return await self._read(boards, channels, now_ms)

    async def _read(self, boards: Collection[Board], channels: Collection[str], now_ms: int) -> Reading:
        await self.directory.refresh(now_ms)
        rankings = await self._reader.rankings(self._rankings.asked(boards))
        newest_end_ms = rankings.newest_end_ms
        candidates = {board: self._rankings.candidates(board, rankings) for board in boards}
        ids = set(channels).union(*(one.channel_ids for one in candidates.values()))
        values = self._shown(await self._reader.values(ids))
        profiles = await self._profiles(ids, values, now_ms)
        await self._memory.refresh({board.metric for board in boards}, newest_end_ms, now_ms)
        return Reading(
            newest_end_ms,
            self.directory.viewers_at_ms,
            {board: self._rows(board, one, values, profiles, newest_end_ms) for board, one in candidates.items()},
            {i: channel_now(profiles[i], values.get(i)) for i in set(channels) & profiles.keys()},
            rankings.late_dropped,
        )

    async def read_all(self, now_ms: int) -> Reading:
        """Return every live channel, and no board. Raises: ServiceAway."""
        async with self._turn:
            await self.directory.refresh(now_ms)
            rankings = await self._reader.rankings({})
            values = self._shown(await self._reader.all_values())
            profiles = await self._profiles(set(values), values, now_ms)
        return Reading(
            rankings.newest_end_ms,
            self.directory.viewers_at_ms,
            {},
            {i: channel_now(profiles[i], live) for i, live in values.items()},
            rankings.late_dropped,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._reader.aclose()
        await self.directory.aclose()

    def _shown(self, values: Mapping[str, LiveValues]) -> Mapping[str, LiveValues]:
        """Return them without those of channels that are not to be found."""
        return {i: live for i, live in values.items() if i not in self.directory.barred}

    async def _profiles(
        self, ids: Collection[str], values: Mapping[str, LiveValues], now_ms: int
    ) -> dict[str, Profile]:
        found = await self.directory.find(ids, now_ms)
        return {i: found.get(i) or Profile(i, "", f"channel {i}") for i in found.keys() | values.keys()}

    def _rows(
        self,
        board: Board,
        candidates: Candidates,
        values: Mapping[str, LiveValues],
        profiles: Mapping[str, Profile],
        newest_end_ms: int | None,
    ) -> list[Row]:
        ranking = self._memory.ranking(board.metric, newest_end_ms)
        before = None if ranking is None else places(ranking, candidates.among)
        return [
            self._row(board.metric, place, profiles[i], values[i], before, newest_end_ms or values[i].end_ms)
            for place, i in enumerate(self._rankings.order(board, candidates, values, newest_end_ms), 1)
        ]

    def _row(
        self,
        metric: str,
        place: int,
        profile: Profile,
        live: LiveValues,
        before: Mapping[str, int] | None,
        newest_end_ms: int,
    ) -> Row:
        was = None if before is None else before.get(profile.id)
        return Row(
            profile.id,
            profile.login,
            profile.name,
            profile.category,
            profile.language,
            live.values[metric],
            live.coverage_of(metric),
            live.end_of(metric),
            state_of(profile, live, newest_end_ms),
            None if was is None else was - place,
            before is not None and was is None,
            self._memory.spark(metric, profile.id),
            place,
        )


def state_of(profile: Profile, live: LiveValues, newest_end_ms: int) -> State:
    """Return how a channel with a live window stands; a value that is old says more than what was said in it."""
    if age_of(live.end_ms, newest_end_ms) != "fresh":
        return "stale"
    if profile.is_offline:
        return "ended"
    return "quiet" if not live.values.get("messages") and live.coverage else "live"


def channel_now(profile: Profile, live: LiveValues | None) -> ChannelNow:
    """Return a channel as it is now."""
    if live is None:
        return ChannelNow(profile, None, 0.0, {}, {}, {})
    return ChannelNow(
        profile,
        live.end_ms,
        live.coverage,
        live.values,
        live.unranked,
        live.apart,
        live.distinct_end_ms,
        live.distinct_coverage,
    )


def live_boards() -> LiveBoards:
    """Return what reads this copy's boards; its connections belong to the event loop that uses them first."""
    return LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))


# Those of the sockets of an event loop, for its pages too: what was read for one need not be read for the other.
_SHARED: WeakKeyDictionary[asyncio.AbstractEventLoop, LiveBoards] = WeakKeyDictionary()


def share_boards() -> LiveBoards:
    """Return what reads the boards for all of the running event loop, for as long as it runs."""
    loop = asyncio.get_running_loop()
    if loop not in _SHARED:
        _SHARED[loop] = live_boards()
    return _SHARED[loop]


@asynccontextmanager
async def open_boards() -> AsyncIterator[LiveBoards]:
    """Give the boards that this event loop shares, or where it shares none, some for one reading."""
    shared = _SHARED.get(asyncio.get_running_loop())
    if shared is not None:
        yield shared
        return
    boards = live_boards()
    try:
        yield boards
    finally:
        await boards.aclose()
