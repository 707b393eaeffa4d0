"""Rank changes and sparklines, which use the steps that the sink stores every 10 s."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.conf import settings
from django.test import Client

from apps.live.board import Board
from apps.live.directory import Directory
from apps.live.readings import LiveBoards, Row
from apps.live.recent_history import POINTS, sparkline_levels
from apps.metrics.board_history import RETENTION_MS, STEP_MS
from apps.metrics.board_reader import BoardReader
from apps.metrics.boards import BoardWriter
from core.contracts import redis_keys
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import WindowRecord
from tests.dashboard.conftest import Boards
from tests.pages import read_page
from tests.valkey import Valkey

pytestmark = pytest.mark.django_db(transaction=True)

T = 1_795_400_000_000


class Sink:
    """Writes one second of all channels and stores a step, as `run_sink boards` does at a tick."""

    def __init__(self, valkey: Valkey) -> None:
        self.valkey = valkey
        self.writer = BoardWriter(valkey.client(), RankingThresholds())

    def second(self, end_ms: int, viewers: Mapping[str, int], messages: int = 60) -> None:
        columns = {"messages": messages, "words": 100, "observed_ms": 30_000}
        windows = [
            WindowRecord(i, "live", end_ms - 30_000, end_ms, columns | {"viewers": count})
            for i, count in viewers.items()
        ]
        self.writer.apply("live", windows)
        self.writer.write_history()

    def steps(self, metric: str = "viewers") -> list[int]:
        return sorted(map(int, self.valkey.client().hkeys(redis_keys.board_history(metric))))


@pytest.fixture
def sink(valkey: Valkey) -> Sink:
    return Sink(valkey)


async def rows(board: Board, live: LiveBoards | None = None, now_ms: int = T) -> list[Row]:
    boards = live or LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))
    reading = await boards.read([board], [], now_ms)
    if live is None:
        await boards.aclose()
    return reading.rows[board]


def test_a_step_is_stored_every_ten_seconds_and_kept_for_five_minutes(sink: Sink) -> None:
    for second in range(0, 400, 5):
        sink.second(T + second * 1_000, {"1": second})
    newest = T + 390_000
    assert sink.steps() == list(range(newest - RETENTION_MS, newest + 1, STEP_MS))
    assert len(sink.steps()) == POINTS
    assert sink.steps("spam") == sink.steps()
    assert sink.steps("chatters") == [], "no window with chatters was written"


def test_old_steps_are_dropped_after_a_sink_restart(sink: Sink) -> None:
    sink.second(T, {"1": 1})
    sink.second(T + 1_000_000, {"1": 1})
    assert sink.steps() == [T + 1_000_000]


async def test_a_row_shows_positions_gained_within_a_minute(sink: Sink) -> None:
    sink.second(T, {"1": 300, "2": 200, "3": 100})
    sink.second(T + 60_000, {"1": 150, "2": 200, "3": 300, "4": 50})
    moved = {row.id: (row.moved, row.is_new) for row in await rows(Board())}
    assert moved == {"3": (2, False), "2": (0, False), "1": (-2, False), "4": (None, True)}


async def test_a_channel_that_was_below_the_ranking_threshold_a_minute_ago_is_new(sink: Sink) -> None:
    sink.second(T, {"1": 300}, messages=3)
    sink.second(T + 60_000, {"1": 300})
    (row,) = await rows(Board("spam"))
    assert (row.moved, row.is_new) == (None, True)
    assert [level != "." for level in row.spark[-7:]] == [True, *[False] * 5, True], (
        "the sparkline includes unranked values"
    )


async def test_rank_changes_are_unknown_without_a_step_from_a_minute_ago(sink: Sink) -> None:
    sink.second(T, {"1": 300, "2": 200})
    assert [(row.moved, row.is_new) for row in await rows(Board())] == [(None, False)] * 2


async def test_rank_changes_of_a_filtered_board_use_the_same_filter(boards: Boards) -> None:
    sink = Sink(boards.valkey)
    boards.list_channel("1", "Alpha", category="Go")
    at = boards.end_ms // STEP_MS * STEP_MS + STEP_MS
    sink.second(at, {"1": 900, "2": 300, "3": 200})
    sink.second(at + 60_000, {"1": 900, "2": 300, "3": 400})
    chess = await rows(Board(category="Chess"))
    assert [(row.id, row.moved) for row in chess] == [("3", 1), ("2", -1)]


async def test_a_sparkline_has_gaps_for_missing_steps(sink: Sink) -> None:
    for second in (0, 10, 40, 50):
        sink.second(T + second * 1_000, {"1": 100 + second})
    (row,) = await rows(Board())
    assert row.spark == "." * 25 + "nq..xz"


async def test_sparklines_survive_a_flush_of_redis(sink: Sink) -> None:
    live = LiveBoards(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))
    sink.second(T, {"1": 100})
    await rows(Board(), live)
    sink.valkey.client().flushall()
    sink.second(T + 10_000, {"1": 200})
    (row,) = await rows(Board(), live, T + 10_000)
    await live.aclose()
    assert row.spark[-2:] == "iz"
    (row,) = await rows(Board())
    assert row.spark[-2:] == ".z"


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([], ""),
        ([None, None], ""),
        ([5.0, 5.0], "zz"),
        ([0, None, 1], "0.z"),
        ([-1.0, 0.0, 1.0], "0iz"),
        ([0, 0], "00"),
        ([100, 85], "zu"),
    ],
)
def test_values_are_scaled_to_levels(values: list[float | None], levels: str) -> None:
    assert sparkline_levels(values) == levels


def test_the_page_shows_rank_changes_and_sparklines_without_javascript(boards: Boards, signed_in: Client) -> None:
    sink = Sink(boards.valkey)
    at = boards.end_ms // STEP_MS * STEP_MS + STEP_MS
    sink.second(at, {"1": 300, "2": 200, "3": 100})
    sink.second(at + 60_000, {"1": 150, "2": 200, "3": 100})
    page = read_page(signed_in.get("/"))
    assert (
        '<span class="rank-change is-up"><span aria-hidden="true">▲ 1</span>'
        '<span class="vh">up 1 place in the past minute' in page
    )
    assert '<path d="M48 1h0M60 18h0">' in page
