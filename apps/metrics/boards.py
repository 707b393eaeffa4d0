"""The boards in Redis: what the sink writes each second; apps/metrics/board_reader.py reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import orjson
import redis
from django.conf import settings

from apps.metrics.board_history import Known, PastWriter
from core.metrics.columns import LIVE_WINDOW_MS
from core.metrics.formulas import Floors, coverage
from core.metrics.table import METRICS, Metric, excluded_counts
from core.pipeline.records import Grain, WindowRecord

UNRANKED_AFTER_MS = 60_000
# So many rows are stored while the next are made; readers of Redis wait no longer than for one such part.
AT_ONCE = 1_000
# How many records the stream job had to drop as late since it began, as its watcher tells; forgotten with the watcher.
LATE_DROPPED = "late-dropped"
LATE_DROPPED_S = 300

# Applies windows that are newer than what is stored, for all boards at once, so that no reader sees a channel's value
# without its rank. A command for each thousand, as one for each channel would take ten times as long; by columns, for
# a list a channel would cost more than what is done with it.
# KEYS: ends, values, then a board per metric. ARGV: JSON of [channel ids, ends in ms, a list of scores per board with
# false for who is not ranked, the length of each one's values], no channel twice; the oldest end to keep; all values.
_APPLY = """
local CHUNK = 2000
local function in_chunks(command, key, list)
  for first = 1, #list, CHUNK do
    redis.call(command, key, unpack(list, first, math.min(first + CHUNK - 1, #list)))
  end
end
local ids, ends, boards, lengths = unpack(cjson.decode(ARGV[1]))
local taken, count = {}, 0
for first = 1, #ids, CHUNK do
  local known = redis.call('ZMSCORE', KEYS[1], unpack(ids, first, math.min(first + CHUNK - 1, #ids)))
  for at = 1, #known do
    local row = first + at - 1
    if not known[at] or tonumber(known[at]) <= ends[row] then
      count = count + 1
      taken[count] = row
    end
  end
end
local places, place = {}, 1
for row = 1, #ids do
  places[row] = place
  place = place + lengths[row]
end
local newest, values = {}, {}
for at = 1, count do
  local row = taken[at]
  newest[2 * at - 1], newest[2 * at] = ends[row], ids[row]
  values[2 * at - 1], values[2 * at] = ids[row], string.sub(ARGV[3], places[row], places[row] + lengths[row] - 1)
end
in_chunks('ZADD', KEYS[1], newest)
in_chunks('HSET', KEYS[2], values)
for board = 1, #boards do
  local scores, ranked, others, stand, left = boards[board], {}, {}, 0, 0
  for at = 1, count do
    local row = taken[at]
    local score = scores[row]
    if score then
      ranked[stand + 1], ranked[stand + 2] = score, ids[row]
      stand = stand + 2
    else
      left = left + 1
      others[left] = ids[row]
    end
  end
  in_chunks('ZADD', KEYS[board + 2], ranked)
  in_chunks('ZREM', KEYS[board + 2], others)
end
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[2])
in_chunks('ZREM', KEYS[1], gone)
in_chunks('HDEL', KEYS[2], gone)
for board = 1, #boards do in_chunks('ZREM', KEYS[board + 2], gone) end
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


def floors_in_force() -> Floors:
    """Return the floors that this copy runs with."""
    return Floors(settings.ENGAGEMENT_MIN_VIEWERS, settings.RANKED_MIN_MESSAGES)


class BoardWriter:
    """Puts windows of the grains `live` and `live_distinct` on the boards; older ones change nothing."""

    def __init__(self, client: redis.Redis, floors: Floors) -> None:
        self._client = client
        self._floors = floors
        self._apply = client.register_script(_APPLY)
        self._past = PastWriter(client)

    def apply(
        self, grain: Grain, windows: Sequence[WindowRecord], excitement: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        """Store `windows`, all of one grain, and the `excitement` of those channels that have one.

        Raises: redis.RedisError.
        """
        keys = [f"ends:{grain}", f"values:{grain}", *(board_key(metric.key) for metric in _BOARDS[grain])]
        newest_ms = max(window.end_ms for window in windows)
        known: dict[str, Known] = {}
        with ThreadPoolExecutor(1) as sender:
            sent = []
            for first in range(0, len(windows), AT_ONCE):
                part = windows[first : first + AT_ONCE]
                made = {window.channel_id: self._known(window, grain, excitement) for window in part}
                values = [_live(window, grain, made[window.channel_id]) for window in part]
                columns, oldest_ms = _columns(grain, made, values), newest_ms - UNRANKED_AFTER_MS
                sent.append(sender.submit(self._apply, keys, [columns, oldest_ms, b"".join(values)]))
                known |= made
            for one in sent:
                one.result()
        self._past.take(grain, newest_ms, known)

    def forget(self, channel_id: str) -> None:
        """Take a channel off all boards, and out of what is remembered of them. Raises: redis.RedisError."""
        with self._client.pipeline() as pipe:
            for grain, metrics in _BOARDS.items():
                pipe.zrem(f"ends:{grain}", channel_id)
                pipe.hdel(f"values:{grain}", channel_id)
                for metric in metrics:
                    pipe.zrem(board_key(metric.key), channel_id)
            pipe.execute()
        self._past.forget(channel_id)

    def remember(self) -> None:
        """Keep what is on the boards for those who compare with it later. Raises: redis.RedisError."""
        self._past.write()

    def _known(self, window: WindowRecord, grain: Grain, excitement: Mapping[str, float]) -> Known:
        found = {metric.key: metric.value(window.columns, LIVE_WINDOW_MS) for metric in _METRICS[grain]}
        if grain == "live_distinct":
            found["excitement"] = excitement.get(window.channel_id)
        reasons = {metric.key: metric.unranked(window.columns, self._floors) for metric in _BOARDS[grain]}
        values = {key: value for key, value in found.items() if value is not None}
        return Known(window.end_ms, values, {key: reason for key, reason in reasons.items() if reason})


def _columns(grain: Grain, known: Mapping[str, Known], values: Iterable[bytes]) -> bytes:
    boards = [_scores(known.values(), metric.key) for metric in _BOARDS[grain]]
    return orjson.dumps([list(known), [one.end_ms for one in known.values()], boards, list(map(len, values))])


def _scores(known: Iterable[Known], metric: str) -> list[float | bool]:
    return [False if metric in one.unranked else one.values.get(metric, False) for one in known]


def _live(window: WindowRecord, grain: Grain, known: Known) -> bytes:
    live: dict[str, object] = {"end_ms": known.end_ms, "values": known.values, "unranked": known.unranked}
    live["coverage"] = coverage(window.columns, LIVE_WINDOW_MS)
    if grain == "live":
        live["apart"] = excluded_counts(window.columns)
    return orjson.dumps(live)


def tell_late_dropped(client: redis.Redis, records: int) -> None:
    """Store how many records came too late for their windows. Raises: redis.RedisError."""
    client.set(LATE_DROPPED, records, ex=LATE_DROPPED_S)
