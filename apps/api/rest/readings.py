"""Live readings from the hub, cached for 1 s."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from weakref import WeakKeyDictionary

from apps.api.batch_cache import BatchCache
from apps.live.board import Board
from apps.live.hub import running_hub
from apps.live.readings import Reading

CACHE_TTL_S = 1.0
# Limit of cached boards.
BOARDS_MAX = 300


class Readings:
    """The newest readings, at most CACHE_TTL_S old. Methods raise ServiceAway."""

    def __init__(self) -> None:
        self._boards: BatchCache[Board, Reading] = BatchCache(_read_boards, CACHE_TTL_S, BOARDS_MAX)
        self._channels: BatchCache[None, Reading] = BatchCache(_read_channels, CACHE_TTL_S, 1)

    async def of_board(self, board: Board) -> Reading:
        """Return a reading that contains a board."""
        return _required(await self._boards.get(board))

    async def of_channels(self) -> Reading:
        """Return a reading of all live channels."""
        return _required(await self._channels.get(None))


def _required(reading: Reading | None) -> Reading:
    assert reading is not None  # noqa: S101  a fetch returns a reading for every key
    return reading


async def _read_boards(boards: Collection[Board]) -> Mapping[Board, Reading]:
    return dict.fromkeys(boards, await running_hub().read(boards))


async def _read_channels(_: Collection[None]) -> Mapping[None, Reading]:
    return {None: await running_hub().read_all()}


_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, Readings] = WeakKeyDictionary()


def running_readings() -> Readings:
    """Return the readings of this process."""
    return _readings.setdefault(asyncio.get_running_loop(), Readings())
