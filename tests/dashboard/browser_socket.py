"""The page's end of a WebSocket connection to an ASGI application (channels.testing would require Daphne)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from asgiref import testing

from twitchly.websockets import FRAMES

# A test that waits this long has hung: nothing takes this long, even on a busy machine.
HANG_S = 30
# asgiref has no type annotations for this class.
_Communicator: Any = testing.ApplicationCommunicator


class QueueWriter:
    """Writes frames to the output of a communicator, as twitchly.websockets writes them to a transport."""

    is_writable = True

    def __init__(self, communicator: Any) -> None:
        self._communicator = communicator
        self.fails = False
        self.on_writable: Callable[[], object] = lambda: None

    def write_frames(self, texts: Sequence[bytes]) -> None:
        if self.fails:
            raise RuntimeError("the transport is broken")
        for text in texts:
            self._communicator.output_queue.put_nowait({"type": "websocket.send", "text": text.decode()})


class BrowserSocket:
    """An ASGI WebSocket client."""

    def __init__(self, application: Any, path: str, headers: list[tuple[bytes, bytes]], **scope: Any) -> None:
        usual = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
        extensions: dict[str, Any] = {}
        self._communicator = _Communicator(application, usual | {"extensions": extensions} | scope)
        extensions[FRAMES] = self.writer = QueueWriter(self._communicator)

    async def connect(self) -> bool:
        """Return whether the socket was accepted."""
        await self._communicator.send_input({"type": "websocket.connect"})
        return bool((await self._communicator.receive_output(HANG_S))["type"] == "websocket.accept")

    async def send(self, text: str | None = None, binary: bytes | None = None) -> None:
        await self._communicator.send_input({"type": "websocket.receive", "text": text, "bytes": binary})

    async def subscribe(self, name: str = "board", kind: str = "board", **fields: Any) -> None:
        """Send a subscription request, by default for the viewers board."""
        fields = {"metric": "viewers"} | fields if kind == "board" else fields
        await self.send(json.dumps({"type": "subscribe", "id": name, "kind": kind, **fields}))

    async def receive(self) -> dict[str, Any]:
        """Return the next frame."""
        message = await self._communicator.receive_output(HANG_S)
        return dict(json.loads(message["text"]))

    async def receive_raw(self) -> dict[str, Any]:
        """Return the next ASGI message of the application."""
        return dict(await self._communicator.receive_output(HANG_S))

    async def receive_nothing(self, timeout_s: float) -> bool:
        return bool(await self._communicator.receive_nothing(timeout_s, 0.02))

    async def close_code(self) -> int:
        """Wait for the server to close the socket and return the close code."""
        message = await self._communicator.receive_output(HANG_S)
        assert message["type"] == "websocket.close", message
        return int(message["code"])

    async def code_after_frames(self) -> int:
        """Return the close code of the socket, skipping frames that were sent before the close."""
        while True:
            message = await self.receive_raw()
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def disconnect(self) -> None:
        await self._communicator.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._communicator.wait(HANG_S)
