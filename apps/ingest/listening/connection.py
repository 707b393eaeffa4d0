"""One IRC connection: the socket around core/irc/session.py, from its opening to its end."""

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
RECONNECT = "reconnect asked for by Twitch"

_numbers = itertools.count(1)


def monotonic_ms() -> int:
    """Return ms of a clock that never goes back and counts the time that the machine slept."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """Where Twitch's IRC is; `ca_file` is what its certificate is checked against, empty for the system's."""

    host: str
    port: int
    tls: bool
    ca_file: str = ""

    def context(self) -> ssl.SSLContext | None:
        """Return how TLS is spoken, None where it is not."""
        return ssl.create_default_context(cafile=self.ca_file or None) if self.tls else None


@dataclass(frozen=True, slots=True)
class Ears:
    """What connections tell, each under its number.

    `lines` returns how many ms the newest of them was under way, None when they do not tell. `lost` says for how
    many ms nothing of the channels had surely been heard before, and why.
    """

    lines: Callable[[Sequence[Line]], int | None]
    joined: Callable[[int, str], None]
    lost: Callable[[int, Iterable[str], int, str], None]
    refused: Callable[[str, str], None]


class Connection(asyncio.Protocol):
    """Listens to channels on one socket until it ends; it is not opened again.

    `left` is done with a reason when Twitch asked to reconnect or the connection ended, `ended` when nothing
    is heard any more.
    """

    def __init__(self, ears: Ears, budget: JoinBudget, join_delay_ms: int) -> None:
        self.number = next(_numbers)
        self.session = Session(f"justinfan{random.randrange(10_000, 99_999)}", monotonic_ms(), budget, join_delay_ms)
        self._ears = ears
        self._loop = asyncio.get_running_loop()
        self.left: asyncio.Future[str] = self._loop.create_future()
        self.ended: asyncio.Future[str] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, server: Server, ears: Ears, budget: JoinBudget, join_delay_ms: int = 0) -> Connection:
        """Return a connection whose socket is open. Raises: OSError, also when it takes too long."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, connection = await loop.create_connection(
                lambda: cls(ears, budget, join_delay_ms), server.host, server.port, ssl=server.context()
            )
        return connection

    @property
    def quiet_ms(self) -> int:
        """For how long nothing has come."""
        return monotonic_ms() - self.session.heard_ms

    @property
    def state(self) -> str:
        """Return "ended", "leaving", "joining" or "listening"."""
        if self.ended.done():
            return "ended"
        if self.left.done():
            return "leaving"
        return "listening" if self.session.is_welcome and not self.session.pending else "joining"

    def change(self, join: Iterable[str] = (), part: Iterable[str] = ()) -> None:
        """Listen to more channels, and to some no longer."""
        if left := self.session.part(part):
            self._ears.lost(self.number, left, 0, "parted")
        self.session.join(join)
        self._turn()

    def close(self, reason: str = "closed by us") -> None:
        """End the connection; nothing more is heard."""
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
        self._ears.lost(self.number, self.session.joined, unsure_ms, "disconnected")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._turn()

    def data_received(self, data: bytes) -> None:
        if self.ended.done():
            return
        lines: list[Line] = []
        for event in self.session.receive_data(data, monotonic_ms()):
            if type(event) is Line:
                lines.append(event)
                continue
            # What was heard before a join or a loss is accounted for before it.
            lines = self._tell(lines)
            self._take(event)
        self._tell(lines)
        self._turn()

    def connection_lost(self, exc: Exception | None) -> None:
        self.close(f"connection lost: {exc}" if exc else "closed by Twitch")

    def _tell(self, lines: list[Line]) -> list[Line]:
        if lines and (lag_ms := self._ears.lines(lines)) is not None:
            self.session.lag_ms = lag_ms
        return []

    def _take(self, event: object) -> None:
        match event:
            case Joined(login):
                self._ears.joined(self.number, login)
            case Left(login, reason):
                self._ears.lost(self.number, [login], self.session.lag_ms, reason)
            case Refused(login, reason):
                self._ears.refused(login, reason)
            case Reconnect() if not self.left.done():
                self.left.set_result(RECONNECT)
            case Ended(reason):
                self.close(reason)

    def _turn(self) -> None:
        """Let the session do what is due, and come back when it is again."""
        if self._transport is None or self.ended.done():
            return
        now_ms = monotonic_ms()
        for event in self.session.tick(now_ms):
            self._take(event)
        if self.ended.done():
            return
        if data := self.session.data_to_send():
            self._transport.write(data)
        self._wake_at(self.session.wake_at_ms(now_ms), now_ms)

    def _wake_at(self, at_ms: int, now_ms: int) -> None:
        """Keep one timer, set anew only when something is due earlier."""
        due_s = self._loop.time() + (at_ms - now_ms) / 1000
        if self._timer is not None:
            if self._timer.when() <= due_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due_s, self._ring)

    def _ring(self) -> None:
        # A timer may ring a moment before its time, so only this tells that it has.
        self._timer = None
        self._turn()
