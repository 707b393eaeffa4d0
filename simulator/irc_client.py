"""One connection to the simulated IRC server: asyncio protocol around `IrcSession`."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from simulator.disruption import Disruption
from simulator.faults import Fault
from simulator.framing import Framing
from simulator.irc_lines import HOST
from simulator.irc_session import IrcSession
from simulator.rooms import Rooms

log = logging.getLogger(__name__)

RECONNECT = f":{HOST} RECONNECT\r\n".encode()
RELEASE_EVERY_S = 0.05
# Close immediately with an RST and discard pending data.
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Limits of a connection; `max_unread_bytes` is in addition to the kernel's buffers."""

    ping_every_s: float = 300.0
    # Longer than Twitch's, because the simulator itself may have frozen or slowed the connection.
    pong_within_s: float = 60.0
    max_unread_bytes: int = 4 * 1024 * 1024
    max_held_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class Connections:
    """The open connections, oldest first, and the faults applied to new ones."""

    limits: ConnectionLimits
    clients: list[IrcClient] = field(default_factory=list)
    faults_for_new: dict[str, Fault] = field(default_factory=dict)

    def most_joined(self, count: int) -> Sequence[IrcClient]:
        """Return the `count` clients (0: all) with the most channels, except those that are leaving."""
        staying = [client for client in self.clients if not client.leaving]
        return sorted(staying, key=lambda client: -len(client.session.joined))[: count or None]


class IrcClient(asyncio.Protocol):
    """One connection. `leaving` is set once a reconnect has been requested or the connection is half open."""

    transport: asyncio.Transport

    def __init__(self, rooms: Rooms, connections: Connections, framing: Framing) -> None:
        self.session = IrcSession(rooms, self.send)
        self.leaving = False
        self._connections = connections
        self._limits = connections.limits
        self._framing = framing
        self._faults: set[str] = set()
        self._disruption: Disruption | None = None
        self._loop = asyncio.get_running_loop()
        self._ping: asyncio.TimerHandle | None = None
        self._release: asyncio.TimerHandle | None = None
        self._excused_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._connections.clients.append(self)
        for fault in self._connections.faults_for_new.values():
            self.begin(fault)
        self._ping = self._loop.call_later(self._limits.ping_every_s, self._send_ping)

    def data_received(self, data: bytes) -> None:
        if self._is_half_open:
            return
        lines, reply = self._framing.receive(data)
        self._write(reply)
        if lines:
            self.send(self.session.receive(lines, self._loop.time()))
        if self.session.should_close or self._framing.should_close:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason does not matter
        for timer in (self._ping, self._release):
            if timer is not None:
                timer.cancel()
        self.session.leave()
        self._connections.clients.remove(self)

    def send(self, lines: bytes) -> None:
        """Send complete lines; drop the client if too much data is pending."""
        if self._disruption is not None:
            lines = self._disruption.distort(lines)
        self._write(self._framing.frame(lines))

    def close(self) -> None:
        """Close gracefully: pending data is still sent."""
        self._write(self._framing.close_frame())
        self.session.leave()
        self.transport.close()

    def reset(self) -> None:
        """Close with an RST."""
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._abort()

    def begin(self, fault: Fault) -> None:
        """Apply a fault to this connection."""
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
                self._begin_disruption(fault)

    def end(self, fault: Fault) -> None:
        """Remove a fault, if it was applied here."""
        if fault.id not in self._faults:
            return
        self._faults.discard(fault.id)
        if fault.kind == "reconnect":
            self.close()
        elif fault.kind == "half_open":
            self.reset()
        elif self._disruption is not None:
            self._disruption.end(fault)

    def _begin_disruption(self, fault: Fault) -> None:
        if self._disruption is None:
            self._disruption = Disruption(self._loop.time())
            self._release = self._loop.call_later(RELEASE_EVERY_S, self._release_held)
        self._disruption.begin(fault)

    @property
    def _is_half_open(self) -> bool:
        return self._disruption is not None and self._disruption.is_half_open

    def _write(self, data: bytes) -> None:
        if self._disruption is not None:
            data = self._filter(self._disruption, data)
        if data and not self.transport.is_closing():
            self.transport.write(data)
            self._drop_when_slow()

    def _filter(self, disruption: Disruption, data: bytes) -> bytes:
        data = disruption.release(data, self._loop.time())
        # A client must not be dropped because of data that a fault held back and releases all at once.
        self._excused_bytes = max(self._excused_bytes, len(data))
        if disruption.held_bytes > self._limits.max_held_bytes:
            log.warning("client %s dropped: too much data held back", self.session.nick)
            self._abort()
        return data

    def _drop_when_slow(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting == 0:
            self._excused_bytes = 0
        elif waiting > self._limits.max_unread_bytes + self._excused_bytes:
            log.warning("client %s dropped: reads too slowly", self.session.nick)
            self._abort()

    def _abort(self) -> None:
        self.session.leave()
        self.transport.abort()

    def _release_held(self) -> None:
        self._write(b"")
        if self._disruption is not None and self._disruption.is_over:
            self._disruption = None
        else:
            self._release = self._loop.call_later(RELEASE_EVERY_S, self._release_held)

    def _send_ping(self) -> None:
        self.session.awaits_pong = True
        self.send(f"PING :{HOST}\r\n".encode())
        self._ping = self._loop.call_later(self._limits.pong_within_s, self._expect_pong)

    def _expect_pong(self) -> None:
        if self.session.awaits_pong and not self._is_half_open:
            log.warning("client %s dropped: PING not answered", self.session.nick)
            self._abort()
            return
        wait_s = max(0.0, self._limits.ping_every_s - self._limits.pong_within_s)
        self._ping = self._loop.call_later(wait_s, self._send_ping)
