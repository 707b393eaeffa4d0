"""Live readings, cached for 1 s and shared by concurrent requests."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from apps.api.batch_cache import BatchCache
from apps.live.board import Board
from apps.live.readings import LiveBoards, Reading
from twitchly.clock import now_ms

CACHE_TTL_S = 1.0
# Limit of cached boards.
BOARDS_MAX = 300


class Readings:
    """The newest readings, at most CACHE_TTL_S old. Methods raise ServiceAway."""

    def __init__(self, live: LiveBoards) -> None:
        self._live = live
        self._boards: BatchCache[Board, Reading] = BatchCache(self._read_boards, CACHE_TTL_S, BOARDS_MAX)
        self._channels: BatchCache[None, Reading] = BatchCache(self._read_channels, CACHE_TTL_S, 1)

    async def of_board(self, board: Board) -> Reading:
        """Return a reading that contains a board."""
        return _required(await self._boards.get(board))

    async def of_channels(self) -> Reading:
        """Return a reading of all live channels."""
        return _required(await self._channels.get(None))

    async def _read_boards(self, boards: Collection[Board]) -> Mapping[Board, Reading]:
        return dict.fromkeys(boards, await self._live.read(boards, (), now_ms()))

    async def _read_channels(self, _: Collection[None]) -> Mapping[None, Reading]:
        return {None: await self._live.read_all(now_ms())}


def _required(reading: Reading | None) -> Reading:
    assert reading is not None  # noqa: S101  a fetch returns a reading for every key
    return reading
