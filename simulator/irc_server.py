"""Simulated IRC server on plain TCP, TLS and WebSocket, with shared rooms."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from simulator.framing import Framing, PlainFraming, WebSocketFraming
from simulator.irc_client import ConnectionLimits, Connections, IrcClient
from simulator.rooms import Rooms


class IrcServer:
    """Accepts clients on any number of listeners."""

    def __init__(self, rooms: Rooms, limits: ConnectionLimits | None = None) -> None:
        self.rooms = rooms
        self.connections = Connections(limits or ConnectionLimits())
        self._servers: list[asyncio.Server] = []

    async def start(self, listener: socket.socket) -> None:
        """Accept clients over TCP."""
        await self._listen(listener, PlainFraming)

    async def start_tls(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        """Accept clients over TLS."""
        await self._listen(listener, PlainFraming, context)

    async def start_websocket(self, listener: socket.socket) -> None:
        """Accept clients over WebSocket, on every path."""
        await self._listen(listener, WebSocketFraming)

    def close(self) -> None:
        """Close the listeners and every connection."""
        for server in self._servers:
            server.close()
        for client in list(self.connections.clients):
            client.transport.abort()

    async def _listen(
        self, listener: socket.socket, framing: Callable[[], Framing], context: ssl.SSLContext | None = None
    ) -> None:
        def accept() -> IrcClient:
            return IrcClient(self.rooms, self.connections, framing())

        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(accept, sock=listener, ssl=context))
