"""A place on the list of connections: up to 50 channels, kept listened to across reconnects and losses."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from apps.ingest.listening.connection import RECONNECT, Connection, Ears, Server, monotonic_ms
from core.irc.session import JoinBudget

log = logging.getLogger(__name__)

BACKOFF_MAX_S = 60.0
# A connection that lived this long was a good one: the next pause is short again.
GOOD_MS = 30_000
# Both connections are kept until the new one has joined all and this much has passed; a channel that cannot be
# joined any more keeps the old one no longer than the limit.
OVERLAP_S = 3.0
TAKEOVER_LIMIT_S = 900.0


class Link:
    """Listens to its channels until `close`.

    When Twitch asks to reconnect, the next connection is opened and joined before the last one is left. After
    a loss there are growing, jittered pauses. `turn` lets connections be opened one by one; `ends` counts why
    they ended.
    """

    def __init__(
        self,
        server: Server,
        ears: Ears,
        turn: Callable[[], Awaitable[None]],
        budget: Callable[[], JoinBudget],
        join_delay_ms: int,
        ends: Counter[str],
    ) -> None:
        self._server = server
        self._tell_joined = ears.joined
        self._ears = replace(ears, joined=self._joined)
        self._news = asyncio.Event()
        self._turn = turn
        self._budget = budget
        self._join_delay_ms = join_delay_ms
        self._ends = ends
        self._wanted: dict[str, None] = {}
        self._current: Connection | None = None
        self._leaving: dict[Connection, asyncio.Task[None]] = {}
        self._task = asyncio.create_task(self._run())

    @property
    def wanted(self) -> list[str]:
        """The logins this link is to listen to, in the order to be joined."""
        return list(self._wanted)

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open: one, and those that are about to be left."""
        return [*([self._current] if self._current else []), *self._leaving]

    def change(self, join: Iterable[str] = (), part: Iterable[str] = ()) -> None:
        """Listen to more channels, and to some no longer."""
        joins, parts = list(join), list(part)
        for login in parts:
            self._wanted.pop(login, None)
        self._wanted.update(dict.fromkeys(joins))
        for connection in self._leaving:
            connection.change(part=parts)
        if self._current is not None:
            self._current.change(joins, parts)

    def check(self) -> None:
        """Raises: what ended the link by itself, which is an error of ours."""
        if self._task.done():
            self._task.result()

    async def close(self) -> None:
        """End all connections; nothing more is heard."""
        tasks = (self._task, *self._leaving.values())
        for task in tasks:
            task.cancel()
        # What ended one of them before was told by `check`; the others are closed all the same.
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self.connections:
            connection.close()

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._turn()
            started_ms = monotonic_ms()
            reason = await self._listen()
            self._ends[reason.partition(":")[0]] += 1
            failures = 0 if monotonic_ms() - started_ms > GOOD_MS else failures + 1
            if reason == RECONNECT and failures < 2:
                log.info("Twitch asked to reconnect: opening the next connection first")
                continue
            pause = min(BACKOFF_MAX_S, 0.5 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0)
            log.warning("connection to %s ended (%s); next try in %.1f s", self._server.host, reason, pause)
            await asyncio.sleep(pause)

    async def _listen(self) -> str:
        """Open a connection and listen until it is to be left; return why."""
        try:
            connection = await Connection.open(self._server, self._ears, self._budget(), self._join_delay_ms)
        except OSError as error:
            return f"no connection: {error or 'timed out'}"
        self._current = connection
        connection.change(join=self._wanted)
        reason = await connection.left
        self._current = None
        if not connection.ended.done():
            self._leaving[connection] = asyncio.create_task(self._leave(connection))
        return reason

    async def _leave(self, connection: Connection) -> None:
        """Keep a connection until the next one hears all that it hears."""
        taken_over = asyncio.ensure_future(self._taken_over(connection))
        waiting: set[asyncio.Future[Any]] = {taken_over, connection.ended}
        await asyncio.wait(waiting, timeout=TAKEOVER_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        taken_over.cancel()
        connection.close("left after a reconnect")
        del self._leaving[connection]

    def _joined(self, number: int, login: str) -> None:
        self._tell_joined(number, login)
        self._news.set()

    async def _taken_over(self, connection: Connection) -> None:
        while True:
            while not self._is_heard(connection):
                self._news.clear()
                await self._news.wait()
            successor = self._current
            await asyncio.sleep(OVERLAP_S)
            # It may have been lost meanwhile: then the one after it has to take over.
            if self._current is successor and self._is_heard(connection):
                return

    def _is_heard(self, connection: Connection) -> bool:
        """Say whether the connection after this one hears all that it hears."""
        return self._current is not None and connection.session.joined <= self._current.session.joined
