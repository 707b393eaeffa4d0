"""The boards of one moment, from Redis as people saw them, and from history: `python -m drills.boards END_MS`."""

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

# By metric: each channel on the board with its value, best first.
Boards = Mapping[str, list[list[Any]]]

# Of the sums alone: who wrote is counted every 5 s, and for excitement a moment is not enough.
SHOWN = [metric for metric in BOARDS if not metric.distinct]
LOOK_EVERY_S = 0.05


def shown(client: redis.Redis) -> tuple[int, Boards]:
    """Wait for a window that history keeps; return its end and the boards of the channels that have it.

    `client` decodes what it reads.
    """
    while True:
        with client.pipeline() as pipe:
            pipe.zrange(redis_keys.window_ends("live"), 0, -1, withscores=True)
            for metric in SHOWN:
                pipe.zrevrange(redis_keys.board(metric.key), 0, -1, withscores=True)
            ends, *boards = pipe.execute()
        newest_ms = int(max((end_ms for _, end_ms in ends), default=1))
        if newest_ms % STEP_MS["live"] == 0:
            now = {channel_id for channel_id, end_ms in ends if end_ms == newest_ms}
            rows = ([(i, value) for i, value in board if i in now] for board in boards)
            return newest_ms, {metric.key: _ordered(found) for metric, found in zip(SHOWN, rows, strict=True)}
        time.sleep(LOOK_EVERY_S)


def stored(end_ms: int) -> Boards:
    """Return the boards that history makes of the windows with this end."""
    from apps.metrics.boards import ranking_thresholds
    from apps.metrics.cassandra import open_session

    query = "SELECT * FROM live_window WHERE end_ms = %s ALLOW FILTERING"
    windows = {row["channel_id"]: row for row in open_session().execute(query, [end_ms], timeout=60)}
    return boards_of(windows, ranking_thresholds())


def boards_of(windows: Mapping[str, Mapping[str, Any]], thresholds: RankingThresholds) -> Boards:
    """Return the boards of these windows' columns, by channel."""
    boards = {}
    for metric in SHOWN:
        found = []
        for channel_id, row in windows.items():
            columns = {name: value for name, value in row.items() if value is not None}
            value = metric.value(columns, LIVE_WINDOW_MS)
            if value is not None and not metric.unranked(columns, thresholds):
                found.append((channel_id, value))
        boards[metric.key] = _ordered(found)
    return boards


def _ordered(found: Iterable[tuple[str, float]]) -> list[list[Any]]:
    values = dict(found)
    return [[i, values[i]] for i in rank((Entry(i, value) for i, value in values.items()), len(values))]


if __name__ == "__main__":
    django.setup()
    print(json.dumps(stored(int(sys.argv[1]))))
