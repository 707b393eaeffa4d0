"""What fills the slots: one body for each distinct wish and tick, however many sockets have it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from apps.live.board import Board
from apps.live.outboxes import Filling
from apps.live.payloads import ChannelBodies, TableBodies, board_body
from apps.live.readings import LiveBoards, Reading
from apps.live.recent_events import RecentMarks
from apps.live.subscriptions import Channels, Table, Wish

# A filling serves those who come after it for so long: then the next tick is due, or none comes.
SERVES_MS = 1_000
TABLE_EVERY_MS = 2_000
# Ticks do not come to the millisecond.
EARLY_MS = 300


@dataclass(frozen=True, slots=True)
class Made:
    """A filling, when it was made, and which of the channels it was asked for are not known."""

    at_ms: int
    filling: Filling
    unknown: tuple[str, ...] = ()


class Fillings:
    """Makes fillings from one reading of the boards, and keeps the newest ones. Methods raise ServiceAway."""

    def __init__(self, boards: LiveBoards, recent: RecentMarks, clock: Callable[[], int]) -> None:
        self._boards = boards
        self._recent = recent
        self._clock = clock
        self._table = TableBodies()
        self._made: dict[Wish, Made] = {}

    async def now(self, wish: Wish) -> Made:
        """Return the filling for somebody who has just come: that of the others while it is the newest."""
        now_ms, made = self._clock(), self._made.get(wish)
        if made is None or not 0 <= now_ms - made.at_ms < (TABLE_EVERY_MS if wish == Table() else SERVES_MS):
            made = (await self._make([wish], now_ms))[wish]
            self._made[wish] = made
        return made

    async def next(self, wishes: Collection[Wish]) -> dict[Wish, Filling]:
        """Return the fillings of a tick; the table's not at every one."""
        now_ms = self._clock()
        made = await self._make([wish for wish in wishes if self._is_due(wish, now_ms)], now_ms)
        kept = {wish: self._made[wish] for wish in wishes if wish in self._made}
        self._made = kept | made
        return {wish: one.filling for wish, one in made.items()}

    async def read(self, boards: Collection[Board]) -> Reading:
        """Return a reading of these boards."""
        return await self._boards.read(boards, (), self._clock())

    async def read_all(self) -> Reading:
        """Return a reading of all live channels."""
        return await self._boards.read_all(self._clock())

    async def aclose(self) -> None:
        """Close the connections."""
        await self._recent.aclose()
        await self._boards.aclose()

    def _is_due(self, wish: Wish, now_ms: int) -> bool:
        made = self._made.get(wish)
        return made is None or wish != Table() or not 0 <= now_ms - made.at_ms < TABLE_EVERY_MS - EARLY_MS

    async def _make(self, wishes: Collection[Wish], now_ms: int) -> dict[Wish, Made]:
        boards = [wish for wish in wishes if isinstance(wish, Board)]
        groups = [wish for wish in wishes if isinstance(wish, Channels)]
        made: dict[Wish, Made] = {}
        if boards or groups:
            made |= await self._of_one_reading(boards, groups, now_ms)
        if Table() in wishes:
            filling = self._table.next(await self._boards.read_all(now_ms), now_ms)
            made[Table()] = Made(now_ms, filling)
        return made

    async def _of_one_reading(
        self, boards: Collection[Board], groups: Collection[Channels], now_ms: int
    ) -> Mapping[Wish, Made]:
        ids = {channel_id for wish in groups for channel_id in wish.ids}
        reading = await self._boards.read(boards, ids, now_ms)
        bodies = ChannelBodies(reading, self._recent.of(reading.channels.keys(), now_ms), now_ms)
        made: dict[Wish, Made] = {
            board: Made(now_ms, Filling(board_body(board, reading, now_ms), at_ms=now_ms)) for board in boards
        }
        for wish in groups:
            unknown = tuple(channel_id for channel_id in wish.ids if channel_id not in reading.channels)
            made[wish] = Made(now_ms, Filling(bodies.body(wish), at_ms=now_ms), unknown)
        return made
