"""Pool of IRC connections, among which the channels are distributed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from apps.ingest.listening.connection import Connection, ConnectionCallbacks, Server
from apps.ingest.listening.reconnecting import ReconnectingConnection
from core.irc.session import JOIN_WINDOW_MS, JoinBudget
from core.irc.sharding import CONNECT_EVERY_MS, plan

# If all connections share one JOIN limit, they join one after the other, the ones with the most-viewed channels first.
JOIN_TURN_MS = 20


class ConnectionPool:
    """Keeps connections with at most `per_connection` channels each.

    At most `joins` JOINs are sent per `join_window_ms`: per connection, or in total if `strict`.
    """

    def __init__(
        self,
        server: Server,
        callbacks: ConnectionCallbacks,
        per_connection: int,
        *,
        joins: int,
        strict: bool,
        join_window_ms: int = JOIN_WINDOW_MS,
    ) -> None:
        self.server = server
        self._callbacks = callbacks
        self._per_connection = per_connection
        self._strict = strict
        shared = JoinBudget(joins, join_window_ms)
        self._budget = lambda: shared if strict else JoinBudget(joins, join_window_ms)
        self._members: dict[int, ReconnectingConnection] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Lock()
        self._next_turn_s = 0.0
        self.ends: Counter[str] = Counter()

    @property
    def connections(self) -> list[Connection]:
        """All open connections."""
        return [connection for member in list(self._members.values()) for connection in member.connections]

    def set_channels(self, logins: Iterable[str]) -> None:
        """Join exactly these channels, in order of priority, with as few JOINs and PARTs as possible."""
        current = {number: member.logins for number, member in self._members.items()}
        moves = plan(logins, current, self._per_connection, strict=self._strict)
        for number in sorted(moves.join.keys() | moves.part.keys()):
            if number not in self._members:
                delay_ms = number * JOIN_TURN_MS if self._strict else 0
                self._members[number] = ReconnectingConnection(
                    self.server, self._callbacks, self._wait_for_turn, self._budget, delay_ms, self.ends
                )
            self._members[number].change(moves.join.get(number, ()), moves.part.get(number, ()))
            if not self._members[number].logins:
                self._close(self._members.pop(number))

    def check(self) -> None:
        """Raise the error of a connection's task, if a task has ended."""
        for member in self._members.values():
            member.check()

    async def close(self) -> None:
        """Close all connections."""
        for member in self._members.values():
            self._close(member)
        self._members.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _close(self, member: ReconnectingConnection) -> None:
        task = asyncio.create_task(member.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _wait_for_turn(self) -> None:
        """Space out connection attempts by CONNECT_EVERY_MS."""
        async with self._turns:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._next_turn_s - loop.time()))
            self._next_turn_s = loop.time() + CONNECT_EVERY_MS / 1000
