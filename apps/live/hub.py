"""The hub of a web process: on each tick, it reads the boards once and sends frames to all its sockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

import redis

from apps.live.frames import FrameCache
from apps.live.outboxes import Connection, Outbox, Subscribers, Subscription
from apps.live.subscriptions import Subscribe, SubscriptionSpec
from core.contracts import group
from core.errors import ServiceUnavailable
from twitchly.tasks import cancel

TICK_TIMEOUT_S = 10
BOARDS_AWAY = "Live data is unavailable. Updates resume automatically."
BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 10.0

log = logging.getLogger(__name__)


class Hub:
    """Follows ticks once the first socket has opened. If Redis is unavailable, the hub retries with backoff."""

    def __init__(self, layer: Any, cache: FrameCache) -> None:
        self._layer = layer  # Django Channels has no types
        self._cache = cache
        self._outboxes: set[Outbox] = set()
        self._subscribers: Subscribers = {}
        self._follower: asyncio.Task[None] | None = None
        self._waiting_for: str | None = None
        self._frames_of_closed = 0
        self.slow_closed = 0
        # Monotonic time of the last tick; before the first one, the time at which the hub began to follow ticks.
        self.ticked_s: float | None = None
        # Called with the digest of each ended session before its sockets are closed, to invalidate cached state.
        self.on_session_end: list[Callable[[str], None]] = []

    def join(
        self,
        session: str,
        connection: Connection,
        make_subscription: Callable[[str, SubscriptionSpec], Subscription] = Subscription,
    ) -> Outbox:
        """Register a connection and return its outbox.

        `session` is the digest of the connection's session; `make_subscription` builds the objects that format frames.
        """
        outbox = Outbox(session, connection, self._subscribers, make_subscription)
        self._outboxes.add(outbox)
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow())
            self.ticked_s = time.monotonic()
        return outbox

    def sockets_of(self, session: str) -> int:
        """Return the number of sockets of this process that belong to a session."""
        return sum(outbox.session == session for outbox in self._outboxes)

    def leave(self, outbox: Outbox) -> None:
        """Remove a connection and its subscriptions."""
        if outbox not in self._outboxes:
            return
        self._outboxes.remove(outbox)
        self._frames_of_closed += outbox.frames_sent
        for name in list(outbox.subscriptions):
            outbox.unsubscribe(name)

    @property
    def has_sockets(self) -> bool:
        """True if any socket is open."""
        return bool(self._outboxes)

    @property
    def open_sockets(self) -> int:
        """The number of open sockets."""
        return len(self._outboxes)

    @property
    def frames_sent(self) -> int:
        """The number of frames sent so far. Other threads read it too, so the set of outboxes is copied in one step."""
        return self._frames_of_closed + sum(outbox.frames_sent for outbox in tuple(self._outboxes))

    async def subscribe(self, outbox: Outbox, request: Subscribe) -> None:
        """Send a snapshot now and a push on each tick; report unknown channels and unavailable boards as errors.

        The subscription is registered before anything is read, so that no tick is missed in between. If Redis is
        unavailable, the snapshot follows once Redis is back.
        """
        outbox.subscribe(request.id, request.spec)
        try:
            cached = await self._cache.current(request.spec)
        except ServiceUnavailable:
            outbox.put_error(BOARDS_AWAY, request.id)
            return
        # Nothing is awaited between reading the boards and putting payloads into outboxes: see the lock of LiveBoards.
        outbox.put_snapshot(request.id, request.spec, cached.payload)
        if cached.unknown:
            ids = ", ".join(cached.unknown)
            outbox.put_error(f"No channel has the ID {ids}. The other channels are not affected.", request.id)

    async def aclose(self) -> None:
        """Stop following ticks."""
        if self._follower is not None:
            await cancel(self._follower)

    async def _follow(self) -> None:
        backoff_s = BACKOFF_FIRST_S
        while True:
            try:
                async for message in _messages(self._layer):
                    backoff_s = BACKOFF_FIRST_S
                    match group.read_message(message):
                        case group.SessionEnded(session):
                            self._end_session(session)
                        case group.Tick():
                            await self._on_tick()
            except TimeoutError:
                self._log_waiting(f"a tick from run_sink boards: none for {TICK_TIMEOUT_S} s")
            except (redis.RedisError, OSError) as error:
                self._log_waiting(f"the channel layer in Redis: {error}")
            except Exception:
                log.exception("unexpected error in the hub loop, retrying")
            await asyncio.sleep(backoff_s)
            backoff_s = min(BACKOFF_MAX_S, backoff_s * 2)

    def _end_session(self, session: str) -> None:
        for callback in self.on_session_end:
            callback(session)
        for outbox in tuple(self._outboxes):
            if outbox.session == session:
                outbox.connection.check_session()

    async def _on_tick(self) -> None:
        self.ticked_s = time.monotonic()
        try:
            await self.push()
        except ServiceUnavailable as error:
            self._log_waiting(f"the boards: {error}")
            return
        if self._waiting_for is not None:
            log.info("boards are updating again")
            self._waiting_for = None

    async def push(self) -> None:
        """Send every subscriber the new payload of its spec, and give up on stuck connections.

        Raises: ServiceUnavailable.
        """
        if not self._subscribers:
            return
        payloads = await self._cache.refresh(tuple(self._subscribers))
        for spec, payload in payloads.items():
            for subscription, outbox in self._subscribers.get(spec, {}).items():
                outbox.put(subscription, payload)
        now_s = asyncio.get_running_loop().time()
        for outbox in tuple(self._outboxes):
            outbox.flush(now_s)
            if outbox.is_stuck(now_s):
                self.leave(outbox)
                self.slow_closed += 1
                outbox.connection.abandon()

    def _log_waiting(self, cause: str) -> None:
        """Log what the hub is waiting for, once per cause."""
        if cause != self._waiting_for:
            log.warning("waiting for %s", cause)
            self._waiting_for = cause


async def _messages(layer: Any) -> Any:
    """Yield the group's messages.

    Raises: TimeoutError if none arrives within TICK_TIMEOUT_S; redis.RedisError, OSError.
    """
    name = await layer.new_channel()
    try:
        await layer.group_add(group.NAME, name)
        while True:
            async with asyncio.timeout(TICK_TIMEOUT_S):
                message = await layer.receive(name)
            yield message
    finally:
        with contextlib.suppress(redis.RedisError, OSError):
            await layer.group_discard(group.NAME, name)
