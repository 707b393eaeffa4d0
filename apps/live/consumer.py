"""The live WebSocket: one per page, with several subscriptions, each of which sends a snapshot and then pushes."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from apps.accounts.session_endings import session_digest
from apps.live.hub import Hub
from apps.live.outboxes import BACKLOG_S, Outbox
from apps.live.services import live_services
from apps.live.subscriptions import BadFrame, Subscribe, Unsubscribe, read_frame
from core.limits.token_bucket import TokenBucket
from twitchly.address_groups import network_of
from twitchly.websockets import FRAMES, FrameWriter

POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
NOT_SIGNED_IN = 4401
SLOW_READER = 4408
TOO_MANY_SOCKETS = 4429

SUBSCRIPTIONS_MAX = 8
# Open sockets per web process. Each visible page has one socket; a whole office may share one IP address.
SOCKETS_BY_SESSION = 20
SOCKETS_BY_ADDRESS = 200
BAD_FRAMES_MAX = 10
FRAMES_BURST = 20
FRAMES_PER_S = 5
SESSION_CHECK_S = 60.0

log = logging.getLogger(__name__)


class LiveSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """The socket of one page. Frames go from its outbox straight to the server, without waking a task."""

    # The hub listens for all sockets. With its own channel layer, each socket would depend on Redis.
    channel_layer_alias = "none"

    outbox: Outbox | None = None
    bad_frames = 0
    check_every_s = SESSION_CHECK_S
    # Checks the session or closes the socket. No frame is written in the meantime, or after the socket was closed.
    task: asyncio.Task[None] | None = None
    is_closing = False
    next_check: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        await self.accept()
        if not await self._allowed():
            await self.close(NOT_SIGNED_IN)
            return
        limit = self.sockets_max
        if limit is not None and self.hub.sockets_of(self._session()) >= limit:  # defense: socket-count
            await self.close(TOO_MANY_SOCKETS)
            return
        self.rate_limit = TokenBucket(FRAMES_BURST, FRAMES_PER_S, time.monotonic())
        self.writer: FrameWriter = self.scope["extensions"][FRAMES]
        self.writer.on_writable = self.flush
        self.outbox = self.hub.join(self._session(), self)
        # With jitter, so that sockets opened together, for example after a restart, are not all checked at once.
        self._check_in(self.check_every_s * random.uniform(0.5, 1))

    async def disconnect(self, _code: int) -> None:
        if self.outbox is not None:
            self.hub.leave(self.outbox)
            self.outbox = None
        if self.next_check is not None:
            self.next_check.cancel()
        if self.task is not None:
            self.task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.outbox is None or self.bad_frames >= BAD_FRAMES_MAX:
            return
        try:
            request = self._read(self.outbox, text_data, bytes_data)
        except BadFrame as error:
            self.bad_frames += 1
            self.outbox.put_error(str(error), error.id)
            return
        if isinstance(request, Unsubscribe):
            self.outbox.unsubscribe(request.id)
        else:
            await self.hub.subscribe(self.outbox, request)

    def flush(self) -> None:
        """Write pending frames for as long as the socket is writable."""
        if self.outbox is None or self.task is not None:
            return
        try:
            while self.outbox.has_pending and self.writer.is_writable:
                self.writer.write_frames(self.outbox.take())
        except Exception:
            log.exception("live socket failed, closing it")
            self._start_close(INTERNAL_ERROR)
            return
        if self.bad_frames >= BAD_FRAMES_MAX and not self.outbox.has_errors:
            self._start_close(POLICY_VIOLATION)

    def check_session(self) -> None:
        """Hold all frames until the session has been read again."""
        if not self.is_closing:
            self._start(self._check_session)

    def abandon(self) -> None:
        """Close the socket of a page that has stopped reading."""
        log.info("socket closed: the page read nothing for %d s", BACKLOG_S)
        self.outbox = None
        if not self.is_closing:
            self._start_close(SLOW_READER)

    async def _check_session(self) -> None:
        if await self._allowed():
            self.task = None
            self._check_in(self.check_every_s)
            self.flush()
        else:
            self.is_closing = True
            await self.close(NOT_SIGNED_IN)

    def _check_in(self, seconds: float) -> None:
        if self.next_check is not None:
            self.next_check.cancel()
        loop = asyncio.get_running_loop()
        # Round up to a whole second, so that sessions due within the same second are read together.
        self.next_check = loop.call_at(math.ceil(loop.time() + seconds), self.check_session)

    def _start_close(self, code: int) -> None:
        self.is_closing = True
        self._start(partial(self.close, code))

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        if self.task is not None:
            self.task.cancel()
        self.task = asyncio.create_task(self._run(work))

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except OSError:
            # The page was closed in the meantime; `disconnect` follows.
            log.debug("socket closed by the page")
        except Exception:
            log.exception("live socket failed, closing it")
            await self.close(INTERNAL_ERROR)

    def _read(self, outbox: Outbox, text: str | None, binary: bytes | None) -> Subscribe | Unsubscribe:
        if not self.rate_limit.try_consume(time.monotonic()):  # defense: frame-rate
            raise BadFrame(f"Too many frames: {FRAMES_PER_S} per second are allowed, in bursts of {FRAMES_BURST}.")
        request = read_frame(text, binary)
        subscriptions = outbox.subscriptions
        is_new = isinstance(request, Subscribe) and request.id not in subscriptions
        if is_new and len(subscriptions) >= SUBSCRIPTIONS_MAX:
            raise BadFrame(f"{SUBSCRIPTIONS_MAX} subscriptions are open. End one first.", request.id)
        return request

    @property
    def hub(self) -> Hub:
        """The hub of this process."""
        return live_services(self.scope).hub

    @property
    def sockets_max(self) -> int | None:
        """The maximum number of open sockets per session or IP address, or None if another limit applies."""
        return SOCKETS_BY_SESSION if self.scope["session"].session_key else SOCKETS_BY_ADDRESS

    def _session(self) -> str:
        """Return the key under which the hub counts this socket: the digest of its session, or its network address."""
        key = self.scope["session"].session_key
        return session_digest(key) if key else f"address:{network_of((self.scope.get('client') or [''])[0])}"

    async def _allowed(self) -> bool:
        if settings.PUBLIC_BOARD:
            return True
        return await live_services(self.scope).session_checks.is_signed_in(self.scope["session"].session_key)
