"""Slow clients on a real socket: they use little memory and are closed, then cut off."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from pytest_django import Settings
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from apps.live import consumer, outboxes
from tests.dashboard.browser_socket import HANG_S
from tests.dashboard.conftest import Boards
from tests.web import web
from twitchly.websockets import ClosingProtocol

pytestmark = pytest.mark.django_db(transaction=True)

# The size of the kernel buffer at each end; the default would be megabytes.
BUFFER = 32_768
SUBSCRIBE = b'{"type": "subscribe", "id": "all", "kind": "board", "metric": "viewers", "size": 100}'


class Reader:
    """A minimal WebSocket client with a small receive buffer that reads only on request."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/live"))
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.socket.setblocking(False)

    async def open(self) -> None:
        await asyncio.get_running_loop().sock_connect(self.socket, ("127.0.0.1", self._port))
        request = self._protocol.connect()
        request.headers["Origin"] = f"http://127.0.0.1:{self._port}"
        self._protocol.send_request(request)
        await self._send()
        response = b""
        while not response.endswith(b"\r\n\r\n"):
            response += await asyncio.get_running_loop().sock_recv(self.socket, 1)
        self._protocol.receive_data(response)
        self._protocol.send_text(SUBSCRIBE)
        await self._send()

    async def read_to_the_end(self) -> int:
        """Return the close code of the connection; 1006 if it was cut off."""
        try:
            async with asyncio.timeout(HANG_S):
                while data := await asyncio.get_running_loop().sock_recv(self.socket, 2**16):
                    self._protocol.receive_data(data)
        except ConnectionResetError:
            return 1006
        closing = [event for event in self._protocol.events_received() if isinstance(event, Frame)][-1]
        return int.from_bytes(closing.data[:2]) if closing.opcode is Opcode.CLOSE else 1006

    async def _send(self) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, b"".join(self._protocol.data_to_send()))


@pytest.fixture
async def server(boards: Boards, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[uvicorn.Server]:
    settings.PUBLIC_BOARD = True
    monkeypatch.setattr(outboxes, "BACKLOG_S", 0.4)
    for number in range(100):
        boards.list_channel(str(number), f"A name of some length {number}", title="x" * 100)
    boards.write_viewers({str(number): number * 1_000 for number in range(100)})
    config = uvicorn.Config(web, lifespan="off", log_level="warning", ws=ClosingProtocol, ws_per_message_deflate=False)
    server, listening = uvicorn.Server(config), socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    listening.bind(("127.0.0.1", 0))
    async with web.run():
        serving = asyncio.create_task(server.serve([listening]))
        await until(lambda: server.started)
        yield server
        server.should_exit = True
        await serving


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_S):
        while not condition():  # noqa: ASYNC110  the server offers no event
            await asyncio.sleep(0.01)


async def push_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_S):
        while not condition():
            await web.hub.push()
            await asyncio.sleep(0.01)


def writable(server: uvicorn.Server) -> bool:
    (connection,) = server.server_state.connections
    protocol: Any = connection
    return bool(protocol.writable.is_set())


async def stuck(server: uvicorn.Server) -> Reader:
    """Return a reader whose socket buffers are full."""
    reader = Reader(server.servers[0].sockets[0].getsockname()[1])
    await reader.open()
    await until(lambda: bool(server.server_state.connections))
    await push_until(lambda: not writable(server))
    return reader


async def test_slow_readers_get_a_close_code_when_they_read_again(
    server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The reader is not cut off before it reads again, even if that takes a long time.
    monkeypatch.setattr(ClosingProtocol, "ABORT_AFTER_S", 10 * HANG_S)
    reader = await stuck(server)
    await push_until(lambda: web.hub.slow_closed > 0)
    assert await reader.read_to_the_end() == consumer.SLOW_READER
    await until(lambda: not server.server_state.connections)


async def test_readers_that_never_read_are_cut_off_and_released(
    server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClosingProtocol, "ABORT_AFTER_S", 0.2)
    reader = await stuck(server)
    await push_until(lambda: web.hub.slow_closed > 0)
    await until(lambda: not server.server_state.connections)
    await until(lambda: not web.hub.has_sockets)
    assert await reader.read_to_the_end() == 1006


async def test_readers_that_keep_reading_stay_connected(server: uvicorn.Server) -> None:
    reader, loop = await stuck(server), asyncio.get_running_loop()
    until_s = loop.time() + 2 * outboxes.BACKLOG_S
    while loop.time() < until_s:
        # The client reads before each push, so it is never behind by more than one push.
        async with asyncio.timeout(HANG_S):
            while not writable(server):
                await loop.sock_recv(reader.socket, 2**16)
        await web.hub.push()
        await asyncio.sleep(0.01)
    assert (web.hub.slow_closed, len(server.server_state.connections)) == (0, 1)
    reader.socket.close()
