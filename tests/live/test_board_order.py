"""Boards are ranked by the values in their own rows, regardless of changes since the last frame."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client

from apps.live.board import Board
from apps.live.readings import LiveBoards
from apps.live.subscriptions import Subscribe
from tests.dashboard.conftest import Boards, content_of
from tests.dashboard.test_pages import rows_of
from tests.live.test_invariant import IDS, change_randomly, join, new_hub, take_one

BOARDS = [
    Board(),
    Board("messages", 25),
    Board("spam"),
    Board("spam", window="5m"),
    Board("messages", category="Chess", band="1000"),
]


def assert_ranked(rows: Sequence[tuple[int, str, float]]) -> None:
    """Expect consecutive ranks from 1, descending values, and ties ordered by id as text, descending."""
    assert [rank for rank, _, _ in rows] == list(range(1, len(rows) + 1))
    in_order = sorted(rows, key=lambda row: (row[2], row[1]), reverse=True)
    assert [channel_id for _, channel_id, _ in rows] == [channel_id for _, channel_id, _ in in_order]


@pytest.mark.parametrize("board", BOARDS, ids=str)
async def test_every_frame_is_ranked_by_its_own_values(boards: Boards, live: LiveBoards, board: Board) -> None:
    rng, now = random.Random(str(board)), 1_795_400_000_000
    hub = new_hub(live, lambda: now)
    for channel_id in IDS:
        boards.list_channel(channel_id, f"Name {channel_id}")
    outbox = join(hub)
    await hub.subscribe(outbox, Subscribe("b", board))
    frames: list[dict[str, Any]] = []
    for _ in range(40):
        change_randomly(boards, rng)
        now += 1_000
        await hub.push()
        while outbox.has_pending:
            frames.append(take_one(outbox))
    for frame in frames:
        assert_ranked([(row["rank"], row["id"], row["value"]) for row in frame["rows"]])
    assert len({tuple(row["id"] for row in frame["rows"]) for frame in frames}) > 5, "the order changed during the test"
    await hub.aclose()


def test_the_page_and_the_csv_are_ranked_by_their_own_values(boards: Boards, signed_in: Client) -> None:
    # Two requests within a second; the values change in between.
    for viewers in ({"1": 1_000, "2": 900, "3": 900}, {"1": 100, "2": 200, "3": 300}):
        boards.end_ms += 1_000
        boards.write_viewers(viewers)
        ids = {"Alpha": "1", "Beta": "2", "Gamma": "3"}
        page_rows = [(int(row[0]), ids[row[1]], float(row[-1].replace(",", ""))) for row in rows_of(signed_in.get("/"))]
        assert_ranked(page_rows)
        text = content_of(signed_in.get("/board.csv")).removeprefix("\ufeff")
        table = csv.DictReader(io.StringIO(text, newline=""))
        assert [(int(row["Rank"]), row["Channel ID"], float(row["Viewers (viewers)"])) for row in table] == page_rows


async def test_a_board_is_consistent_when_values_change_during_a_read(boards: Boards, live: LiveBoards) -> None:
    """Values that change between the two Redis reads cause neither a missing nor a misplaced row."""
    for channel_id in IDS:
        boards.list_channel(channel_id, f"Name {channel_id}")
    boards.write_viewers({str(number): number for number in range(1, 21)})
    reader = live._reader
    read = reader.values

    async def values_a_moment_later(ids: Any) -> Any:
        boards.end_ms += 1_000
        boards.write_viewers({"20": 1, "12": 99})
        return await read(ids)

    reader.values = values_a_moment_later  # type: ignore[method-assign, assignment]
    rows = (await live.read([Board()], (), 1_795_400_000_000)).rows[Board()]
    assert [(row.id, row.value) for row in rows][:2] == [("12", 99), ("19", 19)]
    assert [row.id for row in rows] == ["12", "19", "18", "17", "16", "15", "14", "13", "11", "10"]


def test_search_results_show_the_same_rank_as_the_board(boards: Boards, signed_in: Client) -> None:
    boards.block("2")
    ranks = {row[1]: row[0] for row in rows_of(signed_in.get("/"))}
    hits = signed_in.get("/find.json?q=a&board=viewers").json()["channels"]
    assert {hit["name"]: hit["text"] for hit in hits} == {
        name: f"Rank {rank} on Most Viewed" for name, rank in ranks.items()
    }
