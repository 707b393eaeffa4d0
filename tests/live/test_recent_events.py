"""Recent events pushed to open pages: slow or unavailable history delays no frame."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest
from channels.layers import get_channel_layer

from apps.live.frames import FrameCache
from apps.live.hub import Hub
from apps.live.outboxes import Outbox
from apps.live.readings import open_boards
from apps.live.recent_events import READ_EVERY_MS, RecentMarks
from apps.live.subscriptions import ChannelsSpec, Subscribe
from apps.metrics.event_marks import EventMark
from core.errors import ServiceUnavailable
from tests.dashboard.conftest import Boards
from tests.live.test_invariant import join, take_one

T = 1_795_392_000_000
RAID = EventMark("r", T, None, "raid", 318, "Raid: 318 viewers")
TITLE = EventMark("t", T + 1, None, "title", None, "Title: Hi")


class History:
    """Fake history with marks by channel; it can be unavailable or blocked."""

    def __init__(self) -> None:
        self.marks: dict[str, list[EventMark]] = {}
        self.reads: list[set[str]] = []
        self.is_away = False
        self.open = threading.Event()
        self.open.set()

    def read(self, channel_ids: Collection[str], _now_ms: int) -> dict[str, list[EventMark]]:
        self.reads.append(set(channel_ids))
        assert self.open.wait(120)
        if self.is_away:
            raise ServiceUnavailable("Cassandra is not responding")
        return {channel_id: self.marks.get(channel_id, []) for channel_id in channel_ids}


@pytest.fixture
def history() -> History:
    return History()


async def refreshed(recent: RecentMarks, channel_ids: set[str], now_ms: int) -> Any:
    """Return the cached marks after the refresh that this call starts has finished."""
    recent.get(channel_ids, now_ms)
    await recent.aclose()
    return recent.get(channel_ids, now_ms)


async def test_marks_are_refreshed_every_few_seconds(history: History) -> None:
    recent = RecentMarks(history.read)
    assert await refreshed(recent, {"7"}, T) == {"7": []}
    history.marks["7"] = [RAID]
    assert await refreshed(recent, {"7"}, T + READ_EVERY_MS - 1) == {"7": []}
    assert await refreshed(recent, {"7"}, T + READ_EVERY_MS) == {"7": [RAID]}


async def test_a_newly_opened_channel_is_read_at_once(history: History) -> None:
    recent = RecentMarks(history.read)
    history.marks["8"] = [RAID]
    await refreshed(recent, {"7"}, T)
    assert await refreshed(recent, {"7", "8"}, T + 1) == {"7": [], "8": [RAID]}
    assert history.reads == [{"7"}, {"7", "8"}]


async def test_history_is_not_read_without_open_channels(history: History) -> None:
    assert await refreshed(RecentMarks(history.read), set(), T) == {}
    assert history.reads == []


async def test_marks_stay_cached_during_an_outage_of_history_without_more_frequent_reads(history: History) -> None:
    recent = RecentMarks(history.read)
    history.marks["7"] = [RAID]
    await refreshed(recent, {"7"}, T)
    history.is_away = True
    assert await refreshed(recent, {"7", "8"}, T + READ_EVERY_MS) == {"7": [RAID]}
    assert await refreshed(recent, {"7", "8"}, T + READ_EVERY_MS + 1) == {"7": [RAID]}
    assert len(history.reads) == 2
    history.is_away = False
    assert await refreshed(recent, {"7", "8"}, T + 2 * READ_EVERY_MS) == {"7": [RAID], "8": []}


class Clock:
    def __init__(self) -> None:
        self.ms = T

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hub(boards: Boards, history: History, clock: Clock) -> AsyncIterator[Hub]:
    async with open_boards() as live:
        hub = Hub(get_channel_layer(), FrameCache(live, RecentMarks(history.read), clock))
        yield hub
        await hub.aclose()


async def frame(hub: Hub) -> dict[str, Any]:
    """Return the first frame of a page that opens now."""
    outbox = join(hub)
    await hub.subscribe(outbox, Subscribe("c", ChannelsSpec(("3",))))
    fields = take_frame(outbox)
    hub.leave(outbox)
    return fields


def take_frame(outbox: Outbox) -> dict[str, Any]:
    return {name: value for name, value in take_one(outbox).items() if name not in ("type", "seq", "now_ms")}


def marks(frame: dict[str, Any]) -> Any:
    return frame["channels"]["3"]["marks"]


async def marks_in_frames(hub: Hub, clock: Clock, expected: list[str]) -> None:
    ids: list[str] = []
    for _ in range(500):
        clock.ms += 1_000
        ids = [mark["id"] for mark in marks(await frame(hub)) or []]
        if ids == expected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"frames carry {ids}: expected {expected}")


async def test_frames_include_new_events(hub: Hub, history: History, clock: Clock) -> None:
    history.marks["3"] = [RAID]
    assert marks(await frame(hub)) is None
    await marks_in_frames(hub, clock, ["r"])
    history.marks["3"] = [RAID, TITLE]
    clock.ms += READ_EVERY_MS
    await marks_in_frames(hub, clock, ["r", "t"])


async def test_open_and_new_pages_get_the_same_marks(hub: Hub, history: History, clock: Clock, boards: Boards) -> None:
    history.marks["3"] = [RAID, TITLE]
    outbox = join(hub)
    await hub.subscribe(outbox, Subscribe("c", ChannelsSpec(("3",))))
    outbox.take()
    await marks_in_frames(hub, clock, ["r", "t"])
    async with asyncio.timeout(60):
        while not outbox.has_pending:
            await boards.send_tick()
            await asyncio.sleep(0.1)
    pushed = take_frame(outbox)
    assert pushed == await frame(hub)


async def test_hanging_history_delays_no_frame(hub: Hub, history: History) -> None:
    history.open.clear()
    try:
        async with asyncio.timeout(60):
            assert [marks(await frame(hub)) for _ in range(3)] == [None] * 3
    finally:
        history.open.set()
