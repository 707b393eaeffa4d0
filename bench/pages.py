"""`python -m bench.pages`: many pages with a live socket each, and some slow clients that read one byte per second.

bench/sockets.py starts it. It prints the delay of each frame after the end of its window.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.uri import parse_uri

METRICS = ("viewers", "messages", "engagement", "spam")
CHANNELS = 50
CONCURRENT_OPENS = 50
NEWEST = '"newest_end_ms":'


@dataclass(slots=True)
class Received:
    """Received pushes by window end and delay in ms, and the numbers of closed pages and slow clients.

    `samples` are the newest frames of one page, by subscription.
    """

    delays: dict[int, Counter[int]] = field(default_factory=dict)
    bytes: int = 0
    closed: int = 0
    slow_closed: int = 0
    samples: dict[str, str] = field(default_factory=dict)

    def record(self, frame: str) -> None:
        """Record a frame, unless it is a snapshot."""
        if '"type":"push"' not in frame[:20]:
            return
        at = frame.index(NEWEST) + len(NEWEST)
        end_ms = int(frame[at : at + 13])
        self.delays.setdefault(end_ms, Counter())[int(time.time() * 1000) - end_ms] += 1
        self.bytes += len(frame)


def subscriptions(number: int) -> list[str]:
    """Return the subscriptions of a page: a board and a channel."""
    board = {"type": "subscribe", "id": "board", "kind": "board", "metric": METRICS[number % len(METRICS)]}
    channel = {"type": "subscribe", "id": "channel", "kind": "channels", "channels": [str(10_000 + number % CHANNELS)]}
    return [json.dumps(board), json.dumps(channel)]


async def page(url: str, headers: dict[str, str], number: int, received: Received, openings: asyncio.Semaphore) -> None:
    """Read the frames of one page as fast as they arrive; reconnect when disconnected."""
    while True:
        async with openings:
            opening = connect(url, additional_headers=headers, origin=None, compression=None, open_timeout=60)
            connection = await opening
        try:
            for subscription in subscriptions(number):
                await connection.send(subscription)
            async for frame in connection:
                received.record(str(frame))
                if number == 0:
                    received.samples[json.loads(frame)["id"]] = str(frame)
        except ConnectionClosed:
            pass
        received.closed += 1


async def slow_reader(url: str, headers: dict[str, str], received: Received) -> None:
    """Read a board of 100 rows at one byte per second; reconnect when disconnected."""
    loop, address = asyncio.get_running_loop(), urlsplit(url)
    while True:
        with socket.socket() as client:
            # With a receive buffer of the default size, the kernel would hold minutes of frames.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.setblocking(False)
            await loop.sock_connect(client, (address.hostname, address.port))
            await open_socket(client, url, headers)
            with contextlib.suppress(OSError):
                while await loop.sock_recv(client, 1):  # noqa: ASYNC110  deliberately slow
                    await asyncio.sleep(1)
        received.slow_closed += 1


async def open_socket(client: socket.socket, url: str, headers: dict[str, str]) -> None:
    """Complete the handshake and subscribe, without reading beyond the handshake."""
    loop = asyncio.get_running_loop()
    protocol = ClientProtocol(parse_uri(url))
    request = protocol.connect()
    request.headers.update(headers)
    protocol.send_request(request)
    await loop.sock_sendall(client, b"".join(protocol.data_to_send()))
    response = b""
    while not response.endswith(b"\r\n\r\n"):
        response += await loop.sock_recv(client, 1)
    protocol.receive_data(response)
    subscription = {"type": "subscribe", "id": "all", "kind": "board", "metric": "viewers", "size": 100}
    protocol.send_text(json.dumps(subscription).encode())
    await loop.sock_sendall(client, b"".join(protocol.data_to_send()))


async def run(options: dict[str, Any]) -> Received:
    """Open all sockets and read until standard input ends; reply to each line with the number of pushes."""
    received, openings = Received(), asyncio.Semaphore(CONCURRENT_OPENS)
    headers = [{"Cookie": cookie, "Origin": options["origin"]} for cookie in options["cookies"]]
    count = options["pages"]
    pages = [page(options["url"], headers[number], number, received, openings) for number in range(count)]
    slow = [slow_reader(options["url"], headers[count + number], received) for number in range(options["slow"])]
    tasks = [asyncio.create_task(reader) for reader in (*pages, *slow)]
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps({"received": sum(sum(counter.values()) for counter in received.delays.values())}), flush=True)
    for task in tasks:
        task.cancel()
    return received


def main() -> int:
    """Read the options from the first line, reply to each further line, and print all results at the end."""
    received = asyncio.run(run(json.loads(sys.stdin.readline())))
    results = {
        "delays": received.delays,
        "bytes": received.bytes,
        "closed": received.closed,
        "slow_closed": received.slow_closed,
    }
    print(json.dumps(results | {"samples": received.samples}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
