"""What happened of late, pushed to open pages: a history that is slow or away holds up no frame."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.conf import settings

from apps.live.directory import Directory
from apps.live.frames import Fillings
from apps.live.hub import Hub
from apps.live.outboxes import Slot
from apps.live.readings import LiveBoards
from apps.live.recent_events import READ_EVERY_MS, RecentMarks
from apps.live.subscriptions import Channels, Subscribe
from apps.metrics.board_reader import BoardReader
from apps.metrics.event_marks import EventMark
from core.errors import ServiceAway
from tests.dashboard.conftest import Boards

T = 1_795_392_000_000
RAID = EventMark("r", T, None, "raid", 318, "Raid: 318 viewers")
TITLE = EventMark("t", T + 1, None, "title", None, "Title: Hi")


class History:
    """Marks by channel, as history would give them; it can be away, and be held up."""

    def __init__(self) -> None:
        self.marks: dict[str, list[EventMark]] = {}
        self.asked: list[set[str]] = []
        self.is_away = False
        self.open = threading.Event()
        self.open.set()

    def read(self, channel_ids: Collection[str], _now_ms: int) -> dict[str, list[EventMark]]:
        self.asked.append(set(channel_ids))
        assert self.open.wait(10)
        if self.is_away:
            raise ServiceAway("Cassandra does not answer")
        return {channel_id: self.marks.get(channel_id, []) for channel_id in channel_ids}


@pytest.fixture
def history() -> History:
    return History()


async def known(recent: RecentMarks, channel_ids: set[str], now_ms: int) -> Any:
    """Return what is known once the reading that this question starts has come back."""
    recent.of(channel_ids, now_ms)
    await recent.aclose()
    return recent.of(channel_ids, now_ms)


async def test_marks_are_read_again_after_a_few_seconds(history: History) -> None:
    recent = RecentMarks(history.read)
    assert await known(recent, {"7"}, T) == {"7": []}
    history.marks["7"] = [RAID]
    assert await known(recent, {"7"}, T + READ_EVERY_MS - 1) == {"7": []}
    assert await known(recent, {"7"}, T + READ_EVERY_MS) == {"7": [RAID]}


async def test_a_channel_that_is_opened_is_read_at_once(history: History) -> None:
    recent = RecentMarks(history.read)
    history.marks["8"] = [RAID]
    await known(recent, {"7"}, T)
    assert await known(recent, {"7", "8"}, T + 1) == {"7": [], "8": [RAID]}
    assert history.asked == [{"7"}, {"7", "8"}]


async def test_nobody_who_looks_costs_nothing(history: History) -> None:
    assert await known(RecentMarks(history.read), set(), T) == {}
    assert history.asked == []


async def test_a_history_that_is_away_leaves_what_is_known_and_is_asked_no_oftener(history: History) -> None:
    recent = RecentMarks(history.read)
    history.marks["7"] = [RAID]
    await known(recent, {"7"}, T)
    history.is_away = True
    assert await known(recent, {"7", "8"}, T + READ_EVERY_MS) == {"7": [RAID]}
    assert await known(recent, {"7", "8"}, T + READ_EVERY_MS + 1) == {"7": [RAID]}
    assert len(history.asked) == 2
    history.is_away = False
    assert await known(recent, {"7", "8"}, T + 2 * READ_EVERY_MS) == {"7": [RAID], "8": []}


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
    reader = BoardReader(settings.REDIS_BOARDS_URL)
    live = LiveBoards(reader, Directory(settings.REDIS_STREAMS_URL))
    hub = Hub(get_channel_layer(), Fillings(live, RecentMarks(history.read), clock))
    yield hub
    await hub.aclose()


async def frame(hub: Hub) -> dict[str, Any]:
    """Return what a page that opens now gets first."""
    slot = hub.join("")
    await hub.subscribe(slot, Subscribe("c", Channels(("3",))))
    fields = await taken(slot)
    hub.leave(slot)
    return fields


async def taken(slot: Slot) -> dict[str, Any]:
    frame = await slot.take()
    assert frame is not None
    fields: dict[str, Any] = json.loads(frame)
    return {name: value for name, value in fields.items() if name not in ("type", "seq", "now_ms")}


def marks(frame: dict[str, Any]) -> Any:
    return frame["channels"]["3"]["marks"]


async def marks_in_frames(hub: Hub, clock: Clock, expected: list[str]) -> None:
    found: list[str] = []
    for _ in range(500):
        clock.ms += 1_000
        found = [mark["id"] for mark in marks(await frame(hub)) or []]
        if found == expected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"frames carry {found}: expected {expected}")


async def test_frames_carry_what_came_since(hub: Hub, history: History, clock: Clock) -> None:
    history.marks["3"] = [RAID]
    assert marks(await frame(hub)) is None
    await marks_in_frames(hub, clock, ["r"])
    history.marks["3"] = [RAID, TITLE]
    clock.ms += READ_EVERY_MS
    await marks_in_frames(hub, clock, ["r", "t"])


async def test_a_page_that_stays_and_one_that_opens_get_the_same_marks(
    hub: Hub, history: History, clock: Clock, boards: Boards
) -> None:
    history.marks["3"] = [RAID, TITLE]
    slot = hub.join("")
    await hub.subscribe(slot, Subscribe("c", Channels(("3",))))
    await slot.take()
    await marks_in_frames(hub, clock, ["r", "t"])
    async with asyncio.timeout(10):
        await boards.send_tick()
        while True:
            try:
                async with asyncio.timeout(0.3):
                    pushed = await taken(slot)
                    break
            except TimeoutError:
                await boards.send_tick()
    assert pushed == await frame(hub)


async def test_a_history_that_hangs_holds_up_no_frame(hub: Hub, history: History) -> None:
    history.open.clear()
    try:
        async with asyncio.timeout(2):
            assert [marks(await frame(hub)) for _ in range(3)] == [None] * 3
    finally:
        history.open.set()
