"""A page that takes nothing, on a real socket: it costs no memory, is told so, and is cut off."""

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
from apps.live.hub import running_hub
from tests.dashboard.conftest import Boards
from twitchly.entry.asgi import application
from twitchly.websockets import ClosingProtocol

pytestmark = pytest.mark.django_db(transaction=True)

# What the kernel holds for each end; without a word it would be megabytes.
BUFFER = 32_768
WISH = b'{"type": "subscribe", "id": "all", "kind": "board", "metric": "viewers", "size": 100}'


class Reader:
    """A page by hand, with a small window, that reads only when it is told to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/live"))
        self.end = socket.socket()
        self.end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.end.setblocking(False)

    async def open(self) -> None:
        await asyncio.get_running_loop().sock_connect(self.end, ("127.0.0.1", self._port))
        request = self._protocol.connect()
        request.headers["Origin"] = f"http://127.0.0.1:{self._port}"
        self._protocol.send_request(request)
        await self._send()
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += await asyncio.get_running_loop().sock_recv(self.end, 1)
        self._protocol.receive_data(answer)
        self._protocol.send_text(WISH)
        await self._send()

    async def read_to_the_end(self) -> int:
        """Return the code that the connection was closed with; 1006 when it was cut off."""
        try:
            async with asyncio.timeout(20):
                while data := await asyncio.get_running_loop().sock_recv(self.end, 2**16):
                    self._protocol.receive_data(data)
        except ConnectionResetError:
            return 1006
        closing = [one for one in self._protocol.events_received() if isinstance(one, Frame)][-1]
        return int.from_bytes(closing.data[:2]) if closing.opcode is Opcode.CLOSE else 1006

    async def _send(self) -> None:
        await asyncio.get_running_loop().sock_sendall(self.end, b"".join(self._protocol.data_to_send()))


@pytest.fixture
async def server(boards: Boards, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[uvicorn.Server]:
    settings.PUBLIC_BOARD = True
    monkeypatch.setattr(outboxes, "BACKLOG_S", 0.4)
    for number in range(100):
        boards.name(str(number), f"A name of some length {number}", title="x" * 100)
    boards.show({str(number): number * 1_000 for number in range(100)})
    config = uvicorn.Config(
        application, lifespan="off", log_level="warning", ws=ClosingProtocol, ws_per_message_deflate=False
    )
    server, listening = uvicorn.Server(config), socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    listening.bind(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve([listening]))
    await until(lambda: server.started)
    yield server
    server.should_exit = True
    await serving
    await running_hub().aclose()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  the server has no event for it
            await asyncio.sleep(0.01)


def writable(server: uvicorn.Server) -> bool:
    (connection,) = server.server_state.connections
    protocol: Any = connection
    return bool(protocol.writable.is_set())


async def stuck(server: uvicorn.Server) -> Reader:
    """Return a reader whose socket takes no more."""
    reader = Reader(server.servers[0].sockets[0].getsockname()[1])
    await reader.open()
    await until(lambda: bool(server.server_state.connections))
    async with asyncio.timeout(20):
        while writable(server):
            await running_hub().fill()
            await asyncio.sleep(0)
    return reader


async def seconds_pass() -> None:
    for _ in range(7):
        await running_hub().fill()
        await asyncio.sleep(0.1)


async def test_who_takes_nothing_is_told_so_when_he_reads_again(server: uvicorn.Server) -> None:
    reader = await stuck(server)
    await seconds_pass()
    assert await reader.read_to_the_end() == consumer.TAKES_NOTHING
    await until(lambda: not server.server_state.connections)


async def test_who_never_reads_is_cut_off_and_nothing_of_him_stays(
    server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClosingProtocol, "ABORT_AFTER_S", 0.2)
    reader = await stuck(server)
    await seconds_pass()
    await until(lambda: not server.server_state.connections)
    await until(lambda: not running_hub().is_watched)
    assert await reader.read_to_the_end() == 1006


async def test_who_reads_on_stays(server: uvicorn.Server) -> None:
    reader = await stuck(server)
    for _ in range(7):
        await running_hub().fill()
        async with asyncio.timeout(20):
            while not writable(server):
                await asyncio.get_running_loop().sock_recv(reader.end, 2**16)
        await asyncio.sleep(0.1)
    assert server.server_state.connections
    reader.end.close()
