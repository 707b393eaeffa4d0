"""Websockets between uvicorn and Channels: closing stalled connections, and sending without middleware."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from twitchly.origin import Application


class ClosingProtocol(WebSocketsSansIOProtocol):
    """Closes connections to clients that do not read.

    uvicorn sends a close frame only after its buffer has drained, and the transport closes only then too; with a
    client that does not read neither happens. Here the close frame is queued at once, and the connection is aborted
    after ABORT_AFTER_S.
    """

    ABORT_AFTER_S = 10.0

    async def send(self, message: Any) -> None:
        is_stuck = message["type"] == "websocket.close" and self.handshake_complete and not self.writable.is_set()
        if is_stuck:
            self.writable.set()
        await super().send(message)
        if is_stuck:
            self.loop.call_later(self.ABORT_AFTER_S, self.transport.abort)  # defense: slow-readers

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()


class StraightSend:
    """Puts the server's `send` into the scope, because the session middleware's checks the session for every frame."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return await self._application({**scope, "send": send}, receive, send)
