"""Connection that reconnects: keeps its channels joined across reconnects and losses."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from apps.ingest.listening.connection import RECONNECT, Connection, ConnectionCallbacks, Server, monotonic_ms
from core.irc.session import JoinBudget

log = logging.getLogger(__name__)

BACKOFF_MAX_S = 60.0
# A connection that lasted this long resets the backoff.
STABLE_AFTER_MS = 30_000
# The old connection stays open until the new one has joined all channels and OVERLAP_S has passed. If a channel can no
# longer be joined, the old connection is closed after TAKEOVER_LIMIT_S.
OVERLAP_S = 3.0
TAKEOVER_LIMIT_S = 900.0


class ReconnectingConnection:
    """Keeps its channels joined until `close`.

    When Twitch requests a reconnect, the next connection joins the channels before the old one is closed. After a loss,
    the attempts back off exponentially with jitter. `wait_for_turn` serializes connection attempts; `ends` counts the
    reasons why connections ended.
    """

    def __init__(
        self,
        server: Server,
        callbacks: ConnectionCallbacks,
        wait_for_turn: Callable[[], Awaitable[None]],
        budget: Callable[[], JoinBudget],
        join_delay_ms: int,
        ends: Counter[str],
    ) -> None:
        self._server = server
        self._notify_joined = callbacks.joined
        self._callbacks = replace(callbacks, joined=self._joined)
        self._join_confirmed = asyncio.Event()
        self._wait_for_turn = wait_for_turn
        self._budget = budget
        self._join_delay_ms = join_delay_ms
        self._ends = ends
        self._logins: dict[str, None] = {}
        self._current: Connection | None = None
        self._leaving: dict[Connection, asyncio.Task[None]] = {}
        self._task = asyncio.create_task(self._run())

    @property
    def logins(self) -> list[str]:
        """The logins to keep joined, in join order."""
        return list(self._logins)

    @property
    def connections(self) -> list[Connection]:
        """All open connections: the current one and those being replaced."""
        return [*([self._current] if self._current else []), *self._leaving]

    def change(self, join: Iterable[str] = (), part: Iterable[str] = ()) -> None:
        """Join and part channels."""
        joins, parts = list(join), list(part)
        for login in parts:
            self._logins.pop(login, None)
        self._logins.update(dict.fromkeys(joins))
        for connection in self._leaving:
            connection.change(part=parts)
        if self._current is not None:
            self._current.change(joins, parts)

    def check(self) -> None:
        """Raise the task's error if the task has ended, which only a bug can cause."""
        if self._task.done():
            self._task.result()

    async def close(self) -> None:
        """Close all connections."""
        tasks = (self._task, *self._leaving.values())
        for task in tasks:
            task.cancel()
        # `check` has reported the error of a task that ended earlier; the others must be closed anyway.
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self.connections:
            connection.close()

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wait_for_turn()
            started_ms = monotonic_ms()
            reason = await self._run_connection()
            self._ends[reason.partition(":")[0]] += 1
            failures = 0 if monotonic_ms() - started_ms > STABLE_AFTER_MS else failures + 1
            if reason == RECONNECT and failures < 2:
                log.info("reconnect requested by Twitch, opening the next connection")
                continue
            pause = min(BACKOFF_MAX_S, 0.5 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0)
            log.warning("connection to %s ended: %s; retrying in %.1f s", self._server.host, reason, pause)
            await asyncio.sleep(pause)

    async def _run_connection(self) -> str:
        """Open a connection and wait until it must be replaced; return the reason."""
        try:
            connection = await Connection.open(self._server, self._callbacks, self._budget(), self._join_delay_ms)
        except OSError as error:
            return f"no connection: {error or 'timed out'}"
        self._current = connection
        connection.change(join=self._logins)
        reason = await connection.left
        self._current = None
        if not connection.ended.done():
            self._leaving[connection] = asyncio.create_task(self._leave(connection))
        return reason

    async def _leave(self, connection: Connection) -> None:
        """Keep a connection open until the next one has joined all its channels."""
        takeover = asyncio.ensure_future(self._wait_for_takeover(connection))
        waiting: set[asyncio.Future[Any]] = {takeover, connection.ended}
        await asyncio.wait(waiting, timeout=TAKEOVER_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        takeover.cancel()
        connection.close("replaced after a reconnect")
        del self._leaving[connection]

    def _joined(self, number: int, login: str) -> None:
        self._notify_joined(number, login)
        self._join_confirmed.set()

    async def _wait_for_takeover(self, connection: Connection) -> None:
        while True:
            while not self._is_taken_over(connection):
                self._join_confirmed.clear()
                await self._join_confirmed.wait()
            successor = self._current
            await asyncio.sleep(OVERLAP_S)
            # If the successor was lost in the meantime, the connection after it must take over.
            if self._current is successor and self._is_taken_over(connection):
                return

    def _is_taken_over(self, connection: Connection) -> bool:
        """Return whether the current connection has joined all channels of this one."""
        return self._current is not None and connection.session.joined <= self._current.session.joined
