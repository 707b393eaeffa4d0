"""The simulated Twitch put together: IRC, Helix and the sender in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator

import uvicorn

from apps.ingest.simulator.helix import Helix
from apps.ingest.simulator.irc_server import IrcServer
from apps.ingest.simulator.irc_session import Rooms
from apps.ingest.simulator.ledger_writer import LedgerWriter
from apps.ingest.simulator.sender import Sender
from apps.ingest.simulator.source import Source
from core.errors import TwitchlyError

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
TELL_EVERY_S = 30.0


class PortTaken(TwitchlyError):
    """Another process listens on a port that the simulator should have."""


class _HttpServer(uvicorn.Server):
    """uvicorn without signal handlers: whoever runs the simulator says when it stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Simulator:
    """One simulated Twitch; `run` serves until `stop` is set."""

    def __init__(
        self, *, source: Source, ledger: LedgerWriter, now_ms: Callable[[], int], wait_for_joins: bool
    ) -> None:
        self._source = source
        self._rooms = Rooms(source.channels)
        self._irc = IrcServer(self._rooms)
        self._helix = Helix(source, now_ms)
        self._sender = Sender(
            source=source, rooms=self._rooms, ledger=ledger, now_ms=now_ms, wait_for_joins=wait_for_joins
        )

    async def run(self, *, irc: socket.socket, helix: socket.socket, stop: asyncio.Event) -> None:
        """Serve on the two listeners until `stop` is set. Raises: what a part that ended by itself raised."""
        await self._irc.start(irc)
        config = uvicorn.Config(
            self._helix.app(), access_log=False, log_config=None, lifespan="off", timeout_graceful_shutdown=1
        )
        http = _HttpServer(config)
        serving = asyncio.create_task(http.serve(sockets=[helix]))
        stopping = asyncio.create_task(stop.wait())
        parts = [serving, stopping, asyncio.create_task(self._sender.run()), asyncio.create_task(self._tell())]
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

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            log.info(
                "%d connections, %d of %d channels joined, %d messages sent, %d join limit violations",
                len(self._irc.clients),
                self._rooms.joined(),
                len(self._source.channels),
                self._sender.sent,
                self._rooms.violations,
            )


def listen(port: int, purpose: str) -> socket.socket:
    """Return a listener on loopback; port 0 takes a free one. Raises: PortTaken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(200)
    except OSError as error:
        listener.close()
        raise PortTaken(f"port {port} for {purpose} cannot be had: {error.strerror}") from None
    listener.setblocking(False)
    return listener
