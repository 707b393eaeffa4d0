"""One IRC connection: a socket around the session of core/irc/session.py."""

from __future__ import annotations

import asyncio
import itertools
import random
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from core.irc.lines import Line
from core.irc.session import Ended, JoinBudget, Joined, Left, Reconnect, Refused, Session

CONNECT_TIMEOUT_S = 10
RECONNECT = "reconnect requested by Twitch"

_numbers = itertools.count(1)


def monotonic_ms() -> int:
    """Return the time in ms on a monotonic clock that includes suspend."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """Address of Twitch's IRC server. If `ca_file` is empty, the system's CA bundle is used."""

    host: str
    port: int
    tls: bool
    ca_file: str = ""

    def context(self) -> ssl.SSLContext | None:
        """Return the TLS context, or None for plain TCP."""
        return ssl.create_default_context(cafile=self.ca_file or None) if self.tls else None


@dataclass(frozen=True, slots=True)
class ConnectionCallbacks:
    """Callbacks of a connection. `joined` and `lost` receive the connection's number.

    `lines` returns the delay of the newest line in ms, or None if no line has a time. `lost` also receives the number
    of ms before the loss during which reception is uncertain, and the reason.
    """

    lines: Callable[[Sequence[Line]], int | None]
    joined: Callable[[int, str], None]
    lost: Callable[[int, Iterable[str], int, str], None]
    refused: Callable[[str, str], None]


class Connection(asyncio.Protocol):
    """One socket, from open to close; it is never reopened.

    `left` resolves to a reason when Twitch requests a reconnect or the connection ends, `ended` when no more lines
    can arrive.
    """

    def __init__(self, callbacks: ConnectionCallbacks, budget: JoinBudget, join_delay_ms: int) -> None:
        self.number = next(_numbers)
        self.session = Session(f"justinfan{random.randrange(10_000, 99_999)}", monotonic_ms(), budget, join_delay_ms)
        self._callbacks = callbacks
        self._loop = asyncio.get_running_loop()
        self.left: asyncio.Future[str] = self._loop.create_future()
        self.ended: asyncio.Future[str] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls, server: Server, callbacks: ConnectionCallbacks, budget: JoinBudget, join_delay_ms: int = 0
    ) -> Connection:
        """Open a socket and return its connection. Raises: OSError, also on timeout."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, connection = await loop.create_connection(
                lambda: cls(callbacks, budget, join_delay_ms), server.host, server.port, ssl=server.context()
            )
        return connection

    @property
    def quiet_ms(self) -> int:
        """The time in ms since the last bytes arrived."""
        return monotonic_ms() - self.session.heard_ms

    @property
    def state(self) -> str:
        """Return "ended", "leaving", "joining" or "listening"."""
        if self.ended.done():
            return "ended"
        if self.left.done():
            return "leaving"
        return "listening" if self.session.is_ready and not self.session.pending else "joining"

    def change(self, join: Iterable[str] = (), part: Iterable[str] = ()) -> None:
        """Join and part channels."""
        if left := self.session.part(part):
            self._callbacks.lost(self.number, left, 0, "parted")
        self.session.join(join)
        self._run_session()

    def close(self, reason: str = "closed locally") -> None:
        """Close the connection immediately."""
        if self.ended.done():
            return
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        self.ended.set_result(reason)
        if not self.left.done():
            self.left.set_result(reason)
        unsure_ms = self.quiet_ms + self.session.lag_ms
        self._callbacks.lost(self.number, self.session.joined, unsure_ms, "disconnected")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._run_session()

    def data_received(self, data: bytes) -> None:
        if self.ended.done():
            return
        lines: list[Line] = []
        for event in self.session.receive_data(data, monotonic_ms()):
            if type(event) is Line:
                lines.append(event)
                continue
            # Lines received before a join or a loss are delivered before it.
            lines = self._deliver(lines)
            self._handle(event)
        self._deliver(lines)
        self._run_session()

    def connection_lost(self, exc: Exception | None) -> None:
        self.close(f"connection lost: {exc}" if exc else "closed by Twitch")

    def _deliver(self, lines: list[Line]) -> list[Line]:
        if lines and (lag_ms := self._callbacks.lines(lines)) is not None:
            self.session.lag_ms = lag_ms
        return []

    def _handle(self, event: object) -> None:
        match event:
            case Joined(login):
                self._callbacks.joined(self.number, login)
            case Left(login, reason):
                self._callbacks.lost(self.number, [login], self.session.lag_ms, reason)
            case Refused(login, reason):
                self._callbacks.refused(login, reason)
            case Reconnect() if not self.left.done():
                self.left.set_result(RECONNECT)
            case Ended(reason):
                self.close(reason)

    def _run_session(self) -> None:
        """Run the session's due work and schedule the next wake-up."""
        if self._transport is None or self.ended.done():
            return
        now_ms = monotonic_ms()
        for event in self.session.tick(now_ms):
            self._handle(event)
        if self.ended.done():
            return
        if data := self.session.data_to_send():
            self._transport.write(data)
        self._wake_at(self.session.wake_at_ms(now_ms), now_ms)

    def _wake_at(self, at_ms: int, now_ms: int) -> None:
        """Keep one timer and reset it only when something is due earlier."""
        due_s = self._loop.time() + (at_ms - now_ms) / 1000
        if self._timer is not None:
            if self._timer.when() <= due_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due_s, self._on_timer)

    def _on_timer(self) -> None:
        # A timer may fire slightly early, so `when()` does not show whether it has fired.
        self._timer = None
        self._run_session()
