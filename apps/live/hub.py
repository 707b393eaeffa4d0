"""The hub of a web process: on each tick it reads the boards once and fills the slots of all its sockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection
from typing import Any
from weakref import WeakKeyDictionary

import redis
from channels.layers import get_channel_layer

from apps.live.board import Board
from apps.live.frames import Fillings
from apps.live.outboxes import Slot, Subscription
from apps.live.readings import Reading, share_boards
from apps.live.recent_events import RecentMarks, read_recent
from apps.live.subscriptions import Subscribe, Wish
from core.contracts import group
from core.errors import ServiceAway
from twitchly.clock import now_ms

TICK_PATIENCE_S = 10
BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 10.0

log = logging.getLogger(__name__)


class Hub:
    """Follows ticks from its first socket on; a Redis that is away is waited for, never fatal."""

    def __init__(self, layer: Any, fillings: Fillings) -> None:
        self._layer = layer  # Channels has no types
        self._fillings = fillings
        self._slots: set[Slot] = set()
        self._reading = asyncio.Lock()
        self._follower: asyncio.Task[None] | None = None
        self._waits_for: str | None = None
        self._frames_of_gone = 0
        self.slow_closed = 0
        # When the last tick came, by the monotonic clock; first when somebody begins to wait for one.
        self.ticked_s: float | None = None
        # Told of each session that ends, before its slots are: what they know of it is no longer so.
        self.on_end: list[Callable[[str], None]] = []

    def join(self, session: str, subscription: Callable[[str, Wish], Subscription] = Subscription) -> Slot:
        """Return a slot for a socket; `session` is the digest of its session, `subscription` writes its frames."""
        slot = Slot(session, subscription)
        self._slots.add(slot)
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow())
            self.ticked_s = time.monotonic()
        return slot

    def sockets_of(self, session: str) -> int:
        """Return how many sockets of this process were opened with a session."""
        return sum(slot.session == session for slot in self._slots)

    def leave(self, slot: Slot) -> None:
        if slot in self._slots:
            self._frames_of_gone += slot.frames
        self._slots.discard(slot)

    @property
    def is_watched(self) -> bool:
        """Whether any socket is open."""
        return bool(self._slots)

    @property
    def open_slots(self) -> int:
        """How many sockets are open."""
        return len(self._slots)

    @property
    def frames(self) -> int:
        """How many frames were taken so far. Asked for by another thread too: the list is made at once."""
        return self._frames_of_gone + sum(slot.frames for slot in tuple(self._slots))

    async def subscribe(self, slot: Slot, asked: Subscribe) -> Collection[str]:
        """Fill the slot at once, then on each tick; return the ids of channels that are not known.

        The slot is subscribed before anything is read, so no tick falls between the two.
        Raises: ServiceAway; the slot is subscribed all the same and is filled when Redis is back.
        """
        slot.subscribe(asked.id, asked.wish)
        # One at a time: an older reading must never fill a slot after a newer one.
        async with self._reading:
            made = await self._fillings.now(asked.wish)
            slot.fill_one(asked.id, asked.wish, made.filling)
        return made.unknown

    async def read(self, boards: Collection[Board]) -> Reading:
        """Read boards for those who ask once. Raises: ServiceAway."""
        async with self._reading:
            return await self._fillings.read(boards)

    async def read_all(self) -> Reading:
        """Read all live channels for those who ask once. Raises: ServiceAway."""
        async with self._reading:
            return await self._fillings.read_all()

    async def aclose(self) -> None:
        """Stop following and close the connections."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.wait([self._follower])
        await self._fillings.aclose()

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
                self._wait_for(f"a tick from run_sink boards: none for {TICK_PATIENCE_S} s")
            except (redis.RedisError, OSError) as error:
                self._wait_for(f"the channel layer in Redis: {error}")
            except Exception:
                log.exception("the hub stumbled and goes on")
            await asyncio.sleep(backoff_s)
            backoff_s = min(BACKOFF_MAX_S, backoff_s * 2)

    def _end_session(self, session: str) -> None:
        for tell in self.on_end:
            tell(session)
        for slot in self._slots:
            if slot.session == session:
                slot.ask_whether_allowed()

    async def _on_tick(self) -> None:
        self.ticked_s = time.monotonic()
        try:
            await self.fill()
        except ServiceAway as error:
            self._wait_for(f"the boards: {error}")
            return
        if self._waits_for is not None:
            log.info("the boards move again")
            self._waits_for = None

    async def fill(self) -> None:
        """Fill every slot with what is new. Raises: ServiceAway."""
        async with self._reading:
            wishes = {one.wish for slot in self._slots for one in slot.subscriptions.values()}
            if not wishes:
                return
            fillings = await self._fillings.next(wishes)
            now_s = asyncio.get_running_loop().time()
            for slot in tuple(self._slots):
                slot.fill(fillings, now_s)
                if slot.is_stuck(now_s):
                    self.leave(slot)
                    self.slow_closed += 1
                    slot.give_up()

    def _wait_for(self, what: str) -> None:
        if what != self._waits_for:
            log.warning("waiting for %s", what)
            self._waits_for = what


async def _messages(layer: Any) -> Any:
    """Yield what the group is told. Raises: TimeoutError when nothing comes; the layer's errors when Redis is away."""
    name = await layer.new_channel()
    try:
        await layer.group_add(group.NAME, name)
        while True:
            async with asyncio.timeout(TICK_PATIENCE_S):
                message = await layer.receive(name)
            yield message
    finally:
        with contextlib.suppress(redis.RedisError, OSError):
            await layer.group_discard(group.NAME, name)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hubs() -> list[Hub]:
    """Return the hubs of this process: one, unless tests have made more."""
    return list(_hubs.values())


def running_hub() -> Hub:
    """Return the hub of this process; its connections belong to the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(get_channel_layer(), Fillings(share_boards(), RecentMarks(read_recent), now_ms))
    return _hubs[loop]
