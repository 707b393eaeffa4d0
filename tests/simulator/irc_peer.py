"""Raw IRC clients over each transport, and a running simulator for them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.proof.ledger import Entry, parse_entry
from simulator.audience import Audience
from simulator.certificate import CERTIFICATE, server_context
from simulator.ledger_writer import LedgerWriter
from simulator.simulator import Listeners, Simulator, listen
from twitchly.clock import now_ms

CAPS = b"CAP REQ :twitch.tv/tags twitch.tv/commands\r\n"
HELLO = CAPS + b"NICK justinfan7\r\n"
PATIENCE_S = 15


class Pipe(Protocol):
    """A byte transport."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...


class SocketPipe:
    """TCP or TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        return await self._reader.read(65_536)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


class WebSocketPipe:
    """WebSocket with one text frame per write."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket

    async def read(self) -> bytes:
        try:
            return await self._websocket.recv(decode=False)
        except ConnectionClosed:
            return b""

    async def write(self, data: bytes) -> None:
        await self._websocket.send(data.decode())


class Peer:
    """A client that reads and records lines."""

    def __init__(self, pipe: Pipe) -> None:
        self.lines: list[bytes] = []
        self._pipe = pipe
        self._rest = b""
        self._unread: list[bytes] = []

    async def send(self, *lines: str) -> None:
        await self._pipe.write("".join(f"{line}\r\n" for line in lines).encode())

    async def join(self, *logins: str, hello: bytes = HELLO) -> None:
        """Log in and wait until all channels are joined."""
        await self._pipe.write(hello + f"JOIN {','.join(f'#{login}' for login in logins)}\r\n".encode())
        for login in logins:
            await self.until(lambda line, login=login: f" 366 justinfan7 #{login} " in line)  # type: ignore[misc]

    async def line(self) -> bytes:
        """Return the next line without its line ending. Raises: EOFError."""
        while not self._unread:
            data = await self._pipe.read()
            if not data:
                raise EOFError
            *self._unread, self._rest = (self._rest + data).split(b"\r\n")
        self.lines.append(self._unread.pop(0))
        return self.lines[-1]

    async def until(self, matches: Callable[[str], bool]) -> str:
        """Return the next matching line. Raises: TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not matches(line := (await self.line()).decode(errors="replace")):
                pass
        return line

    async def rest(self) -> list[str]:
        """Return the remaining lines until the server closes the connection."""
        before = len(self.lines)
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(EOFError, ConnectionError):
                while True:
                    await self.line()
        return [line.decode(errors="replace") for line in self.lines[before:]]


@dataclass(frozen=True)
class Simulated:
    """A running simulator: its ports, its audience and the folders of its ledger and certificate."""

    irc: int
    websocket: int
    tls: int
    http: httpx.AsyncClient
    audience: Audience
    ledger: Path
    certificate: Path

    @property
    def login(self) -> str:
        """The busiest channel."""
        return self.audience.channels[0].login

    @contextlib.asynccontextmanager
    async def peer(self, transport: str = "tcp") -> AsyncIterator[Peer]:
        if transport == "websocket":
            async with connect(f"ws://127.0.0.1:{self.websocket}", max_size=None) as websocket:
                yield Peer(WebSocketPipe(websocket))
            return
        context = ssl.create_default_context(cafile=self.certificate) if transport == "tls" else None
        port = self.tls if context else self.irc
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        try:
            yield Peer(SocketPipe(reader, writer))
        finally:
            writer.close()

    async def fault(self, kind: str, **options: float) -> dict[str, object]:
        response = await self.http.post("/simulator/faults", json={"kind": kind, **options})
        assert response.status_code == 202, response.text
        return dict(response.json())

    async def end_faults(self) -> None:
        assert (await self.http.delete("/simulator/faults")).status_code == 204

    async def status(self) -> dict[str, object]:
        return dict((await self.http.get("/simulator")).json())

    def entries(self) -> list[Entry]:
        return entries(self.ledger)


@contextlib.asynccontextmanager
async def simulated_twitch(folder: Path, *, channels: int = 5, rate: float = 200) -> AsyncIterator[Simulated]:
    audience, ledger = Audience(channels=channels, rate=rate, seed=3), LedgerWriter(folder / "ledger")
    context = server_context(folder / "tls", datetime.now(UTC))
    irc, helix, websocket, tls = (listen(0, name) for name in ("IRC", "Helix", "WebSocket", "TLS"))
    listeners = Listeners(irc, helix, websocket, tls, context)
    simulator = Simulator(source=audience, ledger=ledger, now_ms=now_ms, wait_for_joins=False)
    stop = asyncio.Event()
    running = asyncio.create_task(simulator.run(listeners, stop))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port_of(listeners.helix)}") as http:
        yield Simulated(
            irc=port_of(listeners.irc),
            websocket=port_of(listeners.websocket),
            tls=port_of(listeners.tls),
            http=http,
            audience=audience,
            ledger=folder / "ledger",
            certificate=folder / "tls" / CERTIFICATE,
        )
    stop.set()
    await asyncio.wait_for(running, PATIENCE_S)
    ledger.close()


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def entries(folder: Path) -> list[Entry]:
    lines = [line for path in folder.glob("*.tsv") for line in path.read_bytes().splitlines(keepends=True)]
    return [entry for entry in map(parse_entry, lines) if entry]


def tags_of(line: str) -> dict[str, str]:
    """Return the raw tags of a line."""
    tags = line.split(" ", 1)[0]
    return dict(tag.split("=", 1) for tag in tags[1:].split(";") if "=" in tag) if tags.startswith("@") else {}
