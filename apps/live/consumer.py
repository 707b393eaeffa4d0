"""The live WebSocket: one per page, with several subscriptions, each a snapshot followed by numbered pushes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from importlib import import_module
from typing import Any

from channels.auth import get_user
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from apps.accounts.session_endings import session_digest
from apps.live.hub import Hub
from apps.live.outboxes import BACKLOG_S, Outbox
from apps.live.services import live_services
from apps.live.subscriptions import BadFrame, Subscribe, Unsubscribe, read_frame
from core.errors import ServiceAway
from core.limits.token_bucket import TokenBucket
from twitchly.address_groups import network_of

POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
NOT_SIGNED_IN = 4401
SLOW_READER = 4408
TOO_MANY_SOCKETS = 4429

SUBSCRIPTIONS_MAX = 8
# Open sockets per web process. Each visible page has one; a whole office may share one address.
SOCKETS_BY_SESSION = 20
SOCKETS_BY_ADDRESS = 200
BAD_FRAMES_MAX = 10
FRAMES_BURST = 20
FRAMES_PER_S = 5
SESSION_CHECK_S = 60.0

log = logging.getLogger(__name__)


class LiveSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """The socket of one page. Only the writer task sends, so nothing else waits for the page."""

    # The hub listens for all sockets. With a layer of its own, each socket would depend on Redis.
    channel_layer_alias = "none"

    outbox: Outbox | None = None
    writer: asyncio.Task[None] | None = None
    bad_frames = 0
    check_every_s = SESSION_CHECK_S

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
        self.outbox = self.hub.join(self._session())
        self.writer = asyncio.create_task(self._write(self.outbox))
        self.outbox.on_abandon = self.writer.cancel

    async def disconnect(self, _code: int) -> None:
        if self.outbox is not None:
            self.hub.leave(self.outbox)
        if self.writer is not None:
            self.writer.cancel()

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
            await self._subscribe(self.outbox, request)

    def _read(self, outbox: Outbox, text: str | None, binary: bytes | None) -> Subscribe | Unsubscribe:
        if not self.rate_limit.try_consume(time.monotonic()):  # defense: frame-rate
            raise BadFrame(f"Too many frames: {FRAMES_BURST} at once and {FRAMES_PER_S} a second are allowed.")
        request = read_frame(text, binary)
        subscriptions = outbox.subscriptions
        is_new = isinstance(request, Subscribe) and request.id not in subscriptions
        if is_new and len(subscriptions) >= SUBSCRIPTIONS_MAX:
            raise BadFrame(f"{SUBSCRIPTIONS_MAX} subscriptions are open: end one first.", request.id)
        return request

    async def _subscribe(self, outbox: Outbox, request: Subscribe) -> None:
        try:
            unknown = await self.hub.subscribe(outbox, request)
        except ServiceAway:
            outbox.put_error(
                "The live figures cannot be read just now. They come by themselves when they can.", request.id
            )
            return
        if unknown:
            outbox.put_error(f"There is no channel with the id {', '.join(unknown)}. The others go on.", request.id)

    async def _write(self, outbox: Outbox) -> None:
        try:
            await self._forward(outbox)
        except asyncio.CancelledError:
            if not outbox.is_abandoned:
                raise
            log.info("socket closed: the page read nothing for %d s", BACKLOG_S)
            with contextlib.suppress(OSError):
                await self.close(SLOW_READER)
        except OSError:
            # The page left while a frame was being sent; `disconnect` follows.
            log.debug("socket closed by the page while sending")
        except Exception:
            log.exception("live socket failed, closing it")
            await self.close(INTERNAL_ERROR)

    async def _forward(self, outbox: Outbox) -> None:
        loop = asyncio.get_running_loop()
        # With jitter, so that sockets opened together, as after a restart, are not all checked at once.
        check = loop.call_later(self.check_every_s * random.uniform(0.5, 1), outbox.request_auth_check)
        try:
            while self.bad_frames < BAD_FRAMES_MAX or outbox.has_errors:
                frame = await outbox.take()
                if frame is not None:
                    await self.scope["send"]({"type": "websocket.send", "text": frame})
                elif await self._allowed():
                    check.cancel()
                    check = loop.call_later(self.check_every_s, outbox.request_auth_check)
                else:
                    await self.close(NOT_SIGNED_IN)
                    return
            await self.close(POLICY_VIOLATION)
        finally:
            check.cancel()

    @property
    def hub(self) -> Hub:
        """The hub of this process."""
        return live_services(self.scope).hub

    @property
    def sockets_max(self) -> int | None:
        """The maximum number of open sockets per session; None if another limit applies."""
        return SOCKETS_BY_SESSION if self.scope["session"].session_key else SOCKETS_BY_ADDRESS

    def _session(self) -> str:
        """Return the key under which the hub counts this socket: the digest of its session, or its network address."""
        key = self.scope["session"].session_key
        return session_digest(key) if key else f"address:{network_of((self.scope.get('client') or [''])[0])}"

    async def _allowed(self) -> bool:
        return bool(settings.PUBLIC_BOARD) or await _signed_in(self.scope)


async def _signed_in(scope: dict[str, Any]) -> bool:
    """Read the session again: the copy in the scope does not notice a sign-out elsewhere."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(scope["session"].session_key)
    user = await get_user({"session": store})
    return bool(user.is_authenticated)
