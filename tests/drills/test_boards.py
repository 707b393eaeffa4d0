"""Boards made of history are those that people saw."""

from __future__ import annotations

import pytest
import redis

from apps.metrics.boards import BoardWriter
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import WindowRecord
from drills.boards import SHOWN, boards_of, shown
from tests.valkey import Valkey

END_MS = 1_795_400_000_000
THRESHOLDS = RankingThresholds(min_viewers=50, min_messages=10)


@pytest.fixture
def emptied(valkey_server: Valkey) -> Valkey:
    valkey_server.client().flushall()
    return valkey_server


def reading(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(f"{valkey.url}/0", decode_responses=True)


def window(channel_id: str, messages: int, viewers: int | None, end_ms: int = END_MS) -> WindowRecord:
    columns = {"messages": messages, "words": 3 * messages, "observed_ms": 30_000}
    return WindowRecord(
        channel_id, "live", end_ms - 30_000, end_ms, columns | ({"viewers": viewers} if viewers else {})
    )


def test_boards_of_history_are_those_of_redis(emptied: Valkey) -> None:
    windows = [window("1", 40, 900), window("2", 5, 900), window("3", 60, 20), window("4", 40, None)]
    BoardWriter(emptied.client(), THRESHOLDS).apply("live", windows)
    end_ms, boards = shown(reading(emptied))
    assert end_ms == END_MS
    assert boards == boards_of({one.channel_id: one.columns for one in windows}, THRESHOLDS)
    assert set(boards) == {metric.key for metric in SHOWN}
    assert [i for i, _ in boards["messages"]] == ["3", "4", "1", "2"]
    assert [i for i, _ in boards["engagement"]] == ["1", "2"]


def test_a_channel_whose_window_is_another_is_left_out(emptied: Valkey) -> None:
    windows = [window("1", 40, 900), window("2", 50, 900, END_MS - 1_000)]
    BoardWriter(emptied.client(), THRESHOLDS).apply("live", windows)
    assert [i for i, _ in shown(reading(emptied))[1]["messages"]] == ["1"]
