"""One reading of the boards: the rows people see and the live values of the channels they look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from apps.dashboard.directory import Directory, Profile
from apps.metrics.boards import BoardReader, LiveValues
from core.ranking import Age, Entry, Order, age_of, next_order

BOARD_SIZE = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a board. `coverage` is 0 to 1."""

    id: str
    login: str
    name: str
    category: str
    value: float
    coverage: float
    end_ms: int
    age: Age


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """A channel with its newest live window; without one `end_ms` is None and `values` is empty.

    `apart` is what was heard and not counted: see core.metrics.counted_apart.
    """

    profile: Profile
    end_ms: int | None
    coverage: float
    values: Mapping[str, float]
    unranked: Mapping[str, str]
    apart: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the fields of the profile beside the values."""
        live = {name: value for name, value in asdict(self).items() if name != "profile"}
        return asdict(self.profile) | live


@dataclass(frozen=True, slots=True)
class Reading:
    """What Redis held at one moment, for the boards and channels asked for; when viewers were last asked for.

    `late_dropped` is how many records came too late to be counted since the stream job began, None while unknown.
    """

    newest_end_ms: int | None
    viewers_at_ms: int | None
    rows: Mapping[str, list[Row]]
    channels: Mapping[str, ChannelNow]
    late_dropped: int | None = None


class LiveBoards:
    """Reads boards in an order that stands for 2 s; one instance, one order for all who look."""

    def __init__(self, reader: BoardReader, directory: Directory) -> None:
        self._reader = reader
        self._directory = directory
        self._orders: dict[str, Order] = {}

    async def read(self, boards: Collection[str], channels: Collection[str], now_ms: int) -> Reading:
        """Return these boards and the known ones of these channels. Raises: ServiceAway."""
        newest_end_ms = await self._reader.newest_end_ms()
        standing = {board: await self._standing(board) for board in boards}
        ids = set(channels).union(*standing.values())
        values = await self._reader.values(ids)
        profiles = await self._directory.find(ids, now_ms)
        profiles = {i: profiles.get(i) or Profile(i, "", f"channel {i}") for i in profiles.keys() | values.keys()}
        for board in boards:
            self._reorder(board, standing[board], values, newest_end_ms, now_ms)
        return Reading(
            newest_end_ms,
            self._directory.viewers_at_ms,
            {board: self._rows(board, values, profiles, newest_end_ms) for board in boards},
            {i: _channel_now(profiles[i], values.get(i)) for i in set(channels) & profiles.keys()},
            await self._reader.late_dropped(),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._reader.aclose()
        await self._directory.aclose()

    async def _standing(self, board: str) -> set[str]:
        """The best channels now, and those shown: a row that is held needs its values too."""
        shown = self._orders.get(board, Order()).channel_ids
        return {*await self._reader.top(board, BOARD_SIZE), *shown}

    def _reorder(
        self, board: str, ids: set[str], values: Mapping[str, LiveValues], newest_end_ms: int | None, now_ms: int
    ) -> None:
        entries = [
            Entry(channel_id, values[channel_id].values[board])
            for channel_id in ids & values.keys()
            if newest_end_ms is not None and _may_stand(board, values[channel_id], newest_end_ms)
        ]
        self._orders[board] = next_order(self._orders.get(board, Order()), entries, BOARD_SIZE, now_ms)

    def _rows(
        self, board: str, values: Mapping[str, LiveValues], profiles: Mapping[str, Profile], newest_end_ms: int | None
    ) -> list[Row]:
        return [
            _row(profiles[channel_id], values[channel_id], board, newest_end_ms or values[channel_id].end_ms)
            for channel_id in self._orders[board].channel_ids
        ]


def _may_stand(board: str, live: LiveValues, newest_end_ms: int) -> bool:
    return board in live.values and board not in live.unranked and age_of(live.end_ms, newest_end_ms) != "gone"


def _row(profile: Profile, live: LiveValues, board: str, newest_end_ms: int) -> Row:
    return Row(
        profile.id,
        profile.login,
        profile.name,
        profile.category,
        live.values[board],
        live.coverage,
        live.end_ms,
        age_of(live.end_ms, newest_end_ms),
    )


def _channel_now(profile: Profile, live: LiveValues | None) -> ChannelNow:
    if live is None:
        return ChannelNow(profile, None, 0.0, {}, {}, {})
    return ChannelNow(profile, live.end_ms, live.coverage, live.values, live.unranked, live.apart)
