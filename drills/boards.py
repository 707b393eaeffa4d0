"""The boards at one moment, from Redis and recomputed from history: `python -m drills.boards END_MS`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import django
import redis

from core.contracts import redis_keys
from core.metrics.columns import LIVE_WINDOW_MS, STEP_MS
from core.metrics.formulas import RankingThresholds
from core.metrics.ranking import Entry, rank
from core.metrics.table import BOARDS

# By metric key: the channels on its board with their values, best first.
Boards = Mapping[str, list[list[Any]]]

# Excludes excitement, which needs several windows, and metrics of distinct chatters and texts, computed every 5 s.
COMPARED = [metric for metric in BOARDS if not metric.distinct]
POLL_S = 0.05


def displayed_boards(client: redis.Redis) -> tuple[int, Boards]:
    """Wait until history stores windows with the newest end; return this end and the boards.

    The boards are limited to the channels whose window has this end. `client` must decode responses.
    """
    while True:
        with client.pipeline() as pipe:
            pipe.zrange(redis_keys.window_ends("live"), 0, -1, withscores=True)
            for metric in COMPARED:
                pipe.zrevrange(redis_keys.board(metric.key), 0, -1, withscores=True)
            ends, *boards = pipe.execute()
        newest_ms = int(max((end_ms for _, end_ms in ends), default=1))
        if newest_ms % STEP_MS["live"] == 0:
            newest = {channel_id for channel_id, end_ms in ends if end_ms == newest_ms}
            rows = ([(i, value) for i, value in board if i in newest] for board in boards)
            return newest_ms, {metric.key: _ordered(values) for metric, values in zip(COMPARED, rows, strict=True)}
        time.sleep(POLL_S)


def stored_boards(end_ms: int) -> Boards:
    """Return the boards computed from the stored windows with this end."""
    from apps.metrics.boards import ranking_thresholds
    from apps.metrics.cassandra import open_session

    query = "SELECT * FROM live_window WHERE end_ms = %s ALLOW FILTERING"
    windows = {row["channel_id"]: row for row in open_session().execute(query, [end_ms], timeout=60)}
    return boards_of(windows, ranking_thresholds())


def boards_of(windows: Mapping[str, Mapping[str, Any]], thresholds: RankingThresholds) -> Boards:
    """Return the boards computed from these windows, given as columns by channel."""
    boards = {}
    for metric in COMPARED:
        values = []
        for channel_id, row in windows.items():
            columns = {name: value for name, value in row.items() if value is not None}
            value = metric.value(columns, LIVE_WINDOW_MS)
            if value is not None and not metric.unranked(columns, thresholds):
                values.append((channel_id, value))
        boards[metric.key] = _ordered(values)
    return boards


def _ordered(pairs: Iterable[tuple[str, float]]) -> list[list[Any]]:
    values = dict(pairs)
    return [[i, values[i]] for i in rank((Entry(i, value) for i, value in values.items()), len(values))]


if __name__ == "__main__":
    django.setup()
    print(json.dumps(stored_boards(int(sys.argv[1]))))
