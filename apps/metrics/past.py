"""What the boards held in the past five minutes, every 10 s: the short memory behind moves and sparklines.

In Redis a hash a metric, `past:<metric>`: window end to JSON `{"ranked": {channel id: value}, "other": {…}}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson
import redis

from core.metrics import BOARDS
from core.times import MINUTE_MS, SECOND_MS

STEP_MS = 10 * SECOND_MS
KEPT_MS = 5 * MINUTE_MS
# A memory that nobody goes on with is forgotten whole.
EXPIRES_S = 2 * KEPT_MS // 1000
# A channel without news for this long is left out of what is remembered.
SILENT_MS = 15 * SECOND_MS


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


@dataclass(frozen=True, slots=True)
class Known:
    """A channel's newest values by metric, and why it is not ranked by some of them."""

    end_ms: int
    values: Mapping[str, float]
    unranked: Mapping[str, str]


class PastWriter:
    """Keeps the newest values of all channels at hand, and writes them down at each step."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._known: dict[str, dict[str, Known]] = {}
        self._written_ms = 0

    def take(self, grain: str, known: Mapping[str, Known]) -> None:
        """Note the newest values that come with one grain."""
        self._known.setdefault(grain, {}).update(known)

    def write(self, newest_end_ms: int) -> bool:
        """Write the newest step down if that is still to be done, and say whether it was. Raises: redis.RedisError."""
        step_ms = newest_end_ms // STEP_MS * STEP_MS
        if step_ms <= self._written_ms:
            return False
        moments = self._moments(newest_end_ms)
        outlived = self._outlived(moments.keys(), step_ms - KEPT_MS)
        with self._client.pipeline(transaction=False) as pipe:
            for metric, moment in moments.items():
                pipe.hset(past_key(metric), str(step_ms), orjson.dumps(moment))
                if outlived[metric]:
                    pipe.hdel(past_key(metric), *outlived[metric])
                pipe.expire(past_key(metric), EXPIRES_S)
            pipe.execute()
        self._written_ms = step_ms
        return True

    def _outlived(self, metrics: Iterable[str], oldest_ms: int) -> dict[str, list[bytes]]:
        names = list(metrics)
        with self._client.pipeline(transaction=False) as pipe:
            for metric in names:
                pipe.hkeys(past_key(metric))
            found = pipe.execute()
        return {
            name: [step for step in steps if int(step) < oldest_ms] for name, steps in zip(names, found, strict=True)
        }

    def _moments(self, newest_end_ms: int) -> dict[str, Moment]:
        ranked: dict[str, dict[str, float]] = {metric.key: {} for metric in BOARDS}
        other: dict[str, dict[str, float]] = {metric.key: {} for metric in BOARDS}
        for grain, channels in self._known.items():
            fresh = {i: known for i, known in channels.items() if known.end_ms > newest_end_ms - SILENT_MS}
            self._known[grain] = fresh
            for channel_id, known in fresh.items():
                for metric, value in known.values.items():
                    if metric in ranked:
                        (other if metric in known.unranked else ranked)[metric][channel_id] = value
        return {metric: Moment(ranked[metric], other[metric]) for metric in ranked}
