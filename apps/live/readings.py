"""Readings of the boards: the rows of boards and the live values of channels, consistent with each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, Literal

from django.conf import settings

from apps.live.board import Board
from apps.live.directory import Directory, Profile
from apps.live.rankings import Candidates, Rankings
from apps.live.recent_history import RecentHistory, positions
from apps.metrics.board_reader import BoardReader, LiveValues
from core.metrics.ranking import age_of, is_live
from core.metrics.table import METRIC
from core.metrics.windows import DEFAULT_WINDOW, BoardWindow

# quiet: no message in the past 30 s. ended: the broadcast is over but chat continues. stale: no window for 10 s.
State = Literal["live", "quiet", "ended", "stale"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a board; `rank` begins at 1, `language` is Twitch's code, `spark` comes from RecentHistory.sparkline.

    `end_ms` and `coverage`, 0 to 1, belong to the window of `value`.

    `moved` is the number of positions gained in the past minute. It is None if the channel was not ranked a minute ago
    (`is_new`), or if the ranking at that time is unknown.
    """

    id: str
    login: str
    name: str
    category: str
    language: str
    language_name: str
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
    """A channel with its newest live window. If it has none, `end_ms` is None and `values` is empty.

    `apart` contains counts that no metric includes: see core.metrics.table.excluded_counts. Metrics that count distinct
    people or texts come from a separate window with its own end and coverage, which are None before the first such
    window.
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
        """Return the end of the window from which a metric's value comes."""
        distinct_end_ms = self.distinct_end_ms if METRIC[metric].distinct else None
        return self.end_ms if distinct_end_ms is None else distinct_end_ms

    def coverage_of(self, metric: str) -> float:
        """Return the coverage of the window from which a metric's value comes."""
        distinct_coverage = self.distinct_coverage if METRIC[metric].distinct else None
        return self.coverage if distinct_coverage is None else distinct_coverage

    def as_json(self) -> dict[str, Any]:
        """Return the fields of the profile and of the live window in one object."""
        profile = {name: getattr(self.profile, name) for name in PROFILE}
        return profile | {name: getattr(self, name) for name in LIVE}


# Field names, listed once: `as_json` uses them because dataclasses.asdict would deep-copy every value.
PROFILE = (*(field.name for field in fields(Profile)), "language_name")
LIVE = tuple(field.name for field in fields(ChannelNow) if field.name != "profile")


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of the requested boards and channels in Redis at one point in time.

    `viewers_at_ms` is the time at which viewer counts were last fetched. `late_dropped` is the number of records that
    the stream job has dropped as late since it started, or None while unknown.
    """

    newest_end_ms: int | None
    viewers_at_ms: int | None
    rows: Mapping[Board, list[Row]]
    channels: Mapping[str, ChannelNow]
    late_dropped: int | None = None

    def live(self) -> dict[str, ChannelNow]:
        """Return the live channels by id."""
        return {channel_id: channel for channel_id, channel in self.channels.items() if self.has_live(channel)}

    def has_live(self, channel: ChannelNow) -> bool:
        """Return whether a channel of this reading is live."""
        return is_live(channel.end_ms, self.newest_end_ms, is_offline=channel.profile.is_offline)

    def has_recent(self, channel: ChannelNow) -> bool:
        """Return whether a channel of this reading has a recent window, even after its broadcast has ended."""
        return is_live(channel.end_ms, self.newest_end_ms, is_offline=False)


class LiveBoards:
    """Reads boards and channels."""

    def __init__(self, reader: BoardReader, directory: Directory) -> None:
        self.directory = directory
        self._reader = reader
        self._rankings = Rankings(directory)
        self._history = RecentHistory(reader)
        # Serializes readings, because pages and sockets share the recent history. A caller that reads several times
        # holds the lock throughout, so that no other reading comes in between.
        self.lock = asyncio.Lock()

    async def read(self, boards: Collection[Board], channels: Collection[str], now_ms: int) -> Reading:
        """Return these boards, and the known channels with these ids. Raises: ServiceUnavailable."""
        async with self.lock:
            return await self.read_locked(boards, channels, now_ms)

    async def read_all(self, now_ms: int) -> Reading:
        """Return every channel with live values, without boards. Raises: ServiceUnavailable."""
        async with self.lock:
            return await self.read_all_locked(now_ms)

    async def read_locked(self, boards: Collection[Board], channels: Collection[str], now_ms: int) -> Reading:
        """Return the same reading as `read`, for a caller that already holds the lock."""
        await self.directory.refresh(now_ms)
        rankings = await self._reader.rankings(self._rankings.read_limits(boards))
        newest_end_ms = rankings.newest_end_ms
        candidates = {board: self._rankings.candidates(board, rankings) for board in boards}
        ids = set(channels).union(*(selected.channel_ids for selected in candidates.values()))
        values = self._without_excluded(await self._reader.values(ids))
        over: dict[BoardWindow, Mapping[str, LiveValues]] = {DEFAULT_WINDOW: values}
        for window in {board.window for board in boards} - over.keys():
            over[window] = await self._reader.values(ids, window)
        profiles = await self._profiles(ids, values, now_ms)
        await self._history.refresh({board.key for board in boards}, newest_end_ms, now_ms)
        return Reading(
            newest_end_ms,
            self.directory.viewers_at_ms,
            {
                board: self._rows(board, selected, over[board.window], values, profiles, newest_end_ms)
                for board, selected in candidates.items()
            },
            {i: channel_now(profiles[i], values.get(i)) for i in set(channels) & profiles.keys()},
            rankings.late_dropped,
        )

    async def read_all_locked(self, now_ms: int) -> Reading:
        """Return the same reading as `read_all`, for a caller that already holds the lock."""
        await self.directory.refresh(now_ms)
        rankings = await self._reader.rankings({})
        values = self._without_excluded(await self._reader.all_values())
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

    def _without_excluded(self, values: Mapping[str, LiveValues]) -> Mapping[str, LiveValues]:
        """Return the values of all channels except the excluded ones."""
        return {i: live for i, live in values.items() if i not in self.directory.excluded}

    async def _profiles(
        self, ids: Collection[str], values: Mapping[str, LiveValues], now_ms: int
    ) -> dict[str, Profile]:
        known = await self.directory.find(ids, now_ms)
        return {i: known.get(i) or Profile(i, "", f"channel {i}") for i in known.keys() | values.keys()}

    def _rows(
        self,
        board: Board,
        candidates: Candidates,
        values: Mapping[str, LiveValues],
        live: Mapping[str, LiveValues],
        profiles: Mapping[str, Profile],
        newest_end_ms: int | None,
    ) -> list[Row]:
        ranking = self._history.ranking(board.key, newest_end_ms)
        before = None if ranking is None else positions(ranking, candidates.eligible)
        return [
            self._row(board, position, profiles[i], values[i], state_of(profiles[i], live[i], newest_end_ms), before)
            for position, i in enumerate(self._rankings.order(board, candidates, values, live, newest_end_ms), 1)
        ]

    def _row(
        self,
        board: Board,
        position: int,
        profile: Profile,
        values: LiveValues,
        state: State,
        before: Mapping[str, int] | None,
    ) -> Row:
        previous = None if before is None else before.get(profile.id)
        return Row(
            profile.id,
            profile.login,
            profile.name,
            profile.category,
            profile.language,
            profile.language_name,
            values.values[board.metric],
            values.coverage_of(board.metric),
            values.end_of(board.metric),
            state,
            None if previous is None else previous - position,
            before is not None and previous is None,
            self._history.sparkline(board.key, profile.id),
            position,
        )


def state_of(profile: Profile, live: LiveValues, newest_end_ms: int | None) -> State:
    """Return the state of a channel with a live window; "stale" takes precedence over "ended" and "quiet"."""
    if age_of(live.end_ms, newest_end_ms or live.end_ms) != "fresh":
        return "stale"
    if profile.is_offline:
        return "ended"
    return "quiet" if not live.values.get("messages") and live.coverage else "live"


def channel_now(profile: Profile, live: LiveValues | None) -> ChannelNow:
    """Return a channel with its live values, if it has any."""
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


@asynccontextmanager
async def open_boards() -> AsyncIterator[LiveBoards]:
    """Yield a reader of this instance's boards; its connections belong to the running event loop."""
    boards = LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))
    try:
        yield boards
    finally:
        await boards.aclose()
