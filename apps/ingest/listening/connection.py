"""One IRC connection: the socket around core/session.py, opened again until closed for good."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from core.irc import Line
from core.session import Ended, Joined, Received, Refused, Session

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10
BACKOFF_MAX_S = 60.0
READ_BYTES = 65_536


def monotonic_ms() -> int:
    """Return ms of a clock that never goes back and counts the time that the machine slept."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """Where Twitch's IRC is."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What a connection tells: a line, a confirmed join, and the loss of all its joined channels.

    With a loss comes for how many ms nothing had been received: all that Twitch sent before was heard.
    """

    line: Callable[[Line], None]
    joined: Callable[[str], None]
    lost: Callable[[frozenset[str], int], None]


class Connection:
    """Listens to its channels until `close`; after a loss it connects again, with growing, jittered pauses."""

    def __init__(self, server: Server, heard: Heard, turn: Callable[[], Awaitable[None]]) -> None:
        self._server = server
        self._heard = heard
        self._turn = turn
        self._wanted: dict[str, None] = {}
        self._session: Session | None = None
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def wanted(self) -> list[str]:
        """The logins this connection is to listen to, in the order to be joined."""
        return list(self._wanted)

    def change(self, join: Iterable[str] = (), part: Iterable[str] = ()) -> None:
        """Listen to more channels, and to some no longer."""
        joins, parts = list(join), list(part)
        for login in parts:
            self._wanted.pop(login, None)
        self._wanted.update(dict.fromkeys(joins))
        if self._session is not None:
            self._session.part(parts)
            self._session.join(joins)
        self._changed.set()

    async def close(self) -> None:
        """End the connection; nothing more is heard."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._turn()
            started = monotonic_ms()
            reason = await self._listen()
            failures = 0 if monotonic_ms() - started > 30_000 else failures + 1
            pause = min(BACKOFF_MAX_S, 0.5 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0)
            log.warning("connection to %s ended (%s); next try in %.1f s", self._server.host, reason, pause)
            await asyncio.sleep(pause)

    async def _listen(self) -> str:
        """Connect and listen until the connection ends; return why it did."""
        context = ssl.create_default_context() if self._server.tls else None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(self._server.host, self._server.port, ssl=context)
        except OSError as error:
            return f"no connection: {error}"
        session = Session(f"justinfan{random.randrange(10_000, 99_999)}", monotonic_ms())
        session.join(self._wanted)
        self._session = session
        try:
            return await self._exchange(session, reader, writer)
        except OSError as error:
            return f"connection lost: {error}"
        finally:
            self._session = None
            self._heard.lost(session.joined, monotonic_ms() - session.heard_ms)
            writer.close()

    async def _exchange(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        reading = asyncio.create_task(reader.read(READ_BYTES))
        try:
            while True:
                events = session.tick(monotonic_ms())
                writer.write(session.data_to_send())
                if ended := next((event for event in events if isinstance(event, Ended)), None):
                    return ended.reason
                self._changed.clear()
                changed = asyncio.create_task(self._changed.wait())
                pause = (session.wake_at_ms(monotonic_ms()) - monotonic_ms()) / 1000
                await asyncio.wait({reading, changed}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if reading.done():
                    data = reading.result()
                    if not data:
                        return "closed by Twitch"
                    if reason := self._take(session, data):
                        return reason
                    reading = asyncio.create_task(reader.read(READ_BYTES))
        finally:
            reading.cancel()

    def _take(self, session: Session, data: bytes) -> str:
        for event in session.receive_data(data, monotonic_ms()):
            match event:
                case Received(line):
                    self._heard.line(line)
                case Joined(login):
                    self._heard.joined(login)
                case Refused(login, reason):
                    log.warning("Twitch refuses channel %s: %s", login, reason)
                case Ended(reason):
                    return reason
        return ""
