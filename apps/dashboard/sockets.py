"""The live socket of a page: it says what it watches and gets a snapshot, then numbered pushes."""

from __future__ import annotations

import asyncio
import json
import logging
from importlib import import_module
from typing import Any

from channels.auth import get_user
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from apps.dashboard.accounts.endings import session_digest
from apps.dashboard.choices import BadFrame, Watch, read_frame
from apps.dashboard.hub import Filling, Slot, running_hub
from core.errors import ServiceAway

NOT_SIGNED_IN = 4401
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
BAD_FRAMES_MAX = 10
SESSION_CHECK_S = 60

log = logging.getLogger(__name__)


class LiveSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """One page's socket. See docs/architecture.md, Sockets."""

    # The hub listens for all sockets: one of its own would make each depend on Redis being there.
    channel_layer_alias = "none"

    slot: Slot | None = None
    writer: asyncio.Task[None] | None = None
    bad_frames = 0

    async def connect(self) -> None:
        await self.accept()
        if not await self._allowed():
            await self.close(NOT_SIGNED_IN)
            return
        self.slot = running_hub().join(session_digest(self.scope["session"].session_key))
        self.writer = asyncio.create_task(self._write(self.slot))

    async def disconnect(self, _code: int) -> None:
        if self.slot is not None:
            running_hub().leave(self.slot)
        if self.writer is not None:
            self.writer.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.slot is None:
            return
        try:
            watch = read_frame(text_data, bytes_data)
        except BadFrame as error:
            await self._refuse(str(error))
            return
        await self._watch(self.slot, watch)

    async def _watch(self, slot: Slot, watch: Watch) -> None:
        try:
            if not await running_hub().watch(slot, watch):
                await self._say_error(f"There is no channel with the id {watch.channel}. The board goes on.")
        except ServiceAway:
            await self._say_error("The live figures cannot be read just now. They come by themselves when they can.")

    async def _refuse(self, reason: str) -> None:
        self.bad_frames += 1
        await self._say_error(reason)
        if self.bad_frames >= BAD_FRAMES_MAX:
            await self.close(POLICY_VIOLATION)

    async def _say_error(self, reason: str) -> None:
        await self.send(text_data=json.dumps({"type": "error", "reason": reason}))

    async def _write(self, slot: Slot) -> None:
        try:
            await self._forward(slot)
        except OSError:
            # The page went away while a frame was on its way: `disconnect` follows.
            log.debug("a page closed its socket")
        except Exception:
            log.exception("a live socket failed and is closed; the page connects again")
            await self.close(INTERNAL_ERROR)

    async def _forward(self, slot: Slot) -> None:
        loop = asyncio.get_running_loop()
        check_at, seq, watch_number = loop.time() + SESSION_CHECK_S, 0, 0
        while True:
            try:
                async with asyncio.timeout_at(check_at):
                    filling = await slot.take()
            except TimeoutError:
                filling = None
            if filling is None:
                if not await self._allowed():
                    await self.close(NOT_SIGNED_IN)
                    return
                check_at = loop.time() + SESSION_CHECK_S
                continue
            seq = seq + 1 if filling.watch_number == watch_number else 1
            watch_number = filling.watch_number
            await self.send(text_data=frame(seq, filling))

    async def _allowed(self) -> bool:
        return bool(settings.PUBLIC_BOARD) or await _signed_in(self.scope)


def frame(seq: int, filling: Filling) -> str:
    """Return the frame: the first after a wish is its snapshot, later ones are pushes of the same shape."""
    kind = "snapshot" if seq == 1 else "push"
    return f'{{"type": "{kind}", "seq": {seq}, {filling.body}}}'


async def _signed_in(scope: dict[str, Any]) -> bool:
    """Read the session again: the scope's own copy would not notice a sign-out elsewhere."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(scope["session"].session_key)
    user = await get_user({"session": store})
    return bool(user.is_authenticated)
