"""The simulated Twitch: IRC, Helix, control API and sender in one event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount

from core.errors import TwitchlyError
from simulator.control import Control, RequestCounter
from simulator.faults import Faults
from simulator.flood import Floods
from simulator.helix import Helix
from simulator.http_server import HttpServer
from simulator.irc_faults import IrcFaults
from simulator.irc_lines import room_state
from simulator.irc_server import IrcServer
from simulator.ledger_writer import LedgerWriter
from simulator.rooms import Rooms
from simulator.sender import Sender
from simulator.source import Channel, Source

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
LOG_EVERY_S = 30.0


class PortTaken(TwitchlyError):
    """Another process listens on a port of the simulator."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """The listening sockets; `context` is for `tls`."""

    irc: socket.socket
    helix: socket.socket
    websocket: socket.socket
    tls: socket.socket
    context: ssl.SSLContext

    def __str__(self) -> str:
        """List the ports."""
        ports = {"IRC": self.irc, "Helix": self.helix, "WebSocket": self.websocket, "TLS": self.tls}
        return ", ".join(f"{name} {listener.getsockname()[1]}" for name, listener in ports.items())


class Simulator:
    """One simulated Twitch; `run` serves until `stop` is set."""

    def __init__(
        self,
        *,
        source: Source,
        ledger: LedgerWriter,
        now_ms: Callable[[], int],
        wait_for_joins: bool,
        strict_joins: bool = False,
    ) -> None:
        def state(channel: Channel) -> bytes:
            return room_state(source, channel, now_ms())

        floods, faults = Floods(), Faults()
        self._source = source
        self._rooms = Rooms(source.channels, state, strict_joins=strict_joins)
        self._irc = IrcServer(self._rooms)
        self._helix = RequestCounter(Helix(source, now_ms, faults).app())
        irc_faults = IrcFaults(self._rooms, self._irc.connections, floods)
        self._control = Control(faults, irc_faults, now_ms, self.status)
        self._sender = Sender(
            source=source,
            floods=floods,
            rooms=self._rooms,
            ledger=ledger,
            now_ms=now_ms,
            wait_for_joins=wait_for_joins,
        )

    async def run(self, listeners: Listeners, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises the error of a task that failed."""
        await self._irc.start(listeners.irc)
        await self._irc.start_websocket(listeners.websocket)
        await self._irc.start_tls(listeners.tls, listeners.context)
        http = HttpServer(Starlette(routes=[*self._control.routes(), Mount("/", self._helix)]))
        serving = asyncio.create_task(http.serve(sockets=[listeners.helix]))
        stopping = asyncio.create_task(stop.wait())
        parts = [serving, stopping, asyncio.create_task(self._sender.run()), asyncio.create_task(self._log_status())]
        try:
            ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in ended:
                part.result()
        finally:
            self._irc.close()
            http.should_exit = True
            for part in parts:
                if part is not serving:
                    part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    def status(self) -> dict[str, Any]:
        """Return the counters for GET /simulator."""
        irc = {
            "connections": len(self._irc.connections.clients),
            "joined": self._rooms.joined(),
            "joins": self._rooms.join_attempts,
            "violations": asdict(self._rooms.violations),
        }
        return {"irc": irc, "sent": dict(self._sender.sent), "helix": self._helix.status()}

    async def _log_status(self) -> None:
        while True:
            await asyncio.sleep(LOG_EVERY_S)
            violations = asdict(self._rooms.violations).items()
            log.info(
                "%d connections, %d of %d channels joined, %d messages and notices sent, limit violations: %s",
                len(self._irc.connections.clients),
                self._rooms.joined(),
                len(self._source.channels),
                self._sender.sent.total(),
                ", ".join(f"{name} {count}" for name, count in violations),
            )


def listen(port: int, purpose: str) -> socket.socket:
    """Return a listening socket on loopback; port 0 picks a free port. Raises: PortTaken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(200)
    except OSError as error:
        listener.close()
        raise PortTaken(f"port {port} for {purpose} is not available: {error.strerror}") from None
    listener.setblocking(False)
    return listener
