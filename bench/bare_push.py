"""The baseline of bench/sockets.py: an ASGI application that writes the same frames to all sockets every second.

It reads no boards, encodes nothing and checks no session, so its cost is that of the server and the sockets. The frames
are read from the file at BARE_FRAMES, a JSON list of strings.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.routing import Router

FRAMES = "BARE_FRAMES"
Send = Callable[[dict[str, Any]], Awaitable[None]]
_sends: set[Send] = set()


@asynccontextmanager
async def pushing(_application: Any) -> AsyncIterator[None]:
    """Push once a second while the server runs."""
    task = asyncio.create_task(push_each_second(_frames()))
    yield
    task.cancel()


def _frames() -> list[str]:
    frames: list[str] = json.loads(Path(os.environ[FRAMES]).read_text())
    return frames


async def push_each_second(frames: list[str]) -> None:
    """Write every frame to every socket in turn, once a second."""
    while True:
        await asyncio.sleep(1 - time.time() % 1)
        for send in tuple(_sends):
            for frame in frames:
                await send({"type": "websocket.send", "text": frame})


async def socket(_scope: Any, receive: Any, send: Send) -> None:
    """Accept a socket and ignore its messages until it closes."""
    await receive()
    await send({"type": "websocket.accept"})
    _sends.add(send)
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        _sends.discard(send)


lifespan = Router(lifespan=pushing)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Handle WebSockets and the lifespan protocol."""
    await (socket if scope["type"] == "websocket" else lifespan)(scope, receive, send)
