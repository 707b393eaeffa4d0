"""What the boards held in the past five minutes, every 10 s: the short memory behind moves and sparklines.

In Redis a hash a metric, `past:<metric>`: window end to JSON `{"ranked": {channel id: value}, "other": {…}}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson
import redis

from core.metrics.table import BOARDS
from core.times import MINUTE_MS, SECOND_MS

STEP_MS = 10 * SECOND_MS
KEPT_MS = 5 * MINUTE_MS
# A memory that nobody goes on with is forgotten whole.
EXPIRES_S = 2 * KEPT_MS // 1000


def past_key(metric: str) -> str:
    """Return the hash of one ranked metric."""
    return f"past:{metric}"


@dataclass(frozen=True, slots=True)
class Moment:
    """The values of one metric at one window end, by channel: of those that were ranked, and of the others."""

    ranked: Mapping[str, float] = field(default_factory=dict)
    other: Mapping[str, float] = field(default_factory=dict)

    def value(self, channel_id: str) -> float | None:
        """Return a channel's value, None where there was none."""
        return self.ranked.get(channel_id, self.other.get(channel_id))


class Known(NamedTuple):
    """A channel's newest values by metric, and why it is not ranked by some of them."""

    end_ms: int
    values: Mapping[str, float]
    unranked: Mapping[str, str]


class _Step:
    """What has come of one grain since `due_ms`: of each channel its first window from then on."""

    def __init__(self, due_ms: int) -> None:
        self.due_ms = due_ms
        self.newest_ms = 0
        self.ranked: dict[str, dict[str, float]] = {}
        self.other: dict[str, dict[str, float]] = {}
        self._taken: set[str] = set()

    def take(self, channel_id: str, known: Known) -> None:
        if known.end_ms < self.due_ms or channel_id in self._taken:
            return
        self._taken.add(channel_id)
        self.newest_ms = max(self.newest_ms, known.end_ms)
        for metric, value in known.values.items():
            place = self.other if metric in known.unranked else self.ranked
            place.setdefault(metric, {})[channel_id] = value


class PastWriter:
    """Takes what is put on the boards, and writes every tenth second of it down."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._steps: dict[str, _Step] = {}

    def take(self, grain: str, newest_ms: int, known: Mapping[str, Known]) -> None:
        """Note the values that come with one grain; `newest_ms` is the newest of their ends."""
        step = self._steps.setdefault(grain, _Step(0))
        if newest_ms >= step.due_ms:
            for channel_id, one in known.items():
                step.take(channel_id, one)

    def write(self) -> None:
        """Write down what is due and has come. Raises: redis.RedisError."""
        for grain, step in self._steps.items():
            if step.newest_ms:
                step_ms = step.newest_ms // STEP_MS * STEP_MS
                self._write(step_ms, step)
                self._steps[grain] = _Step(step_ms + STEP_MS)

    def forget(self, channel_id: str) -> None:
        """Leave a channel out of what is remembered, and of what is noted and not yet written."""
        for step in self._steps.values():
            for values in (*step.ranked.values(), *step.other.values()):
                values.pop(channel_id, None)
        for key in (past_key(metric.key) for metric in BOARDS):
            for end_ms, moment in self._client.hgetall(key).items():
                self._client.hset(key, end_ms, orjson.dumps(_without(channel_id, orjson.loads(moment))))

    def _write(self, step_ms: int, step: _Step) -> None:
        metrics = [metric.key for metric in BOARDS if metric.key in step.ranked or metric.key in step.other]
        outlived = self._outlived(metrics, step_ms - KEPT_MS)
        with self._client.pipeline(transaction=False) as pipe:
            for metric in metrics:
                moment = Moment(step.ranked.get(metric, {}), step.other.get(metric, {}))
                pipe.hset(past_key(metric), str(step_ms), orjson.dumps(moment))
                if outlived[metric]:
                    pipe.hdel(past_key(metric), *outlived[metric])
                pipe.expire(past_key(metric), EXPIRES_S)
            pipe.execute()

    def _outlived(self, metrics: Sequence[str], oldest_ms: int) -> dict[str, list[bytes]]:
        with self._client.pipeline(transaction=False) as pipe:
            for metric in metrics:
                pipe.hkeys(past_key(metric))
            found = pipe.execute()
        return {
            metric: [step for step in steps if int(step) < oldest_ms]
            for metric, steps in zip(metrics, found, strict=True)
        }


def _without(channel_id: str, moment: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {place: {i: value for i, value in values.items() if i != channel_id} for place, values in moment.items()}
