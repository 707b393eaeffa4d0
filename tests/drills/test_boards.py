"""Boards recomputed from history equal the displayed boards."""

from __future__ import annotations

import pytest
import redis

from apps.metrics.boards import BoardWriter
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import WindowRecord
from drills.boards import COMPARED, boards_of, displayed_boards
from tests.valkey import Valkey

END_MS = 1_795_400_000_000
THRESHOLDS = RankingThresholds(min_viewers=50, min_messages=10)


@pytest.fixture
def empty_valkey(valkey_server: Valkey) -> Valkey:
    valkey_server.client().flushall()
    return valkey_server


def decoding_client(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(f"{valkey.url}/0", decode_responses=True)


def window(channel_id: str, messages: int, viewers: int | None, end_ms: int = END_MS) -> WindowRecord:
    columns = {"messages": messages, "words": 3 * messages, "observed_ms": 30_000}
    return WindowRecord(
        channel_id, "live", end_ms - 30_000, end_ms, columns | ({"viewers": viewers} if viewers else {})
    )


def test_boards_from_history_equal_those_in_redis(empty_valkey: Valkey) -> None:
    windows = [window("1", 40, 900), window("2", 5, 900), window("3", 60, 20), window("4", 40, None)]
    BoardWriter(empty_valkey.client(), THRESHOLDS).apply("live", windows)
    end_ms, boards = displayed_boards(decoding_client(empty_valkey))
    assert end_ms == END_MS
    assert boards == boards_of({record.channel_id: record.columns for record in windows}, THRESHOLDS)
    assert set(boards) == {metric.key for metric in COMPARED}
    assert [i for i, _ in boards["messages"]] == ["3", "4", "1", "2"]
    assert [i for i, _ in boards["engagement"]] == ["1", "2"]


def test_a_channel_with_a_different_window_end_is_excluded(empty_valkey: Valkey) -> None:
    windows = [window("1", 40, 900), window("2", 50, 900, END_MS - 1_000)]
    BoardWriter(empty_valkey.client(), THRESHOLDS).apply("live", windows)
    assert [i for i, _ in displayed_boards(decoding_client(empty_valkey))[1]["messages"]] == ["1"]
