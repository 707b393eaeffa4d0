"""Which channels are listened to, on which connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from apps.ingest.listening.connection import Connection, Heard, Server
from core.sharding import plan

CONNECT_EVERY_S = 2.0


class Listener:
    """Keeps connections of at most `per_connection` channels, and follows the list of wanted logins."""

    def __init__(self, server: Server, heard: Heard, per_connection: int) -> None:
        self._server = server
        self._heard = heard
        self._per_connection = per_connection
        self._connections: dict[int, Connection] = {}
        self._turns = asyncio.Lock()
        self._next_turn_s = 0.0

    def follow(self, wanted: Iterable[str]) -> None:
        """Listen to the `wanted` logins, most wanted first, with as few joins and parts as possible."""
        current = {number: connection.wanted for number, connection in self._connections.items()}
        moves = plan(wanted, current, self._per_connection)
        for number in sorted(moves.join.keys() | moves.part.keys()):
            if number not in self._connections:
                self._connections[number] = Connection(self._server, self._heard, self._turn)
            self._connections[number].change(moves.join.get(number, ()), moves.part.get(number, ()))

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(connection.close() for connection in self._connections.values()))
        self._connections.clear()

    async def _turn(self) -> None:
        """Let one connection be opened every CONNECT_EVERY_S."""
        async with self._turns:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._next_turn_s - loop.time()))
            self._next_turn_s = loop.time() + CONNECT_EVERY_S
