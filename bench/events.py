"""A client for the API's server-sent events that records arrival times."""

from __future__ import annotations

import asyncio
import time

from bench.http_load import HEAD
from drills.stack import Stack

LAST_CHUNK = b"0\r\n"


class Events:
    """An event stream for one board; `arrived_s` maps event ids to arrival times."""

    def __init__(self, stack: Stack, key: str, board: str) -> None:
        self.board = board
        self.arrived_s: dict[str, float] = {}
        self.ended_s = 0.0
        self._host, self._head = (
            host_of(stack),
            HEAD.format(path=f"/api/v1/live?boards={board}", host=host_of(stack), key=key),
        )

    async def open(self) -> None:
        name, _, port = self._host.partition(":")
        self._reader, self._writer = await asyncio.open_connection(name, int(port))
        self._writer.write(self._head.encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        self._task = asyncio.create_task(self._read())

    async def wait(self) -> float:
        """Wait until the server ends the stream; return the time."""
        await self._task
        return self.ended_s

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))
        self._writer.close()

    async def _read(self) -> None:
        async for line in self._reader:
            if line.startswith(b"id: "):
                self.arrived_s[line[4:].decode().strip()] = time.time()
            elif line == LAST_CHUNK:
                break  # the connection stays open
        self.ended_s = time.time()


def host_of(stack: Stack) -> str:
    """Return the host and port of the web process."""
    return stack.url.partition("//")[2]
