"""Websockets between uvicorn and Channels: closing on who takes nothing, and sending without detours."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from twitchly.origin import Application


class ClosingProtocol(WebSocketsSansIOProtocol):
    """uvicorn sends a close frame once its buffer has drained, and a transport closes once it has too.

    With a reader that takes nothing neither ever happens, and the connection stays with all it holds. Here the close
    frame goes behind what waits; who has not taken it after CUT_OFF_S is cut off.
    """

    CUT_OFF_S = 10.0

    async def send(self, message: Any) -> None:
        is_stuck = message["type"] == "websocket.close" and self.handshake_complete and not self.writable.is_set()
        if is_stuck:
            self.writable.set()
        await super().send(message)
        if is_stuck:
            self.loop.call_later(self.CUT_OFF_S, self.transport.abort)  # defense: slow-readers

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()


class StraightSend:
    """Leaves the server's `send` in the scope: the one behind sessions looks at the session for every frame."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return await self._application({**scope, "send": send}, receive, send)
