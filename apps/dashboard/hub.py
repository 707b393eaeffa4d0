"""The hub of a web process: on each tick it reads the boards once and fills one slot a socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any
from weakref import WeakKeyDictionary

import redis
from channels.layers import get_channel_layer
from django.conf import settings

from apps.dashboard.choices import Watch
from apps.dashboard.directory import Directory
from apps.dashboard.queries import read_recent
from apps.dashboard.readings import LiveBoards, Reading
from apps.dashboard.recent import Marks, RecentMarks
from apps.metrics.boards import BoardReader
from core.errors import ServiceAway
from twitchly.clock import now_ms

GROUP = "boards"
# A message of the group besides the ticks: the session with the digest `session` has ended.
SESSION_ENDED = "session.ended"
TICK_PATIENCE_S = 10
BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Filling:
    """The whole state for one socket. `watch_number` tells which of its wishes this answers."""

    watch_number: int
    body: str


class Slot:
    """Room for one filling: a newer one replaces one that a slow socket has not taken.

    `session` is the digest of the session that the socket was opened with.
    """

    def __init__(self, session: str) -> None:
        self.session = session
        self.watch: Watch | None = None
        self.watch_number = 0
        self._filling: Filling | None = None
        self._filled = asyncio.Event()

    def choose(self, watch: Watch) -> None:
        self.watch = watch
        self.watch_number += 1

    def fill(self, filling: Filling) -> None:
        self._filling = filling
        self._filled.set()

    def end_session(self) -> None:
        """Let the socket look at once whether it may stay."""
        self._filling = None
        self._filled.set()

    async def take(self) -> Filling | None:
        """Return the newest filling as soon as there is one, and empty the slot; None when the session has ended."""
        await self._filled.wait()
        self._filled.clear()
        filling, self._filling = self._filling, None
        return filling


class Hub:
    """Follows ticks from its first socket on; a Redis that is away is waited for, never fatal."""

    def __init__(self, layer: Any, boards: LiveBoards, recent: RecentMarks, clock: Callable[[], int]) -> None:
        self._layer = layer  # Channels has no types
        self._boards = boards
        self._recent = recent
        self._clock = clock
        self._slots: set[Slot] = set()
        self._reading = asyncio.Lock()
        self._follower: asyncio.Task[None] | None = None
        self._waits_for: str | None = None

    def join(self, session: str) -> Slot:
        """Return a slot that gets fillings once it has chosen; `session` is the digest of its session."""
        slot = Slot(session)
        self._slots.add(slot)
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow())
        return slot

    def leave(self, slot: Slot) -> None:
        self._slots.discard(slot)

    async def watch(self, slot: Slot, watch: Watch) -> bool:
        """Fill the slot at once, then on each tick; return False when the channel is not known.

        The slot is subscribed before the boards are read, so no tick falls between the two.
        Raises: ServiceAway; the slot is subscribed all the same and is filled when Redis is back.
        """
        slot.choose(watch)
        reading = await self._fill([slot])
        return watch.channel is None or watch.channel in reading.channels

    async def aclose(self) -> None:
        """Stop following and close the connections."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.wait([self._follower])
        await self._recent.aclose()
        await self._boards.aclose()

    async def _fill(self, slots: Collection[Slot]) -> Reading:
        # One reading at a time: an older one must never fill a slot after a newer one.
        async with self._reading:
            chosen = [(slot, slot.watch, slot.watch_number) for slot in slots if slot.watch is not None]
            watches = {watch for _, watch, _ in chosen}
            now = self._clock()
            channels = {watch.channel for watch in watches if watch.channel is not None}
            reading = await self._boards.read({watch.board for watch in watches}, channels, now)
            marks = self._recent.of(reading.channels.keys(), now)
            bodies = {watch: body_of(watch, reading, marks, now) for watch in watches}
            for slot, watch, number in chosen:
                if slot.watch_number == number:
                    slot.fill(Filling(number, bodies[watch]))
        return reading

    async def _follow(self) -> None:
        backoff_s = BACKOFF_FIRST_S
        while True:
            try:
                async for message in _messages(self._layer):
                    backoff_s = BACKOFF_FIRST_S
                    if message["type"] == SESSION_ENDED:
                        self._end_session(message["session"])
                    else:
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
        for slot in self._slots:
            if slot.session == session:
                slot.end_session()

    async def _on_tick(self) -> None:
        try:
            if self._slots:
                await self._fill(tuple(self._slots))
        except ServiceAway as error:
            self._wait_for(f"the boards: {error}")
            return
        if self._waits_for is not None:
            log.info("the boards move again")
            self._waits_for = None

    def _wait_for(self, what: str) -> None:
        if what != self._waits_for:
            log.warning("waiting for %s", what)
            self._waits_for = what


async def _messages(layer: Any) -> Any:
    """Yield what the group is told. Raises: TimeoutError when nothing comes; the layer's errors when Redis is away."""
    name = await layer.new_channel()
    try:
        await layer.group_add(GROUP, name)
        while True:
            async with asyncio.timeout(TICK_PATIENCE_S):
                message = await layer.receive(name)
            yield message
    finally:
        with contextlib.suppress(redis.RedisError, OSError):
            await layer.group_discard(GROUP, name)


def body_of(watch: Watch, reading: Reading, marks: Marks, now: int) -> str:
    """Return the fields of a frame, complete, as the inside of a JSON object.

    `marks` holds what happened in the channel in the past RECENT_MS, null while that is not known.
    """
    channel = reading.channels.get(watch.channel or "")
    recent = marks.get(watch.channel or "")
    fields = {
        "now_ms": now,
        "newest_end_ms": reading.newest_end_ms,
        "board": watch.board,
        "rows": [asdict(row) for row in reading.rows[watch.board]],
        "viewers_at_ms": reading.viewers_at_ms,
        "late_dropped": reading.late_dropped,
        "channel": channel.as_json() if channel else None,
        "marks": None if recent is None else [asdict(mark) for mark in recent],
    }
    return json.dumps(fields)[1:-1]


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def running_hub() -> Hub:
    """Return the hub of this process; its connections belong to the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        boards = LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))
        _hubs[loop] = Hub(get_channel_layer(), boards, RecentMarks(read_recent), now_ms)
    return _hubs[loop]
