"""Asks over HTTP at a steady rate from outside, whatever the answers take: each request has its moment."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

# Requests under way at once; more wait, and their time runs.
CONNECTIONS = 64
HEAD = "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nAccept-Encoding: gzip\r\n\r\n"


@dataclass(slots=True)
class Answers:
    """How long each took in ms, from the moment it was to be asked, and how many had which status."""

    took_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bytes: int = 0
    seconds: float = 0.0

    @property
    def median_ms(self) -> float:
        return statistics.median(self.took_ms)

    @property
    def p95_ms(self) -> float:
        return statistics.quantiles(self.took_ms, n=20)[18]


class Connection:
    """One connection that is kept."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, key: str) -> tuple[int, int]:
        """Return the status and the bytes of the answer."""
        if self._streams is None:
            name, _, port = self.host.partition(":")
            self._streams = await asyncio.open_connection(name, int(port))
        reader, writer = self._streams
        writer.write(HEAD.format(path=path, host=self.host, key=key).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(size)
        return int(head[9:12]), len(head) + size

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()


async def ask_steadily(host: str, rate: float, seconds: float, next_one: Callable[[], tuple[str, str]]) -> Answers:
    """Ask `rate` times a second; `next_one` gives a path and a key."""
    answers, free = Answers(), asyncio.Queue[Connection]()
    for _ in range(CONNECTIONS):
        free.put_nowait(Connection(host))
    began = time.perf_counter()

    async def one(due_s: float) -> None:
        connection = await free.get()
        status, size = await connection.ask(*next_one())
        free.put_nowait(connection)
        answers.took_ms.append((time.perf_counter() - due_s) * 1000)
        answers.statuses[status] += 1
        answers.bytes += size

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due_s = began + number / rate
            if (early_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(early_s)
            group.create_task(one(due_s))
    answers.seconds = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    return answers
