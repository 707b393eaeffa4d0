"""Live readings from the hub, shared by all requests within a second."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from weakref import WeakKeyDictionary

from apps.api.batch_cache import Together
from apps.live.board import Board
from apps.live.hub import running_hub
from apps.live.readings import Reading

KEPT_S = 1.0
# Boards that were asked for lately; all live channels are one of their own.
KEPT_MAX = 300


class Readings:
    """The newest readings, at most KEPT_S old. Methods raise ServiceAway."""

    def __init__(self) -> None:
        self._boards: Together[Board, Reading] = Together(_of_boards, KEPT_S, KEPT_MAX)
        self._channels: Together[None, Reading] = Together(_of_channels, KEPT_S, 1)

    async def of_board(self, board: Board) -> Reading:
        """Return a reading with this board."""
        return _there(await self._boards.get(board))

    async def of_channels(self) -> Reading:
        """Return a reading of all live channels."""
        return _there(await self._channels.get(None))


def _there(reading: Reading | None) -> Reading:
    assert reading is not None  # noqa: S101  each look gives one for every key
    return reading


async def _of_boards(boards: Collection[Board]) -> Mapping[Board, Reading]:
    return dict.fromkeys(boards, await running_hub().read(boards))


async def _of_channels(_: Collection[None]) -> Mapping[None, Reading]:
    return {None: await running_hub().read_all()}


_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, Readings] = WeakKeyDictionary()


def running_readings() -> Readings:
    """Return the readings of this process."""
    return _readings.setdefault(asyncio.get_running_loop(), Readings())
