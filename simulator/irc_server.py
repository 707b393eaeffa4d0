"""The listeners of the simulated IRC: plain TCP, TLS and WebSocket, all with the same rooms."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from simulator.framing import Framing, PlainFraming, WebSocketFraming
from simulator.irc_client import Connections, IrcClient, Patience
from simulator.rooms import Rooms


class IrcServer:
    """Accepts clients on as many listeners as it is given."""

    def __init__(self, rooms: Rooms, patience: Patience | None = None) -> None:
        self.rooms = rooms
        self.connections = Connections(patience or Patience())
        self._servers: list[asyncio.Server] = []

    async def start(self, listener: socket.socket) -> None:
        """Begin to accept clients over TCP."""
        await self._listen(listener, PlainFraming)

    async def start_tls(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        """Begin to accept clients over TLS."""
        await self._listen(listener, PlainFraming, context)

    async def start_websocket(self, listener: socket.socket) -> None:
        """Begin to accept clients over WebSocket, on every path."""
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
