"""A simulated IRC server in a thread. It pings often and disconnects clients that do not reply."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulator.irc_client import ConnectionLimits
from simulator.irc_server import IrcServer
from simulator.rooms import Rooms
from simulator.simulator import listen
from simulator.source import Channel

CHANNEL = Channel("1", "streamer", "Streamer")
STATE = b"@emote-only=0;followers-only=-1;r9k=0;room-id=1;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #streamer\r\n"


@dataclass(frozen=True)
class PingingServer:
    """The server's ports and the number of connected `clients`."""

    irc_port: int
    ws_port: int
    server: IrcServer

    @property
    def clients(self) -> int:
        return len(self.server.connections.clients)


@contextmanager
def pinging(every_s: float, pong_within_s: float) -> Iterator[PingingServer]:
    """Run the server during the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    limits = ConnectionLimits(ping_every_s=every_s, pong_within_s=pong_within_s)
    server = IrcServer(Rooms([CHANNEL], lambda _channel: STATE), limits)
    irc, websocket = listen(0, "IRC"), listen(0, "WebSocket")
    irc_port, ws_port = (int(listener.getsockname()[1]) for listener in (irc, websocket))
    try:
        asyncio.run_coroutine_threadsafe(server.start(irc), loop).result(5)
        asyncio.run_coroutine_threadsafe(server.start_websocket(websocket), loop).result(5)
        yield PingingServer(irc_port, ws_port, server)
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
