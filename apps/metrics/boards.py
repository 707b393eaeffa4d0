"""The boards in Redis: what the sink writes each second and the pages read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import orjson
import redis
import redis.asyncio
from django.conf import settings

from core.columns import LIVE_WINDOW_MS
from core.errors import ServiceAway
from core.formulas import Floors, coverage
from core.metrics import METRICS, Metric, counted_apart
from core.records import Grain, WindowRecord

UNRANKED_AFTER_MS = 60_000
# So many rows are stored while the next are made; readers of Redis wait no longer than for one such part.
AT_ONCE = 1_000
# How many records the stream job had to drop as late since it began, as its watcher tells; forgotten with the watcher.
LATE_DROPPED = "late-dropped"
LATE_DROPPED_S = 300

# Applies windows that are newer than what is stored, for all boards at once, so that no reader sees a channel's value
# without its rank. A command for each thousand, as one for each channel would take ten times as long.
# KEYS: ends, values, then a board per metric. ARGV: a JSON list of [channel id, end_ms, values JSON, [score or false
# per board]] with no channel twice, then the oldest end to keep.
_APPLY = """
local CHUNK = 2000
local function in_chunks(command, key, list)
  for first = 1, #list, CHUNK do
    redis.call(command, key, unpack(list, first, math.min(first + CHUNK - 1, #list)))
  end
end
local boards = {unpack(KEYS, 3)}
local ends, values, ranked, unranked = {}, {}, {}, {}
for i in ipairs(boards) do ranked[i], unranked[i] = {}, {} end
local function take(row)
  local id, end_ms = row[1], row[2]
  table.insert(ends, end_ms)
  table.insert(ends, id)
  table.insert(values, id)
  table.insert(values, row[3])
  for i in ipairs(boards) do
    local score = row[4][i]
    if score then
      table.insert(ranked[i], score)
      table.insert(ranked[i], id)
    else
      table.insert(unranked[i], id)
    end
  end
end
local rows = cjson.decode(ARGV[1])
for first = 1, #rows, CHUNK do
  local ids = {}
  for at = first, math.min(first + CHUNK - 1, #rows) do table.insert(ids, rows[at][1]) end
  for at, known in ipairs(redis.call('ZMSCORE', KEYS[1], unpack(ids))) do
    local row = rows[first + at - 1]
    if not known or tonumber(known) <= row[2] then take(row) end
  end
end
in_chunks('ZADD', KEYS[1], ends)
in_chunks('HSET', KEYS[2], values)
for i, board in ipairs(boards) do
  in_chunks('ZADD', board, ranked[i])
  in_chunks('ZREM', board, unranked[i])
end
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[2])
in_chunks('ZREM', KEYS[1], gone)
in_chunks('HDEL', KEYS[2], gone)
for _, board in ipairs(boards) do in_chunks('ZREM', board, gone) end
"""


# Which live grain gives which metrics, and which of those have a board.
_METRICS: Mapping[Grain, list[Metric]] = {
    "live": [metric for metric in METRICS if not metric.distinct],
    "live_distinct": [metric for metric in METRICS if metric.distinct],
}
_BOARDS: Mapping[Grain, list[Metric]] = {
    grain: [metric for metric in metrics if metric.ranked] for grain, metrics in _METRICS.items()
}


def board_key(metric: str) -> str:
    """Return the sorted set of one ranked metric."""
    return f"board:{metric}"


@dataclass(frozen=True, slots=True)
class LiveValues:
    """A channel now.

    `coverage` is 0 to 1; a metric without data is absent; `unranked` says why not ranked; `apart` is what was
    heard besides, by column: see core.metrics.counted_apart.
    """

    end_ms: int
    coverage: float
    values: Mapping[str, float]
    unranked: Mapping[str, str]
    apart: Mapping[str, int]


def floors_in_force() -> Floors:
    """Return the floors that this copy runs with."""
    return Floors(settings.ENGAGEMENT_MIN_VIEWERS, settings.RANKED_MIN_MESSAGES)


class BoardWriter:
    """Puts windows of the grains `live` and `live_distinct` on the boards; older ones change nothing."""

    def __init__(self, client: redis.Redis, floors: Floors) -> None:
        self._client = client
        self._floors = floors
        self._apply = client.register_script(_APPLY)

    def apply(
        self, grain: Grain, windows: Sequence[WindowRecord], excitement: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        """Store `windows`, all of one grain, and the `excitement` of those channels that have one.

        Raises: redis.RedisError.
        """
        keys = [f"ends:{grain}", f"values:{grain}", *(board_key(metric.key) for metric in _BOARDS[grain])]
        oldest_ms = max(window.end_ms for window in windows) - UNRANKED_AFTER_MS
        with ThreadPoolExecutor(1) as sender:
            sent = []
            for first in range(0, len(windows), AT_ONCE):
                rows = [self._row(window, grain, excitement) for window in windows[first : first + AT_ONCE]]
                sent.append(sender.submit(self._apply, keys, [orjson.dumps(rows), oldest_ms]))
            for part in sent:
                part.result()

    def _row(self, window: WindowRecord, grain: Grain, excitement: Mapping[str, float]) -> list[object]:
        found = {metric.key: metric.value(window.columns, LIVE_WINDOW_MS) for metric in _METRICS[grain]}
        if grain == "live_distinct":
            found["excitement"] = excitement.get(window.channel_id)
        values = {key: value for key, value in found.items() if value is not None}
        reasons = {m.key: m.unranked(window.columns, self._floors) for m in _BOARDS[grain]}
        live: dict[str, object] = {
            "end_ms": window.end_ms,
            "values": values,
            "unranked": {key: reason for key, reason in reasons.items() if reason},
        }
        if grain == "live":
            live["coverage"] = coverage(window.columns, LIVE_WINDOW_MS)
            live["apart"] = counted_apart(window.columns)
        scores = [False if reasons[m.key] else values.get(m.key, False) for m in _BOARDS[grain]]
        return [window.channel_id, window.end_ms, orjson.dumps(live).decode(), scores]


def tell_late_dropped(client: redis.Redis, records: int) -> None:
    """Store how many records came too late for their windows. Raises: redis.RedisError."""
    client.set(LATE_DROPPED, records, ex=LATE_DROPPED_S)


class BoardReader:
    """Reads the boards. Every method raises ServiceAway when Redis does not answer."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(url, socket_timeout=5, decode_responses=True)

    async def top(self, metric: str, n: int) -> list[str]:
        """Return the ids of the `n` best channels, best first."""
        with _away():
            ids = await self._client.zrevrange(board_key(metric), 0, n - 1)
        return [str(channel_id) for channel_id in ids]

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
        """Return what is known now of every channel."""
        with _away():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.hgetall("values:live")
                pipe.hgetall("values:live_distinct")
                sums, distinct = await pipe.execute()
        return {channel_id: _merge(one, distinct.get(channel_id)) for channel_id, one in sums.items()}

    async def newest_end_ms(self) -> int | None:
        """Return the newest window end on the boards."""
        with _away():
            newest = await self._client.zrevrange("ends:live", 0, 0, withscores=True)
        return int(newest[0][1]) if newest else None

    async def late_dropped(self) -> int | None:
        """Return how many records came too late since the stream job began, None while nobody tells."""
        with _away():
            records = await self._client.get(LATE_DROPPED)
        return None if records is None else int(records)

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
    live = json.loads(sums)
    values, unranked = live["values"], live["unranked"]
    if distinct:
        seldom = json.loads(distinct)
        values, unranked = {**values, **seldom["values"]}, {**unranked, **seldom["unranked"]}
    return LiveValues(live["end_ms"], live["coverage"], values, unranked, live["apart"])
