"""Which channels are listened to, on which connections."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from apps.ingest.listening.connection import Connection, Ears, Server
from apps.ingest.listening.reconnecting import Link
from core.irc.session import JOIN_WINDOW_MS, JoinBudget
from core.irc.sharding import CONNECT_EVERY_MS, plan

# Connections that wait for a shared budget take their joins one after the other, the most viewed channels' first.
JOIN_TURN_MS = 20


class Listener:
    """Keeps links of at most `per_connection` channels, and follows the list of wanted logins.

    `joins` may be asked for in `join_window_ms` by each connection, or by all of them together when it is `strict`.
    """

    def __init__(
        self,
        server: Server,
        ears: Ears,
        per_connection: int,
        *,
        joins: int,
        strict: bool,
        join_window_ms: int = JOIN_WINDOW_MS,
    ) -> None:
        self.server = server
        self._ears = ears
        self._per_connection = per_connection
        self._strict = strict
        shared = JoinBudget(joins, join_window_ms)
        self._budget = lambda: shared if strict else JoinBudget(joins, join_window_ms)
        self._links: dict[int, Link] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Lock()
        self._next_turn_s = 0.0
        self.ends: Counter[str] = Counter()

    @property
    def connections(self) -> list[Connection]:
        """All open connections."""
        return [connection for link in list(self._links.values()) for connection in link.connections]

    def follow(self, wanted: Iterable[str]) -> None:
        """Listen to the `wanted` logins, most wanted first, with as few joins and parts as possible."""
        current = {number: link.wanted for number, link in self._links.items()}
        moves = plan(wanted, current, self._per_connection, strict=self._strict)
        for number in sorted(moves.join.keys() | moves.part.keys()):
            if number not in self._links:
                delay_ms = number * JOIN_TURN_MS if self._strict else 0
                self._links[number] = Link(self.server, self._ears, self._turn, self._budget, delay_ms, self.ends)
            self._links[number].change(moves.join.get(number, ()), moves.part.get(number, ()))
            if not self._links[number].wanted:
                self._close(self._links.pop(number))

    def check(self) -> None:
        """Raises: what ended one of the links by itself."""
        for link in self._links.values():
            link.check()

    async def close(self) -> None:
        """Close all connections."""
        for link in self._links.values():
            self._close(link)
        self._links.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _close(self, link: Link) -> None:
        task = asyncio.create_task(link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _turn(self) -> None:
        """Let one connection be opened every CONNECT_EVERY_MS."""
        async with self._turns:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._next_turn_s - loop.time()))
            self._next_turn_s = loop.time() + CONNECT_EVERY_MS / 1000
