"""The simulated IRC server's sockets: TCP on loopback, one `IrcSession` a connection."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import cast

from apps.ingest.simulator.irc_session import HOST, IrcSession, Rooms

log = logging.getLogger(__name__)


class IrcServer:
    """Accepts clients, pings them, and drops the ones that read too slowly."""

    def __init__(self, rooms: Rooms, *, ping_every_s: float = 300.0, max_unread_bytes: int = 4 * 1024 * 1024) -> None:
        """`max_unread_bytes` is how much may wait for a client, beside what the kernel takes."""
        self.rooms = rooms
        self.ping_every_s = ping_every_s
        self.max_unread_bytes = max_unread_bytes
        self.clients: set[IrcClient] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Begin to accept clients."""
        self._server = await asyncio.get_running_loop().create_server(lambda: IrcClient(self), sock=listener)

    def close(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
        for client in list(self.clients):
            client.transport.abort()


class IrcClient(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, server: IrcServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._session = IrcSession(server.rooms, self.send)
        self._ping: asyncio.TimerHandle | None = None
        self._hurry_told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._server.clients.add(self)
        self._ping_later()

    def data_received(self, data: bytes) -> None:
        violations = self._server.rooms.violations
        self.send(self._session.receive(data, self._loop.time()))
        if self._server.rooms.violations > violations and not self._hurry_told:
            log.warning("%s joins faster than Twitch allows", self._session.nick)
            self._hurry_told = True
        if self._session.over:
            self._session.leave()
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why a client left changes nothing
        if self._ping is not None:
            self._ping.cancel()
        self._session.leave()
        self._server.clients.discard(self)

    def send(self, data: bytes) -> None:
        """Write to the client, and drop it when too much waits already."""
        if not data or self.transport.is_closing():
            return
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > self._server.max_unread_bytes:
            log.warning("%s reads too slowly and is dropped", self._session.nick)
            self._session.leave()
            self.transport.abort()

    def _ping_later(self) -> None:
        self._ping = self._loop.call_later(self._server.ping_every_s, self._send_ping)

    def _send_ping(self) -> None:
        self.send(f"PING :{HOST}\r\n".encode())
        self._ping_later()
