"""HTTP load at a constant rate: requests are scheduled regardless of how long the responses take."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

# Maximum number of concurrent requests. Further requests wait, and their response times include the wait.
CONNECTIONS = 64
# Returns the path and the key of the next request.
NextRequest = Callable[[], tuple[str, str]]
HEAD = "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nAccept-Encoding: gzip\r\n\r\n"


@dataclass(slots=True)
class Responses:
    """The response time of each request in ms, from its scheduled time, and the number of responses by status."""

    durations_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bytes: int = 0
    seconds: float = 0.0

    @property
    def median_ms(self) -> float:
        return statistics.median(self.durations_ms)

    @property
    def p95_ms(self) -> float:
        return statistics.quantiles(self.durations_ms, n=20)[18]


class Connection:
    """One persistent connection."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, key: str) -> tuple[int, int]:
        """Return the status and the size of the response."""
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
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()


async def send_at_rate(host: str, rate: float, seconds: float, next_request: NextRequest) -> Responses:
    """Send `rate` requests a second."""
    responses, free = Responses(), asyncio.Queue[Connection]()
    for _ in range(CONNECTIONS):
        free.put_nowait(Connection(host))
    began = time.perf_counter()

    async def send(due_s: float) -> None:
        connection = await free.get()
        status, size = await connection.get(*next_request())
        free.put_nowait(connection)
        responses.durations_ms.append((time.perf_counter() - due_s) * 1000)
        responses.statuses[status] += 1
        responses.bytes += size

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due_s = began + number / rate
            if (early_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(early_s)
            group.create_task(send(due_s))
    responses.seconds = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    return responses
