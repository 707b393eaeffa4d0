"""Writes the boards to Redis every second; apps/metrics/board_reader.py reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import orjson
import redis
from django.conf import settings

from apps.metrics.board_history import BoardHistoryWriter, ChannelValues
from core.contracts import redis_keys
from core.metrics.formulas import RankingThresholds, Value, coverage
from core.metrics.table import METRICS, Metric, excluded_counts
from core.metrics.windows import BOARD_WINDOW_MS, DEFAULT_WINDOW, BoardWindow, key_over
from core.pipeline.records import Grain, WindowRecord

UNRANKED_AFTER_MS = 60_000
# Rows per script call. The next chunk is computed while one is stored, and readers wait for at most one chunk.
CHUNK_ROWS = 1_000
# The number of late drops expires after this time unless the job's watcher updates it.
LATE_DROPPED_S = 300

# Applies the windows that are newer than the stored ones to all boards atomically, so that no reader sees a channel's
# value without its rank. Commands are batched by the thousand, because one per channel takes ten times as long. The
# input is columnar, because decoding a list per channel costs more than the rest of the script.
# KEYS: ends, values, then a board per metric. ARGV: JSON of [channel ids, ends in ms, a list of scores per board with
# false for unranked channels, the byte length of each channel's values], each channel once; the oldest end to keep;
# all values concatenated.
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
local starts, start = {}, 1
for row = 1, #ids do
  starts[row] = start
  start = start + lengths[row]
end
local newest, values = {}, {}
for at = 1, count do
  local row = taken[at]
  newest[2 * at - 1], newest[2 * at] = ends[row], ids[row]
  values[2 * at - 1], values[2 * at] = ids[row], string.sub(ARGV[3], starts[row], starts[row] + lengths[row] - 1)
end
in_chunks('ZADD', KEYS[1], newest)
in_chunks('HSET', KEYS[2], values)
for board = 1, #boards do
  local scores, ranked, unranked, ranked_count, unranked_count = boards[board], {}, {}, 0, 0
  for at = 1, count do
    local row = taken[at]
    local score = scores[row]
    if score then
      ranked[ranked_count + 1], ranked[ranked_count + 2] = score, ids[row]
      ranked_count = ranked_count + 2
    else
      unranked_count = unranked_count + 1
      unranked[unranked_count] = ids[row]
    end
  end
  in_chunks('ZADD', KEYS[board + 2], ranked)
  in_chunks('ZREM', KEYS[board + 2], unranked)
end
local expired = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[2])
in_chunks('ZREM', KEYS[1], expired)
in_chunks('HDEL', KEYS[2], expired)
for board = 1, #boards do in_chunks('ZREM', KEYS[board + 2], expired) end
"""


_IS_DISTINCT: Mapping[Grain, bool] = {"live": False, "live_distinct": True}
# By live grain and window: the metrics, their formulas, and the metrics that have a board.
_METRICS: Mapping[tuple[Grain, BoardWindow], list[Metric]] = {
    (grain, window): [m for m in METRICS if m.distinct == is_distinct and window in m.windows]
    for grain, is_distinct in _IS_DISTINCT.items()
    for window in BOARD_WINDOW_MS
}
_FORMULAS: Mapping[tuple[Grain, BoardWindow], Mapping[str, Value]] = {
    (grain, window): {metric.key: metric.value_over(window) for metric in metrics}
    for (grain, window), metrics in _METRICS.items()
}
_BOARDS: Mapping[tuple[Grain, BoardWindow], list[Metric]] = {
    part: [metric for metric in metrics if metric.ranked] for part, metrics in _METRICS.items()
}


def ranking_thresholds() -> RankingThresholds:
    """Return the ranking thresholds of this instance."""
    return RankingThresholds(settings.ENGAGEMENT_MIN_VIEWERS, settings.RANKED_MIN_MESSAGES)


class BoardWriter:
    """Applies windows of the grains `live` and `live_distinct` to the boards; outdated windows change nothing."""

    def __init__(self, client: redis.Redis, thresholds: RankingThresholds) -> None:
        self._client = client
        self._thresholds = {window: thresholds.over(window) for window in BOARD_WINDOW_MS}
        self._apply = client.register_script(_APPLY)
        self._history = BoardHistoryWriter(client)

    def apply(
        self,
        grain: Grain,
        windows: Sequence[WindowRecord],
        excitement: Mapping[str, float] = MappingProxyType({}),
        *,
        over: BoardWindow = DEFAULT_WINDOW,
    ) -> None:
        """Store `windows`, all of one grain and length, and the `excitement` of the channels for which it is known.

        `over` is their length; core/metrics/five_minutes.py computes 5-minute windows. Raises: redis.RedisError.
        """
        keys = [
            redis_keys.window_ends(key_over(grain, over)),
            redis_keys.window_values(key_over(grain, over)),
            *(redis_keys.board(key_over(metric.key, over)) for metric in _BOARDS[grain, over]),
        ]
        newest_ms = max(window.end_ms for window in windows)
        latest: dict[str, ChannelValues] = {}
        with ThreadPoolExecutor(1) as executor:
            futures = []
            for first in range(0, len(windows), CHUNK_ROWS):
                chunk = windows[first : first + CHUNK_ROWS]
                values = {window.channel_id: self._values(window, over, excitement) for window in chunk}
                encoded = [_encode(window, over, values[window.channel_id]) for window in chunk]
                columns = _columns(_BOARDS[grain, over], values, encoded)
                oldest_ms = newest_ms - UNRANKED_AFTER_MS
                futures.append(executor.submit(self._apply, keys, [columns, oldest_ms, b"".join(encoded)]))
                latest |= values
            for future in futures:
                future.result()
        self._history.add(grain, over, newest_ms, latest)

    def erase(self, channel_id: str) -> None:
        """Delete a channel from all boards and their history. Raises: redis.RedisError."""
        with self._client.pipeline() as pipe:
            for (grain, over), metrics in _BOARDS.items():
                pipe.zrem(redis_keys.window_ends(key_over(grain, over)), channel_id)
                pipe.hdel(redis_keys.window_values(key_over(grain, over)), channel_id)
                for metric in metrics:
                    pipe.zrem(redis_keys.board(key_over(metric.key, over)), channel_id)
            pipe.execute()
        self._history.erase(channel_id)

    def write_history(self) -> None:
        """Write the steps of the boards' recent history that are due. Raises: redis.RedisError."""
        self._history.write()

    def _values(self, window: WindowRecord, over: BoardWindow, excitement: Mapping[str, float]) -> ChannelValues:
        formulas, length_ms = _FORMULAS[window.grain, over], BOARD_WINDOW_MS[over]
        computed = {key: formula(window.columns, length_ms) for key, formula in formulas.items()}
        if "excitement" in computed:
            computed["excitement"] = excitement.get(window.channel_id)
        thresholds = self._thresholds[over]
        reasons = {m.key: m.unranked(window.columns, thresholds) for m in _BOARDS[window.grain, over]}
        values = {key: value for key, value in computed.items() if value is not None}
        return ChannelValues(window.end_ms, values, {key: reason for key, reason in reasons.items() if reason})


def _columns(boards: Iterable[Metric], latest: Mapping[str, ChannelValues], encoded: Iterable[bytes]) -> bytes:
    scores = [_scores(latest.values(), metric.key) for metric in boards]
    ends_ms = [channel.end_ms for channel in latest.values()]
    return orjson.dumps([list(latest), ends_ms, scores, list(map(len, encoded))])


def _scores(channels: Iterable[ChannelValues], metric: str) -> list[float | bool]:
    return [False if metric in channel.unranked else channel.values.get(metric, False) for channel in channels]


def _encode(window: WindowRecord, over: BoardWindow, channel: ChannelValues) -> bytes:
    live: dict[str, object] = {"end_ms": channel.end_ms, "values": channel.values, "unranked": channel.unranked}
    live["coverage"] = coverage(window.columns, BOARD_WINDOW_MS[over])
    if window.grain == "live":
        live["apart"] = excluded_counts(window.columns)
    return orjson.dumps(live)


def write_late_dropped(client: redis.Redis, records: int) -> None:
    """Write the number of records dropped as late. Raises: redis.RedisError."""
    client.set(redis_keys.LATE_DROPPED, records, ex=LATE_DROPPED_S)
