"""Recent board history: values of the past five minutes at 10-second intervals, for rank changes and sparklines.

Redis has one hash per board, `past:<board>`, from window end to JSON `{"ranked": {channel id: value}, "other": {…}}`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson
import redis

from core.contracts import redis_keys
from core.metrics.table import BOARDS
from core.metrics.windows import BoardWindow, key_over
from core.pipeline.records import Grain
from core.times import MINUTE_MS, SECOND_MS

STEP_MS = 10 * SECOND_MS
RETENTION_MS = 5 * MINUTE_MS
# History that is no longer written expires as a whole.
EXPIRES_S = 2 * RETENTION_MS // 1000


@dataclass(frozen=True, slots=True)
class PastValues:
    """Values on one board at one window end, by channel; ranked and other channels are separate."""

    ranked: Mapping[str, float] = field(default_factory=dict)
    other: Mapping[str, float] = field(default_factory=dict)

    def value(self, channel_id: str) -> float | None:
        """Return a channel's value, or None if it had none."""
        return self.ranked.get(channel_id, self.other.get(channel_id))


class ChannelValues(NamedTuple):
    """A channel's latest values by metric, and the reasons why it is not ranked by some of them."""

    end_ms: int
    values: Mapping[str, float]
    unranked: Mapping[str, str]


class _Step:
    """Values of one grain, each from the channel's first window that ends at or after `due_ms`."""

    def __init__(self, due_ms: int) -> None:
        self.due_ms = due_ms
        self.newest_ms = 0
        self.ranked: dict[str, dict[str, float]] = {}
        self.other: dict[str, dict[str, float]] = {}
        self._added: set[str] = set()

    def add(self, channel_id: str, latest: ChannelValues) -> None:
        if latest.end_ms < self.due_ms or channel_id in self._added:
            return
        self._added.add(channel_id)
        self.newest_ms = max(self.newest_ms, latest.end_ms)
        for metric, value in latest.values.items():
            by_channel = self.other if metric in latest.unranked else self.ranked
            by_channel.setdefault(metric, {})[channel_id] = value


class BoardHistoryWriter:
    """Collects the values that are put on the boards, and writes them to the history every 10 s."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._steps: dict[tuple[Grain, BoardWindow], _Step] = {}

    def add(self, grain: Grain, window: BoardWindow, newest_ms: int, latest: Mapping[str, ChannelValues]) -> None:
        """Add the latest values of one grain over a window; `newest_ms` is the latest of their window ends."""
        step = self._steps.setdefault((grain, window), _Step(0))
        if newest_ms >= step.due_ms:
            for channel_id, values in latest.items():
                step.add(channel_id, values)

    def write(self) -> None:
        """Write the collected values of the steps that are due. Raises: redis.RedisError."""
        for (grain, window), step in self._steps.items():
            if step.newest_ms:
                step_ms = step.newest_ms // STEP_MS * STEP_MS
                self._write(window, step_ms, step)
                self._steps[grain, window] = _Step(step_ms + STEP_MS)

    def erase(self, channel_id: str) -> None:
        """Delete a channel from the history and from the values not yet written. Raises: redis.RedisError."""
        for step in self._steps.values():
            for values in (*step.ranked.values(), *step.other.values()):
                values.pop(channel_id, None)
        boards = (key_over(metric.key, window) for metric in BOARDS for window in metric.windows)
        for key in map(redis_keys.board_history, boards):
            for end_ms, encoded in self._client.hgetall(key).items():
                self._client.hset(key, end_ms, orjson.dumps(_without(channel_id, orjson.loads(encoded))))

    def _write(self, window: BoardWindow, step_ms: int, step: _Step) -> None:
        metrics = [metric.key for metric in BOARDS if metric.key in step.ranked or metric.key in step.other]
        keys = {metric: redis_keys.board_history(key_over(metric, window)) for metric in metrics}
        expired = self._expired(keys.values(), step_ms - RETENTION_MS)
        with self._client.pipeline(transaction=False) as pipe:
            for metric, key in keys.items():
                values = PastValues(step.ranked.get(metric, {}), step.other.get(metric, {}))
                pipe.hset(key, str(step_ms), orjson.dumps(values))
                if expired[key]:
                    pipe.hdel(key, *expired[key])
                pipe.expire(key, EXPIRES_S)
            pipe.execute()

    def _expired(self, keys: Collection[str], oldest_ms: int) -> dict[str, list[bytes]]:
        with self._client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hkeys(key)
            steps_by_key = pipe.execute()
        return {
            key: [step for step in steps if int(step) < oldest_ms]
            for key, steps in zip(keys, steps_by_key, strict=True)
        }


def _without(channel_id: str, values: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {part: {i: value for i, value in by_id.items() if i != channel_id} for part, by_id in values.items()}
