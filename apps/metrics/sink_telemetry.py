"""What a sink has done and how far it is behind: for Prometheus, and for the status of the whole."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Consumer, Message
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.metrics.record_readers import taken_ms
from core.ops.health import Gauge
from core.pipeline.records import WindowRecord
from twitchly.heartbeats import Rate
from twitchly.kafka import lag_of
from twitchly.telemetry import Seconds, many, one, spread

LAG_EVERY_S = 2.0


@dataclass(slots=True)
class SinkCounts:
    """What one sink has done so far; only its own thread writes here.

    `lag` is what waits on Kafka by topic, `read_ms` when Kafka took the record read last, `halted` why it has halted.
    """

    rows: Counter[str] = field(default_factory=Counter)
    batches: Seconds = field(default_factory=Seconds)
    dead_letters: Counter[str] = field(default_factory=Counter)
    newest_ms: dict[str, int] = field(default_factory=dict)
    lag: Mapping[str, int] = field(default_factory=dict)
    read_ms: int | None = None
    waits: bool = False
    halted: str = ""
    _looked_s: float = 0.0

    def read(self, messages: Sequence[Message]) -> None:
        """Note how far the sink has come."""
        if messages:
            self.read_ms = taken_ms(messages[-1])

    def wrote(self, windows: Iterable[WindowRecord], events: int, seconds: float) -> None:
        """Count a batch."""
        for window in windows:
            self.rows[window.grain] += 1
            self.newest_ms[window.grain] = max(window.end_ms, self.newest_ms.get(window.grain, 0))
        if events:
            self.rows["event"] += events
        self.batches.add(seconds)

    def look(self, consumer: Consumer) -> None:
        """See now and then how much waits on Kafka."""
        if time.monotonic() - self._looked_s >= LAG_EVERY_S:
            self._looked_s = time.monotonic()
            self.lag = lag_of(consumer)

    def behind_s(self, now_ms: int) -> float:
        """Return how old the record read last is while others wait behind it."""
        if self.read_ms is None or not (self.waits or any(self.lag.values())):
            return 0.0
        return max(0, now_ms - self.read_ms) / 1000


class SinkMeasures(Collector):
    """Reads the counts when Prometheus asks."""

    def __init__(self, counts: SinkCounts, now_ms: Callable[[], int]) -> None:
        self._counts = counts
        self._now_ms = now_ms

    def collect(self) -> Iterable[Metric]:
        """Return all measures as they are now."""
        counts, now_ms = self._counts, self._now_ms()
        ages = {grain: (now_ms - end_ms) / 1000 for grain, end_ms in dict(counts.newest_ms).items()}
        yield many("twitchly_sink_rows", counts.rows)
        yield spread("twitchly_sink_batch_seconds", counts.batches)
        yield many("twitchly_sink_lag_records", counts.lag)
        yield one("twitchly_sink_lag_seconds", counts.behind_s(now_ms))
        yield many("twitchly_sink_newest_window_age_seconds", ages)
        yield many("twitchly_sink_dead_letters", counts.dead_letters)
        yield one("twitchly_sink_waits", counts.waits)
        yield one("twitchly_sink_halted", bool(counts.halted))


class SinkVitals:
    """What a sink tells of itself for the status."""

    def __init__(self, counts: SinkCounts, now_ms: Callable[[], int]) -> None:
        self._counts = counts
        self._now_ms = now_ms
        self._rows = Rate()

    def __call__(self) -> Mapping[str, Gauge]:
        counts = self._counts
        return {
            "rows_per_s": self._rows.per_s(sum(dict(counts.rows).values()), time.monotonic()),
            "lag": sum(dict(counts.lag).values()),
            "lag_s": counts.behind_s(self._now_ms()),
            "newest_ms": max(dict(counts.newest_ms).values(), default=0),
            "dead_letters": sum(dict(counts.dead_letters).values()),
            "waits": counts.waits,
            "halted": counts.halted,
        }
