"""Reads the boards in Redis; apps/metrics/boards.py writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import redis
import redis.asyncio

from apps.metrics.board_history import PastValues
from core.contracts import redis_keys
from core.errors import ServiceUnavailable
from core.metrics.ranking import age_of, is_live
from core.metrics.table import METRIC
from core.metrics.windows import DEFAULT_WINDOW, BoardWindow, key_over


@dataclass(frozen=True, slots=True)
class LiveValues:
    """Live values of a channel over the past 30 s or 5 min.

    `coverage` is 0 to 1. Metrics without data are absent. `unranked` contains, by metric, the reason why the channel is
    not ranked. `apart` contains counts that no metric includes: see core.metrics.table.excluded_counts. Metrics that
    count distinct people or texts come from a separate window, whose end and coverage are None before the first such
    window.
    """

    end_ms: int
    coverage: float
    values: Mapping[str, float]
    unranked: Mapping[str, str]
    apart: Mapping[str, int]
    distinct_end_ms: int | None = None
    distinct_coverage: float | None = None

    def end_of(self, metric: str) -> int:
        """Return the end of the window from which a metric's value comes."""
        distinct_ms = self.distinct_end_ms if METRIC[metric].distinct else None
        return self.end_ms if distinct_ms is None else distinct_ms

    def coverage_of(self, metric: str) -> float:
        """Return the coverage of the window from which a metric's value comes."""
        distinct = self.distinct_coverage if METRIC[metric].distinct else None
        return self.coverage if distinct is None else distinct


@dataclass(frozen=True, slots=True)
class BoardRankings:
    """Ranked channels with their values by board, highest first, and the newest window end on the boards.

    A board's key is its metric, or the result of core.metrics.windows.key_over. `late_dropped` is the number of records
    dropped as late since the stream job started, or None if unknown.
    """

    newest_end_ms: int | None
    late_dropped: int | None
    ranked: Mapping[str, list[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class BoardsSummary:
    """Newest window end on the boards, number of live channels, and mean coverage of their fresh windows."""

    newest_end_ms: int | None
    channels: int
    coverage: float | None
    late_dropped: int | None


def read_boards_summary(url: str, not_live: Collection[str] = ()) -> BoardsSummary:
    """Return a summary of the boards, for synchronous callers. Channels in `not_live` are not counted.

    Raises: ServiceUnavailable.
    """
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    with _redis_errors(), client, client.pipeline(transaction=False) as pipe:
        pipe.zrevrange(redis_keys.window_ends("live"), 0, 0, withscores=True)
        pipe.hgetall(redis_keys.window_values("live"))
        pipe.get(redis_keys.LATE_DROPPED)
        newest, values, late = pipe.execute()
    if not newest:
        return BoardsSummary(None, 0, None, None)
    newest_ms = int(newest[0][1])
    windows = {channel_id.decode(): orjson.loads(window) for channel_id, window in values.items()}
    live = [w for i, w in windows.items() if is_live(w["end_ms"], newest_ms, is_offline=i in not_live)]
    coverages = [window["coverage"] for window in live if age_of(window["end_ms"], newest_ms) == "fresh"]
    mean = sum(coverages) / len(coverages) if coverages else None
    return BoardsSummary(newest_ms, len(live), mean, None if late is None else int(late))


class BoardReader:
    """Reads the boards. Every method raises ServiceUnavailable if Redis does not respond."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(url, socket_timeout=5, decode_responses=True)

    async def rankings(self, counts: Mapping[str, int | None]) -> BoardRankings:
        """Return the top channels of each board. `counts` maps board keys to numbers of channels; None means all."""
        with _redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.zrevrange(redis_keys.window_ends("live"), 0, 0, withscores=True)
                pipe.get(redis_keys.LATE_DROPPED)
                for board, count in counts.items():
                    pipe.zrevrange(redis_keys.board(board), 0, -1 if count is None else count - 1, withscores=True)
                newest, late, *ranked = await pipe.execute()
        newest_end_ms = int(newest[0][1]) if newest else None
        return BoardRankings(newest_end_ms, None if late is None else int(late), dict(zip(counts, ranked, strict=True)))

    async def values(self, channel_ids: Iterable[str], over: BoardWindow = DEFAULT_WINDOW) -> dict[str, LiveValues]:
        """Return the live values of each channel over a window; channels without live values are omitted."""
        ids = list(channel_ids)
        if not ids:
            return {}
        with _redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.hmget(redis_keys.window_values(key_over("live", over)), ids)
                pipe.hmget(redis_keys.window_values(key_over("live_distinct", over)), ids)
                sums, distinct = await pipe.execute()
        windows = zip(ids, sums, distinct, strict=True)
        return {i: _merge(sums_json, distinct_json) for i, sums_json, distinct_json in windows if sums_json}

    async def all_values(self) -> dict[str, LiveValues]:
        """Return the live values of every channel."""
        with _redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.hgetall(redis_keys.window_values("live"))
                pipe.hgetall(redis_keys.window_values("live_distinct"))
                sums, distinct = await pipe.execute()
        return {channel_id: _merge(sums_json, distinct.get(channel_id)) for channel_id, sums_json in sums.items()}

    async def ranks(self, board: str, channel_ids: Sequence[str]) -> dict[str, int]:
        """Return the rank, from 1, of each channel that is ranked on the board with this key."""
        with _redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                for channel_id in channel_ids:
                    pipe.zrevrank(redis_keys.board(board), channel_id)
                indexes = await pipe.execute()
        return {i: index + 1 for i, index in zip(channel_ids, indexes, strict=True) if index is not None}

    async def steps(self, boards: Collection[str]) -> dict[str, list[int]]:
        """Return the window ends in the recent history of each board, by board key, oldest first."""
        with _redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                for board in boards:
                    pipe.hkeys(redis_keys.board_history(board))
                steps_by_board = await pipe.execute()
        return {board: sorted(map(int, steps)) for board, steps in zip(boards, steps_by_board, strict=True)}

    async def past_values(self, board: str, steps: Sequence[int]) -> dict[int, PastValues]:
        """Return the values of a board at these window ends, except those that the recent history lacks."""
        with _redis_errors():
            values = await self._client.hmget(redis_keys.board_history(board), [str(step) for step in steps])
        return {step: PastValues(**orjson.loads(value)) for step, value in zip(steps, values, strict=True) if value}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@contextmanager
def _redis_errors() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise ServiceUnavailable(f"Redis is not responding: {error}") from error


def _merge(sums: str, distinct: str | None) -> LiveValues:
    live = orjson.loads(sums)
    distinct_live = orjson.loads(distinct) if distinct else {"values": {}, "unranked": {}}
    return LiveValues(
        live["end_ms"],
        live["coverage"],
        {**live["values"], **distinct_live["values"]},
        {**live["unranked"], **distinct_live["unranked"]},
        live["apart"],
        distinct_live.get("end_ms"),
        distinct_live.get("coverage"),
    )
