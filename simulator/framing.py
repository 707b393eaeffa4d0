"""How lines travel: as they are over TCP and TLS, or in the frames of a WebSocket. No I/O."""

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

# It tells of every handshake otherwise.
_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.WARNING)


class Framing(Protocol):
    """Bytes from and to a socket on one side, lines on the other."""

    over: bool
    """Whether the connection is to be closed."""

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the client's lines in `data`, and what the framing itself answers."""
        ...

    def frame(self, lines: bytes) -> bytes:
        """Return lines as bytes for the socket."""
        ...

    def farewell(self) -> bytes:
        """Return what goes before an orderly close."""
        ...


class PlainFraming:
    """Lines are sent as they are."""

    over = False

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Return all of it."""
        return data, b""

    def frame(self, lines: bytes) -> bytes:
        """Return them."""
        return lines

    def farewell(self) -> bytes:
        """Return nothing."""
        return b""


class WebSocketFraming:
    """A text frame carries one or more lines; a client may leave out the end of the last one."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(max_size=MAX_LINE_BYTES, logger=_quiet, select_subprotocol=_subprotocol)
        self.over = False

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the lines of whole frames, each with its end; handshake, PONG and close are the answers."""
        self._protocol.receive_data(data)
        lines = b"".join(self._event(event) for event in self._protocol.events_received())
        self.over = self._protocol.close_expected()
        return lines, b"".join(self._protocol.data_to_send())

    def frame(self, lines: bytes) -> bytes:
        """Return one text frame; nothing before the handshake and after the close."""
        if not lines or self._protocol.state is not State.OPEN:
            return b""
        # A frame of text that is not UTF-8 would end the connection.
        self._protocol.send_text(lines.decode("utf-8", "replace").encode())
        return b"".join(self._protocol.data_to_send())

    def farewell(self) -> bytes:
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
    # Clients of Twitch that ask for "irc" insist on getting it.
    return next((name for name in offered if name == "irc"), None)
