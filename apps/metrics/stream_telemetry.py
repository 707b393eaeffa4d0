"""Telemetry of the stream job's watcher: Prometheus measures, and the gauges of its heartbeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.metrics.checkpoint_watch import Checkpoints
from core.ops.health import Gauge
from twitchly.heartbeats import Rate
from twitchly.telemetry import sample, samples


@dataclass(slots=True)
class StreamState:
    """Latest state of the stream job. `counters` are those of FlinkCluster.counters, {} while unknown."""

    answers: bool = False
    runs: bool = False
    restarts: int = 0
    late_dropped: int = 0
    counters: Mapping[str, int] = field(default_factory=dict)
    checkpoints: Checkpoints | None = None


class StreamMeasures(Collector):
    """Exports the state to Prometheus."""

    def __init__(self, state: StreamState, now_ms: Callable[[], int]) -> None:
        self._state = state
        self._now_ms = now_ms

    def collect(self) -> Iterable[Metric]:
        """Return the current value of all measures."""
        state, checkpoints = self._state, self._state.checkpoints
        results = {} if checkpoints is None else {"completed": checkpoints.completed, "failed": checkpoints.failed}
        newest = checkpoints.newest if checkpoints else None
        age_s = None if newest is None else (self._now_ms() - newest.at_ms) / 1000
        yield sample("twitchly_flink_answers", state.answers)
        yield sample("twitchly_stream_runs", state.runs)
        yield sample("twitchly_stream_restarts", state.restarts)
        yield sample("twitchly_stream_records_read", state.counters.get("records_read"))
        yield sample("twitchly_stream_not_json", state.counters.get("not_json"))
        yield sample("twitchly_stream_lag_records", state.counters.get("waiting"))
        yield sample("twitchly_stream_late_dropped", state.late_dropped)
        yield samples("twitchly_stream_checkpoints", results)
        yield sample("twitchly_stream_checkpoint_age_seconds", age_s)
        yield sample("twitchly_stream_checkpoint_bytes", newest.size_bytes if newest else None)
        yield sample("twitchly_stream_checkpoint_seconds", newest.took_ms / 1000 if newest else None)


class StreamGauges:
    """Gauges of the watcher's heartbeat."""

    def __init__(self, state: StreamState) -> None:
        self._state = state
        self._read = Rate()

    def __call__(self) -> Mapping[str, Gauge]:
        state, checkpoints = self._state, self._state.checkpoints
        newest = checkpoints.newest if checkpoints else None
        return {
            "answers": state.answers,
            "runs": state.runs,
            "restarts": state.restarts,
            "waiting": state.counters.get("waiting", 0),
            "read_per_s": self._read.per_s(state.counters.get("records_read", 0), time.monotonic()),
            "late_dropped": state.late_dropped,
            "failed": checkpoints.failed if checkpoints else 0,
            "checkpoint_ms": newest.at_ms if newest else 0,
            "checkpoint_bytes": newest.size_bytes if newest else 0,
            "checkpoint_s": newest.took_ms / 1000 if newest else 0,
        }
