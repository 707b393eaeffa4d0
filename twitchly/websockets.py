"""uvicorn's websocket protocol, which also closes on a reader that takes nothing."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


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
            self.loop.call_later(self.CUT_OFF_S, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()
