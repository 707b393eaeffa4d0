"""The law of the live socket, for every kind of subscription: an old snapshot and its pushes are a fresh snapshot."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.conf import settings

from apps.live.board import Board
from apps.live.directory import Directory
from apps.live.frames import TABLE_EVERY_MS, Fillings
from apps.live.hub import Hub
from apps.live.outboxes import Slot
from apps.live.readings import LiveBoards
from apps.live.recent_events import RecentMarks
from apps.live.subscriptions import Channels, Subscribe, Table, Wish
from apps.metrics.board_reader import BoardReader
from apps.metrics.event_marks import EventMark
from core.metrics.table import BOARDS
from tests.dashboard.conftest import Boards

IDS = [str(number) for number in range(1, 31)]
KINDS: list[Wish] = [
    *(Board(metric.key) for metric in BOARDS),
    Board(size=25),
    Board("messages", category="Chess", language="en", band="1000"),
    Channels(("1", "2", "30")),
    Table(),
]


class Page:
    """What a page makes of the frames of one subscription."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.seq = 0

    def take(self, frame: dict[str, Any]) -> None:
        assert (frame["seq"], frame["type"]) == (self.seq + 1, "push" if self.seq else "snapshot")
        self.seq += 1
        rows = frame.get("rows")
        if "is_whole" in frame and not frame["is_whole"]:
            rows = {i: row for i, row in self.state["rows"].items() if i not in frame["gone"]}
            for channel_id, changes in frame["rows"].items():
                rows[channel_id] = rows.get(channel_id, {}) | changes
        told = {name: frame[name] for name in frame.keys() - {"type", "id", "seq", "now_ms", "is_whole", "gone"}}
        self.state = told | ({} if rows is None else {"rows": rows})


async def take_all(slot: Slot, page: Page) -> None:
    while slot.waits:
        frame = await slot.take()
        assert frame is not None
        page.take(json.loads(frame))


def change(boards: Boards, dice: random.Random) -> None:
    """Let a second pass in which anything may happen."""
    boards.end_ms += 1_000
    for channel_id in dice.sample(IDS, dice.randrange(1, 20)):
        viewers = None if dice.random() < 0.1 else dice.randrange(30_000)
        boards.show({channel_id: viewers}, messages=dice.randrange(60), behind_ms=dice.choice([0, 0, 15_000]))
    channel_id = dice.choice(IDS)
    category, live = dice.choice(["Chess", "Go", "Café ♟"]), dice.random() < 0.9
    boards.name(channel_id, f"Name {channel_id}", title=str(dice.random()), category=category, live=live)


def new_hub(clock: Any) -> Hub:
    live = LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))
    mark = EventMark("r", 0, None, "raid", 318, "Raid: 318 viewers")
    return Hub(get_channel_layer(), Fillings(live, RecentMarks(lambda ids, _now_ms: {i: [mark] for i in ids}), clock))


@pytest.mark.parametrize("wish", KINDS, ids=str)
@pytest.mark.parametrize("patience", [1.0, 0.3], ids=["quick", "slow"])
async def test_an_old_snapshot_with_its_pushes_is_a_fresh_snapshot(boards: Boards, wish: Wish, patience: float) -> None:
    dice, now = random.Random(str(wish)), 1_795_400_000_000
    hub = new_hub(lambda: now)
    for channel_id in IDS:
        boards.name(channel_id, f"Name {channel_id}")
    slot, page = hub.join(""), Page()
    await hub.subscribe(slot, Subscribe("old", wish))
    for tick in range(30):
        change(boards, dice)
        # The table comes every 2 s: a page that comes then sees what all others see.
        now += TABLE_EVERY_MS + 10_000
        await hub.fill()
        if dice.random() > patience and tick < 29:
            continue
        await take_all(slot, page)
        fresh, other = hub.join(""), Page()
        await hub.subscribe(fresh, Subscribe("fresh", wish))
        await take_all(fresh, other)
        hub.leave(fresh)
        assert page.state == other.state
    assert page.seq > 2
    await hub.aclose()


async def test_the_table_sends_what_changed_to_who_took_the_last_and_all_to_others(boards: Boards) -> None:
    now = 1_795_400_000_000
    hub = new_hub(lambda: now)
    quick, slow = hub.join(""), hub.join("")
    for slot in (quick, slow):
        await hub.subscribe(slot, Subscribe("t", Table()))
        await slot.take()
    boards.end_ms += 1_000
    boards.show({"3": 700})
    for _ in range(2):
        now += TABLE_EVERY_MS
        await hub.fill()
        changes = json.loads(await quick.take() or "")
    assert (changes["is_whole"], changes["rows"]) == (False, {})
    whole = json.loads(await slow.take() or "")
    assert (whole["is_whole"], whole["seq"]) == (True, 2)
    assert whole["rows"]["3"]["values"]["viewers"] == 700
    now += 500
    await hub.fill()
    assert not quick.waits
    await hub.aclose()


async def test_a_body_is_made_once_for_all_who_wish_for_the_same(boards: Boards) -> None:
    now = 1_795_400_000_000
    hub = new_hub(lambda: now)
    slots = [hub.join("") for _ in range(3)]
    for slot in slots:
        await hub.subscribe(slot, Subscribe("b", Board()))
        boards.end_ms += 1
        boards.show({"1": boards.end_ms % 1_000})
    frames = {await slot.take() for slot in slots}
    assert len(frames) == 1, "who comes within the second has what the others have"
    await hub.aclose()
