"""The live socket of a page: one a page, with several subscriptions, each a snapshot and then numbered pushes."""

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
from apps.live.hub import running_hub
from apps.live.outboxes import Slot
from apps.live.subscriptions import BadFrame, Subscribe, Unsubscribe, read_frame
from core.errors import ServiceAway
from core.limits.token_bucket import TokenBucket
from twitchly.address_groups import network_of

POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
NOT_SIGNED_IN = 4401
TAKES_NOTHING = 4408
TOO_MANY = 4429

SUBSCRIPTIONS_MAX = 8
# Open at once in a web process. Visible pages have one each; behind one address there may be a whole office.
SOCKETS_BY_SESSION = 20
SOCKETS_BY_ADDRESS = 200
BAD_FRAMES_MAX = 10
FRAMES_AT_ONCE = 20
FRAMES_PER_S = 5
SESSION_CHECK_S = 60.0

log = logging.getLogger(__name__)


class LiveSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """One page's socket: see docs/architecture.md. Only the writer sends, so nothing else waits for the reader."""

    # The hub listens for all sockets: one of its own would make each depend on Redis being there.
    channel_layer_alias = "none"

    slot: Slot | None = None
    writer: asyncio.Task[None] | None = None
    bad_frames = 0
    check_every_s = SESSION_CHECK_S

    async def connect(self) -> None:
        await self.accept()
        if not await self._allowed():
            await self.close(NOT_SIGNED_IN)
            return
        if self.sockets_max is not None and running_hub().sockets_of(self._session()) >= self.sockets_max:
            await self.close(TOO_MANY)
            return
        self.rate_limit = TokenBucket(FRAMES_AT_ONCE, FRAMES_PER_S, time.monotonic())
        self.slot = running_hub().join(self._session())
        self.writer = asyncio.create_task(self._write(self.slot))
        self.slot.on_give_up = self.writer.cancel

    async def disconnect(self, _code: int) -> None:
        if self.slot is not None:
            running_hub().leave(self.slot)
        if self.writer is not None:
            self.writer.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.slot is None or self.bad_frames >= BAD_FRAMES_MAX:
            return
        try:
            asked = self._read(self.slot, text_data, bytes_data)
        except BadFrame as error:
            self.bad_frames += 1
            self.slot.say_error(str(error), error.id)
            return
        if isinstance(asked, Unsubscribe):
            self.slot.unsubscribe(asked.id)
        else:
            await self._subscribe(self.slot, asked)

    def _read(self, slot: Slot, text: str | None, binary: bytes | None) -> Subscribe | Unsubscribe:
        if not self.rate_limit.try_consume(time.monotonic()):
            raise BadFrame(f"Too many frames: {FRAMES_AT_ONCE} at once and {FRAMES_PER_S} a second are allowed.")
        asked = read_frame(text, binary)
        held = slot.subscriptions
        if isinstance(asked, Subscribe) and asked.id not in held and len(held) >= SUBSCRIPTIONS_MAX:
            raise BadFrame(f"{SUBSCRIPTIONS_MAX} subscriptions are open: end one first.", asked.id)
        return asked

    async def _subscribe(self, slot: Slot, asked: Subscribe) -> None:
        try:
            unknown = await running_hub().subscribe(slot, asked)
        except ServiceAway:
            slot.say_error("The live figures cannot be read just now. They come by themselves when they can.", asked.id)
            return
        if unknown:
            slot.say_error(f"There is no channel with the id {', '.join(unknown)}. The others go on.", asked.id)

    async def _write(self, slot: Slot) -> None:
        try:
            await self._forward(slot)
        except asyncio.CancelledError:
            if not slot.given_up:
                raise
            log.info("a page took nothing for a minute while something waited, and is closed")
            with contextlib.suppress(OSError):
                await self.close(TAKES_NOTHING)
        except OSError:
            # The page went away while a frame was on its way: `disconnect` follows.
            log.debug("a page closed its socket")
        except Exception:
            log.exception("a live socket failed and is closed; the page connects again")
            await self.close(INTERNAL_ERROR)

    async def _forward(self, slot: Slot) -> None:
        loop = asyncio.get_running_loop()
        # Not all at once: sockets that were opened together, as after a restart, are checked apart.
        check = loop.call_later(self.check_every_s * random.uniform(0.5, 1), slot.ask_whether_allowed)
        try:
            while self.bad_frames < BAD_FRAMES_MAX or slot.has_errors:
                frame = await slot.take()
                if frame is not None:
                    await self.scope["send"]({"type": "websocket.send", "text": frame})
                elif await self._allowed():
                    check.cancel()
                    check = loop.call_later(self.check_every_s, slot.ask_whether_allowed)
                else:
                    await self.close(NOT_SIGNED_IN)
                    return
            await self.close(POLICY_VIOLATION)
        finally:
            check.cancel()

    @property
    def sockets_max(self) -> int | None:
        """How many sockets may be open with the same session at once, None where something else limits them."""
        return SOCKETS_BY_SESSION if self.scope["session"].session_key else SOCKETS_BY_ADDRESS

    def _session(self) -> str:
        """Return what the hub knows the session by that the socket was opened with; without one, the address."""
        key = self.scope["session"].session_key
        return session_digest(key) if key else f"address:{network_of((self.scope.get('client') or [''])[0])}"

    async def _allowed(self) -> bool:
        return bool(settings.PUBLIC_BOARD) or await _signed_in(self.scope)


async def _signed_in(scope: dict[str, Any]) -> bool:
    """Read the session again: the scope's own copy would not notice a sign-out elsewhere."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(scope["session"].session_key)
    user = await get_user({"session": store})
    return bool(user.is_authenticated)
