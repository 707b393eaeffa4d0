"""`python -m bench.pages`: many pages with a live socket each, and some that read one byte a second.

It is started by bench/sockets.py, and prints how many frames came how long after the end of their windows.
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
TOGETHER = 50
NEWEST = '"newest_end_ms":'


@dataclass(slots=True)
class Heard:
    """Pushes by window end and by how many ms later they came; how often a page or a slow reader was closed.

    `samples` are the newest frames of one page, by subscription.
    """

    delays: dict[int, Counter[int]] = field(default_factory=dict)
    bytes: int = 0
    closed: int = 0
    slow_closed: int = 0
    samples: dict[str, str] = field(default_factory=dict)

    def take(self, frame: str) -> None:
        """Note a frame; a snapshot comes when it is asked for."""
        if '"type":"push"' not in frame[:20]:
            return
        at = frame.index(NEWEST) + len(NEWEST)
        end_ms = int(frame[at : at + 13])
        self.delays.setdefault(end_ms, Counter())[int(time.time() * 1000) - end_ms] += 1
        self.bytes += len(frame)


def wishes(number: int) -> list[str]:
    """Return what a page subscribes to: a board, and one of some channels."""
    board = {"type": "subscribe", "id": "board", "kind": "board", "metric": METRICS[number % len(METRICS)]}
    channel = {"type": "subscribe", "id": "channel", "kind": "channels", "channels": [str(10_000 + number % CHANNELS)]}
    return [json.dumps(board), json.dumps(channel)]


async def page(url: str, headers: dict[str, str], number: int, heard: Heard, turn: asyncio.Semaphore) -> None:
    """Read all that one page gets, as fast as it comes."""
    while True:
        async with turn:
            opening = connect(url, additional_headers=headers, origin=None, compression=None, open_timeout=60)
            connection = await opening
        try:
            for wish in wishes(number):
                await connection.send(wish)
            async for frame in connection:
                heard.take(str(frame))
                if number == 0:
                    heard.samples[json.loads(frame)["id"]] = str(frame)
        except ConnectionClosed:
            pass
        heard.closed += 1


async def slow_reader(url: str, headers: dict[str, str], heard: Heard) -> None:
    """Read one byte a second of a board of 100, and come again when that was ended."""
    loop, where = asyncio.get_running_loop(), urlsplit(url)
    while True:
        with socket.socket() as end:
            # A small window, or the kernel itself would hold minutes of frames.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            end.setblocking(False)
            await loop.sock_connect(end, (where.hostname, where.port))
            await open_by_hand(end, url, headers)
            with contextlib.suppress(OSError):
                while await loop.sock_recv(end, 1):  # noqa: ASYNC110  to be slow is what it is for
                    await asyncio.sleep(1)
        heard.slow_closed += 1


async def open_by_hand(end: socket.socket, url: str, headers: dict[str, str]) -> None:
    """Shake hands and subscribe, without reading further than the handshake goes."""
    loop = asyncio.get_running_loop()
    protocol = ClientProtocol(parse_uri(url))
    request = protocol.connect()
    request.headers.update(headers)
    protocol.send_request(request)
    await loop.sock_sendall(end, b"".join(protocol.data_to_send()))
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += await loop.sock_recv(end, 1)
    protocol.receive_data(answer)
    wish = {"type": "subscribe", "id": "all", "kind": "board", "metric": "viewers", "size": 100}
    protocol.send_text(json.dumps(wish).encode())
    await loop.sock_sendall(end, b"".join(protocol.data_to_send()))


async def run(given: dict[str, Any]) -> Heard:
    """Open all, say so, and read until the standard input ends."""
    heard, turn = Heard(), asyncio.Semaphore(TOGETHER)
    headers = [{"Cookie": cookie, "Origin": given["origin"]} for cookie in given["cookies"]]
    count = given["pages"]
    pages = [page(given["url"], headers[number], number, heard, turn) for number in range(count)]
    slow = [slow_reader(given["url"], headers[count + number], heard) for number in range(given["slow"])]
    tasks = [asyncio.create_task(one) for one in (*pages, *slow)]
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps({"heard": sum(sum(counter.values()) for counter in heard.delays.values())}), flush=True)
    for task in tasks:
        task.cancel()
    return heard


def main() -> int:
    """Take what to do from the first line, answer each further one, and tell everything at the end."""
    heard = asyncio.run(run(json.loads(sys.stdin.readline())))
    told = {"delays": heard.delays, "bytes": heard.bytes, "closed": heard.closed, "slow_closed": heard.slow_closed}
    print(json.dumps(told | {"samples": heard.samples}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
