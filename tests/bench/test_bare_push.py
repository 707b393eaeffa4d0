"""The bare loop of bench/sockets.py writes all frames to all open sockets and to no closed one."""

from __future__ import annotations

import asyncio
from typing import Any

from bench import bare_push


class Client:
    """The server's end of a WebSocket."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.events.put_nowait({"type": "websocket.connect"})
        self.sent: list[dict[str, Any]] = []
        self.has_frames = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if sum(message["type"] == "websocket.send" for message in self.sent) >= 2:
            self.has_frames.set()


async def test_every_open_socket_receives_every_frame() -> None:
    clients = [Client(), Client()]
    sockets = [
        asyncio.create_task(bare_push.application({"type": "websocket"}, client.events.get, client.send))
        for client in clients
    ]
    pushing = asyncio.create_task(bare_push.push_each_second(["a", "b"]))
    async with asyncio.timeout(60):
        for client in clients:
            await client.has_frames.wait()
            client.events.put_nowait({"type": "websocket.disconnect"})
        await asyncio.gather(*sockets)
    pushing.cancel()
    for client in clients:
        assert [message.get("text", message["type"]) for message in client.sent] == ["websocket.accept", "a", "b"]
    assert not bare_push._sends
