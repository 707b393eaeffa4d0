"""One connection to the simulated IRC server: a socket's callbacks around `IrcSession`."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from simulator.faults import Fault
from simulator.framing import Framing
from simulator.irc_lines import HOST
from simulator.irc_session import IrcSession
from simulator.rooms import Rooms
from simulator.trouble import Trouble

log = logging.getLogger(__name__)

RECONNECT = f":{HOST} RECONNECT\r\n".encode()
RELEASE_EVERY_S = 0.05
# Close at once, with a RST and without what still waits.
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What the server puts up with; `max_unread_bytes` may wait for a client, beside what the kernel takes."""

    ping_every_s: float = 300.0
    # Generous beside Twitch's: a frozen or slow connection is a fault of ours, not of the client.
    pong_within_s: float = 60.0
    max_unread_bytes: int = 4 * 1024 * 1024
    max_held_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class Connections:
    """Every open connection, the oldest first, and the faults that new ones begin with."""

    patience: Patience
    clients: list[IrcClient] = field(default_factory=list)
    for_newcomers: dict[str, Fault] = field(default_factory=dict)

    def most_joined(self, count: int) -> Sequence[IrcClient]:
        """Return the `count` clients (0: all) with the most channels, those that are on their way out left aside."""
        staying = [client for client in self.clients if not client.leaving]
        return sorted(staying, key=lambda client: -len(client.session.joined))[: count or None]


class IrcClient(asyncio.Protocol):
    """One connection. `leaving` is set when it was told to go or will not live on."""

    transport: asyncio.Transport

    def __init__(self, rooms: Rooms, connections: Connections, framing: Framing) -> None:
        self.session = IrcSession(rooms, self.send)
        self.leaving = False
        self._connections = connections
        self._patience = connections.patience
        self._framing = framing
        self._faults: set[str] = set()
        self._trouble: Trouble | None = None
        self._loop = asyncio.get_running_loop()
        self._ping: asyncio.TimerHandle | None = None
        self._release: asyncio.TimerHandle | None = None
        self._excused_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._connections.clients.append(self)
        for fault in self._connections.for_newcomers.values():
            self.begin(fault)
        self._ping = self._loop.call_later(self._patience.ping_every_s, self._send_ping)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        lines, reply = self._framing.receive(data)
        self._write(reply)
        if lines:
            self.send(self.session.receive(lines, self._loop.time()))
        if self.session.over or self._framing.over:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why a client left changes nothing
        for timer in (self._ping, self._release):
            if timer is not None:
                timer.cancel()
        self.session.leave()
        self._connections.clients.remove(self)

    def send(self, lines: bytes) -> None:
        """Send whole lines to the client, and drop it when too much waits already."""
        if self._trouble is not None:
            lines = self._trouble.distort(lines)
        self._write(self._framing.frame(lines))

    def close(self) -> None:
        """Close in order: what was written before is still sent."""
        self._write(self._framing.farewell())
        self.session.leave()
        self.transport.close()

    def reset(self) -> None:
        """Close with a RST."""
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._abort()

    def begin(self, fault: Fault) -> None:
        """Let a fault act on this connection."""
        self._faults.add(fault.id)
        match fault.kind:
            case "reset":
                self.reset()
            case "reconnect":
                self.leaving = True
                if self.session.commands:
                    self.send(RECONNECT)
            case _:
                self.leaving |= fault.kind == "half_open"
                self._begin_trouble(fault)

    def end(self, fault: Fault) -> None:
        """Let a fault act no more; one that never acted here changes nothing."""
        if fault.id not in self._faults:
            return
        self._faults.discard(fault.id)
        if fault.kind == "reconnect":
            self.close()
        elif fault.kind == "half_open":
            self.reset()
        elif self._trouble is not None:
            self._trouble.end(fault)

    def _begin_trouble(self, fault: Fault) -> None:
        if self._trouble is None:
            self._trouble = Trouble(self._loop.time())
            self._release = self._loop.call_later(RELEASE_EVERY_S, self._release_held)
        self._trouble.begin(fault)

    @property
    def _deaf(self) -> bool:
        return self._trouble is not None and self._trouble.deaf

    def _write(self, data: bytes) -> None:
        if self._trouble is not None:
            data = self._pass_on(self._trouble, data)
        if data and not self.transport.is_closing():
            self.transport.write(data)
            self._drop_when_slow()

    def _pass_on(self, trouble: Trouble, data: bytes) -> bytes:
        data = trouble.pass_on(data, self._loop.time())
        # What a fault has held back and lets go at once is not the client's fault.
        self._excused_bytes = max(self._excused_bytes, len(data))
        if trouble.held_bytes > self._patience.max_held_bytes:
            log.warning("too much is held back for %s: it is dropped", self.session.nick)
            self._abort()
        return data

    def _drop_when_slow(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting == 0:
            self._excused_bytes = 0
        elif waiting > self._patience.max_unread_bytes + self._excused_bytes:
            log.warning("%s reads too slowly and is dropped", self.session.nick)
            self._abort()

    def _abort(self) -> None:
        self.session.leave()
        self.transport.abort()

    def _release_held(self) -> None:
        self._write(b"")
        if self._trouble is not None and self._trouble.over:
            self._trouble = None
        else:
            self._release = self._loop.call_later(RELEASE_EVERY_S, self._release_held)

    def _send_ping(self) -> None:
        self.session.owes_pong = True
        self.send(f"PING :{HOST}\r\n".encode())
        self._ping = self._loop.call_later(self._patience.pong_within_s, self._expect_pong)

    def _expect_pong(self) -> None:
        if self.session.owes_pong and not self._deaf:
            log.warning("%s does not answer PING and is dropped", self.session.nick)
            self._abort()
            return
        wait_s = max(0.0, self._patience.ping_every_s - self._patience.pong_within_s)
        self._ping = self._loop.call_later(wait_s, self._send_ping)
