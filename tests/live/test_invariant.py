"""The invariant of the live socket, for every kind of subscription: old snapshot + pushes = fresh snapshot."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from channels.layers import get_channel_layer

from apps.live.board import Board
from apps.live.frames import TABLE_INTERVAL_MS, FrameCache
from apps.live.hub import Hub
from apps.live.outboxes import Outbox
from apps.live.readings import LiveBoards
from apps.live.recent_events import RecentMarks
from apps.live.subscriptions import ChannelsSpec, Subscribe, SubscriptionSpec, TableSpec
from apps.metrics.event_marks import EventMark
from core.metrics.table import BOARDS
from tests.dashboard.conftest import Boards

IDS = [str(number) for number in range(1, 31)]
KINDS: list[SubscriptionSpec] = [
    *(Board(metric.key) for metric in BOARDS),
    Board(size=25),
    Board("spam", window="5m"),
    Board("messages", category="Chess", language="en", band="1000"),
    ChannelsSpec(("1", "2", "30")),
    TableSpec(),
]


class Page:
    """Applies the frames of one subscription, as a page does."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.seq = 0

    def apply(self, frame: dict[str, Any]) -> None:
        assert (frame["seq"], frame["type"]) == (self.seq + 1, "push" if self.seq else "snapshot")
        self.seq += 1
        rows = frame.get("rows")
        if "is_whole" in frame and not frame["is_whole"]:
            rows = {i: row for i, row in self.state["rows"].items() if i not in frame["gone"]}
            for channel_id, changes in frame["rows"].items():
                rows[channel_id] = rows.get(channel_id, {}) | changes
        fields = {name: frame[name] for name in frame.keys() - {"type", "id", "seq", "now_ms", "is_whole", "gone"}}
        self.state = fields | ({} if rows is None else {"rows": rows})


class IdleConnection:
    """A connection that takes no frames until the test takes them."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def flush(self) -> None:
        self.calls.append("flush")

    def check_session(self) -> None:
        self.calls.append("check_session")

    def abandon(self) -> None:
        self.calls.append("abandon")


def join(hub: Hub) -> Outbox:
    return hub.join("", IdleConnection())


def take_one(outbox: Outbox) -> dict[str, Any]:
    (frame,) = outbox.take()
    fields: dict[str, Any] = json.loads(frame)
    return fields


def take_all(outbox: Outbox, page: Page) -> None:
    while outbox.has_pending:
        for frame in outbox.take():
            page.apply(json.loads(frame))


def change_randomly(boards: Boards, rng: random.Random) -> None:
    """Advance by a second with random changes to values, titles and states."""
    boards.end_ms += 1_000
    for channel_id in rng.sample(IDS, rng.randrange(1, 20)):
        viewers = None if rng.random() < 0.1 else rng.randrange(30_000)
        boards.write_viewers({channel_id: viewers}, messages=rng.randrange(60), behind_ms=rng.choice([0, 0, 15_000]))
        boards.write_five_minutes({channel_id: {"messages": rng.randrange(90, 300), "words": rng.randrange(2_000)}})
    channel_id = rng.choice(IDS)
    category, live = rng.choice(["Chess", "Go", "Café ♟"]), rng.random() < 0.9
    boards.list_channel(channel_id, f"Name {channel_id}", title=str(rng.random()), category=category, live=live)


def new_hub(live: LiveBoards, clock: Any) -> Hub:
    mark = EventMark("r", 0, None, "raid", 318, "Raid: 318 viewers")
    return Hub(get_channel_layer(), FrameCache(live, RecentMarks(lambda ids, _now_ms: {i: [mark] for i in ids}), clock))


@pytest.mark.parametrize("spec", KINDS, ids=str)
@pytest.mark.parametrize("read_rate", [1.0, 0.3], ids=["quick", "slow"])
async def test_old_snapshot_plus_pushes_equals_fresh_snapshot(
    boards: Boards, live: LiveBoards, spec: SubscriptionSpec, read_rate: float
) -> None:
    rng, now = random.Random(str(spec)), 1_795_400_000_000
    hub = new_hub(live, lambda: now)
    for channel_id in IDS:
        boards.list_channel(channel_id, f"Name {channel_id}")
    outbox, page = join(hub), Page()
    await hub.subscribe(outbox, Subscribe("old", spec))
    for tick in range(30):
        change_randomly(boards, rng)
        # The table is pushed every 2 s. A page that opens at that time gets the same payload as all others.
        now += TABLE_INTERVAL_MS + 10_000
        await hub.push()
        if rng.random() > read_rate and tick < 29:
            continue
        take_all(outbox, page)
        fresh, other = join(hub), Page()
        await hub.subscribe(fresh, Subscribe("fresh", spec))
        take_all(fresh, other)
        hub.leave(fresh)
        assert page.state == other.state
    assert page.seq > 2
    await hub.aclose()


async def test_pages_that_keep_up_get_table_changes_and_slower_pages_the_whole_table(
    boards: Boards, live: LiveBoards
) -> None:
    now = 1_795_400_000_000
    hub = new_hub(live, lambda: now)
    quick, slow = join(hub), join(hub)
    for outbox in (quick, slow):
        await hub.subscribe(outbox, Subscribe("t", TableSpec()))
        outbox.take()
    boards.end_ms += 1_000
    boards.write_viewers({"3": 700})
    for _ in range(2):
        now += TABLE_INTERVAL_MS
        await hub.push()
        changes = take_one(quick)
    assert (changes["is_whole"], changes["rows"]) == (False, {})
    whole = take_one(slow)
    assert (whole["is_whole"], whole["seq"]) == (True, 2)
    assert whole["rows"]["3"]["values"]["viewers"] == 700
    now += 500
    await hub.push()
    assert not quick.has_pending
    await hub.aclose()


async def test_subscribers_of_the_same_spec_share_one_payload(boards: Boards, live: LiveBoards) -> None:
    now = 1_795_400_000_000
    hub = new_hub(live, lambda: now)
    outboxes = [join(hub) for _ in range(3)]
    for outbox in outboxes:
        await hub.subscribe(outbox, Subscribe("b", Board()))
        boards.end_ms += 1
        boards.write_viewers({"1": boards.end_ms % 1_000})
    frames = {tuple(outbox.take()) for outbox in outboxes}
    assert len(frames) == 1, "a subscriber within the same second gets the cached payload"
    await hub.aclose()


async def test_sockets_that_open_together_share_one_reading(
    boards: Boards, live: LiveBoards, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, readings = new_hub(live, lambda: 1_795_400_000_000), 0
    read = live.read_locked

    async def counted(*args: Any) -> Any:
        nonlocal readings
        readings += 1
        return await read(*args)

    monkeypatch.setattr(live, "read_locked", counted)
    outboxes = [join(hub) for _ in range(20)]
    await asyncio.gather(*(hub.subscribe(outbox, Subscribe("b", Board())) for outbox in outboxes))
    assert readings == 1
    assert len({tuple(outbox.take()) for outbox in outboxes}) == 1
    await hub.aclose()
