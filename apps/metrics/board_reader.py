"""The boards in Redis, as the pages read them; apps/metrics/boards.py writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import redis
import redis.asyncio

from apps.metrics.board_history import Moment, past_key
from apps.metrics.boards import LATE_DROPPED, board_key
from core.errors import ServiceAway
from core.metrics.ranking import age_of, is_live
from core.metrics.table import METRIC


@dataclass(frozen=True, slots=True)
class LiveValues:
    """A channel now.

    `coverage` is 0 to 1; a metric without data is absent; `unranked` says why not ranked; `apart` is what was
    heard besides, by column: see core.metrics.table.excluded_counts. Distinct metrics come from a window of their own,
    with its own end and coverage: None before the first.
    """

    end_ms: int
    coverage: float
    values: Mapping[str, float]
    unranked: Mapping[str, str]
    apart: Mapping[str, int]
    distinct_end_ms: int | None = None
    distinct_coverage: float | None = None

    def end_of(self, metric: str) -> int:
        """Return when the window of a metric's value ended."""
        own = self.distinct_end_ms if METRIC[metric].distinct else None
        return self.end_ms if own is None else own

    def coverage_of(self, metric: str) -> float:
        """Return the coverage of the window of a metric's value."""
        own = self.distinct_coverage if METRIC[metric].distinct else None
        return self.coverage if own is None else own


@dataclass(frozen=True, slots=True)
class Standings:
    """Channels with their values by metric, best first, and the newest window end on the boards.

    `late_dropped` is how many records came too late since the stream job began, None while nobody tells.
    """

    newest_end_ms: int | None
    late_dropped: int | None
    ranked: Mapping[str, list[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class BoardsNow:
    """The newest window end on the boards, how many channels are live, and the mean coverage of their fresh windows."""

    newest_end_ms: int | None
    channels: int
    coverage: float | None
    late_dropped: int | None


def read_boards_now(url: str, not_live: Collection[str] = ()) -> BoardsNow:
    """Return the state of the boards, for callers without an event loop; `not_live` are known not to be live.

    Raises: ServiceAway.
    """
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    with _away(), client, client.pipeline(transaction=False) as pipe:
        pipe.zrevrange("ends:live", 0, 0, withscores=True)
        pipe.hgetall("values:live")
        pipe.get(LATE_DROPPED)
        newest, values, late = pipe.execute()
    if not newest:
        return BoardsNow(None, 0, None, None)
    newest_ms = int(newest[0][1])
    windows = {channel_id.decode(): orjson.loads(window) for channel_id, window in values.items()}
    live = [w for i, w in windows.items() if is_live(w["end_ms"], newest_ms, is_offline=i in not_live)]
    found = [window["coverage"] for window in live if age_of(window["end_ms"], newest_ms) == "fresh"]
    mean = sum(found) / len(found) if found else None
    return BoardsNow(newest_ms, len(live), mean, None if late is None else int(late))


class BoardReader:
    """Reads the boards. Every method raises ServiceAway when Redis does not answer."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(url, socket_timeout=5, decode_responses=True)

    async def standings(self, asked: Mapping[str, int | None]) -> Standings:
        """Return so many of the best channels of each metric; None stands for all of them."""
        with _away():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.zrevrange("ends:live", 0, 0, withscores=True)
                pipe.get(LATE_DROPPED)
                for metric, count in asked.items():
                    pipe.zrevrange(board_key(metric), 0, -1 if count is None else count - 1, withscores=True)
                newest, late, *found = await pipe.execute()
        newest_end_ms = int(newest[0][1]) if newest else None
        return Standings(newest_end_ms, None if late is None else int(late), dict(zip(asked, found, strict=True)))

    async def values(self, channel_ids: Iterable[str]) -> dict[str, LiveValues]:
        """Return what is known of each channel now; unknown ones are left out."""
        ids = list(channel_ids)
        if not ids:
            return {}
        with _away():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.hmget("values:live", ids)
                pipe.hmget("values:live_distinct", ids)
                sums, distinct = await pipe.execute()
        return {channel_id: _merge(one, two) for channel_id, one, two in zip(ids, sums, distinct, strict=True) if one}

    async def all_values(self) -> dict[str, LiveValues]:
        """Return what is known of every channel now."""
        with _away():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.hgetall("values:live")
                pipe.hgetall("values:live_distinct")
                sums, distinct = await pipe.execute()
        return {channel_id: _merge(one, distinct.get(channel_id)) for channel_id, one in sums.items()}

    async def ranks(self, metric: str, channel_ids: Sequence[str]) -> dict[str, int]:
        """Return the rank of each channel that has one, from 1."""
        with _away():
            async with self._client.pipeline(transaction=False) as pipe:
                for channel_id in channel_ids:
                    pipe.zrevrank(board_key(metric), channel_id)
                places = await pipe.execute()
        return {i: place + 1 for i, place in zip(channel_ids, places, strict=True) if place is not None}

    async def steps(self, metrics: Collection[str]) -> dict[str, list[int]]:
        """Return the window ends of which the values of each metric are remembered."""
        with _away():
            async with self._client.pipeline(transaction=False) as pipe:
                for metric in metrics:
                    pipe.hkeys(past_key(metric))
                found = await pipe.execute()
        return {metric: sorted(map(int, steps)) for metric, steps in zip(metrics, found, strict=True)}

    async def moments(self, metric: str, steps: Sequence[int]) -> dict[int, Moment]:
        """Return the values of a metric at these window ends, as far as they are remembered."""
        with _away():
            found = await self._client.hmget(past_key(metric), [str(step) for step in steps])
        return {step: Moment(**orjson.loads(one)) for step, one in zip(steps, found, strict=True) if one}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise ServiceAway(f"Redis does not answer: {error}") from error


def _merge(sums: str, distinct: str | None) -> LiveValues:
    live = orjson.loads(sums)
    seldom = orjson.loads(distinct) if distinct else {"values": {}, "unranked": {}}
    return LiveValues(
        live["end_ms"],
        live["coverage"],
        {**live["values"], **seldom["values"]},
        {**live["unranked"], **seldom["unranked"]},
        live["apart"],
        seldom.get("end_ms"),
        seldom.get("coverage"),
    )
