"""Telemetry of a sink: Prometheus metrics, and its heartbeat."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from confluent_kafka import Consumer, Message
from prometheus_client import Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.metrics.record_readers import appended_ms
from core.contracts.heartbeats import SinkHeartbeat
from core.pipeline.records import Grain, WindowRecord
from twitchly.heartbeats import Rate
from twitchly.kafka import lag_of
from twitchly.telemetry import histogram, sample, samples

LAG_INTERVAL_S = 2.0


@dataclass(slots=True)
class SinkCounts:
    """Counters of one sink, written only by its own thread.

    `lag` is the number of unread records by topic, `read_ms` the append time of the last record that was read, `halted`
    the reason why the sink has halted.
    """

    rows: Counter[Grain | Literal["event"]] = field(default_factory=Counter)
    batches: Histogram = field(default_factory=lambda: histogram("twitchly_sink_batch_seconds"))
    dead_letters: Counter[str] = field(default_factory=Counter)
    newest_ms: dict[Grain, int] = field(default_factory=dict)
    lag: Mapping[str, int] = field(default_factory=dict)
    read_ms: int | None = None
    is_waiting: bool = False
    halted: str = ""
    _lag_read_s: float = 0.0

    def record_read(self, messages: Sequence[Message]) -> None:
        """Record the time of the last message read."""
        if messages:
            self.read_ms = appended_ms(messages[-1])

    def record_write(self, windows: Iterable[WindowRecord], events: int, seconds: float) -> None:
        """Count a batch that was written."""
        for window in windows:
            self.rows[window.grain] += 1
            self.newest_ms[window.grain] = max(window.end_ms, self.newest_ms.get(window.grain, 0))
        if events:
            self.rows["event"] += events
        self.batches.observe(seconds)

    def update_lag(self, consumer: Consumer) -> None:
        """Read the consumer's lag, at most every LAG_INTERVAL_S."""
        if time.monotonic() - self._lag_read_s >= LAG_INTERVAL_S:
            self._lag_read_s = time.monotonic()
            self.lag = lag_of(consumer)

    def lag_s(self, now_ms: int) -> float:
        """Return the age of the last record that was read, or 0 if no records are waiting."""
        if self.read_ms is None or not (self.is_waiting or any(self.lag.values())):
            return 0.0
        return max(0, now_ms - self.read_ms) / 1000


class SinkCollector(Collector):
    """Exports the counters to Prometheus."""

    def __init__(self, counts: SinkCounts, now_ms: Callable[[], int]) -> None:
        self._counts = counts
        self._now_ms = now_ms

    def collect(self) -> Iterable[Metric]:
        """Yield the current metrics."""
        counts, now_ms = self._counts, self._now_ms()
        ages = {grain: (now_ms - end_ms) / 1000 for grain, end_ms in dict(counts.newest_ms).items()}
        yield samples("twitchly_sink_rows", counts.rows)
        yield from counts.batches.collect()
        yield samples("twitchly_sink_lag_records", counts.lag)
        yield sample("twitchly_sink_lag_seconds", counts.lag_s(now_ms))
        yield samples("twitchly_sink_newest_window_age_seconds", ages)
        yield samples("twitchly_sink_dead_letters", counts.dead_letters)
        yield sample("twitchly_sink_waits", counts.is_waiting)
        yield sample("twitchly_sink_halted", bool(counts.halted))


class SinkHeartbeatSource:
    """Callable that returns the current heartbeat of a sink. Called in a separate thread; read-only."""

    def __init__(
        self,
        kind: type[SinkHeartbeat],
        name: str,
        counts: SinkCounts,
        now_ms: Callable[[], int],
    ) -> None:
        self._kind = kind
        self._name = name
        self._counts = counts
        self._now_ms = now_ms
        self._rows = Rate()

    def __call__(self) -> SinkHeartbeat:
        counts, now_ms = self._counts, self._now_ms()
        return self._kind(
            name=self._name,
            at_ms=now_ms,
            rows_per_s=self._rows.per_s(sum(dict(counts.rows).values()), time.monotonic()),
            lag=sum(dict(counts.lag).values()),
            lag_s=counts.lag_s(now_ms),
            newest_ms=max(dict(counts.newest_ms).values(), default=None),
            dead_letters=sum(dict(counts.dead_letters).values()),
            waits=counts.is_waiting,
            halted=counts.halted,
        )
