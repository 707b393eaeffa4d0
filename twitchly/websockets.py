"""uvicorn's WebSockets: frames are written without ASGI messages, and clients that do not read are disconnected."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# The extension of the ASGI scope that contains the FrameWriter of a WebSocket.
FRAMES = "twitchly.frames"
TEXT_FRAME = 0x81


class FrameWriter(Protocol):
    """Writes text frames to an accepted WebSocket immediately; an ASGI message costs several times as much."""

    # Called when a client that had stopped reading can take frames again.
    on_writable: Callable[[], object]

    @property
    def is_writable(self) -> bool:
        """True if the connection is open and the client keeps up."""

    def write_frames(self, texts: Sequence[bytes]) -> None:
        """Write these strings, one frame each. Nothing is written to a connection that is closing."""


class ClosingProtocol(WebSocketsSansIOProtocol):
    """Writes frames directly, and closes connections to clients that do not read.

    uvicorn sends a close frame, and closes the transport, only after its buffer has drained, which never happens if
    the client does not read. Here the close frame is queued at once, and the connection is aborted after ABORT_AFTER_S.
    """

    ABORT_AFTER_S = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_writable: Callable[[], object] = lambda: None

    async def run_asgi(self) -> None:
        scope: Any = self.scope
        scope["extensions"][FRAMES] = self
        await super().run_asgi()

    @property
    def is_writable(self) -> bool:
        """True if the connection is open and the client keeps up."""
        return self.writable.is_set() and not self.close_sent and not self.transport.is_closing()

    def write_frames(self, texts: Sequence[bytes]) -> None:
        """Write all text frames at once, in one system call."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(b"".join([part for text in texts for part in (frame_header(len(text)), text)]))

    def resume_writing(self) -> None:
        super().resume_writing()
        self.on_writable()

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


def frame_header(length: int) -> bytes:
    """Return the header of an unmasked text frame. Source: RFC 6455, 5.2."""
    if length < 126:
        return struct.pack("!BB", TEXT_FRAME, length)
    if length < 65_536:
        return struct.pack("!BBH", TEXT_FRAME, 126, length)
    return struct.pack("!BBQ", TEXT_FRAME, 127, length)
