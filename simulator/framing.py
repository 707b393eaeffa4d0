"""Framing of lines: plain over TCP and TLS, or in WebSocket frames. No I/O."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from simulator.irc_session import MAX_LINE_BYTES

# Without this logger, the protocol would log every handshake.
_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.WARNING)


class Framing(Protocol):
    """Converts between socket bytes and lines."""

    should_close: bool
    """True if the connection must be closed."""

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the client's lines in `data` and the framing's own reply."""
        ...

    def frame(self, lines: bytes) -> bytes:
        """Encode lines for the socket."""
        ...

    def close_frame(self) -> bytes:
        """Return the bytes to send before closing."""
        ...


class PlainFraming:
    """Framing that passes lines through."""

    should_close = False

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the data unchanged."""
        return data, b""

    def frame(self, lines: bytes) -> bytes:
        """Return the lines unchanged."""
        return lines

    def close_frame(self) -> bytes:
        """Return nothing."""
        return b""


class WebSocketFraming:
    """Framing with one or more lines per text frame; clients may omit the last line break."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(max_size=MAX_LINE_BYTES, logger=_quiet, select_subprotocol=_subprotocol)
        self.should_close = False

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the lines of complete frames with line breaks; replies are the handshake, PONG and close."""
        self._protocol.receive_data(data)
        lines = b"".join(self._event(event) for event in self._protocol.events_received())
        self.should_close = self._protocol.close_expected()
        return lines, b"".join(self._protocol.data_to_send())

    def frame(self, lines: bytes) -> bytes:
        """Encode lines as one text frame; return nothing before the handshake or after the close."""
        if not lines or self._protocol.state is not State.OPEN:
            return b""
        # Invalid UTF-8 in a text frame would end the connection.
        self._protocol.send_text(lines.decode("utf-8", "replace").encode())
        return b"".join(self._protocol.data_to_send())

    def close_frame(self) -> bytes:
        """Return the close frame."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
        return b"".join(self._protocol.data_to_send())

    def _event(self, event: object) -> bytes:
        if isinstance(event, Request):
            self._protocol.send_response(self._protocol.accept(event))
        elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
            return bytes(event.data) + (b"\r\n" if event.fin else b"")
        return b""


def _subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    # Twitch clients that offer "irc" require it.
    return next((name for name in offered if name == "irc"), None)
