"""How the stream job does, as its watcher sees it: for Prometheus, and for the status of the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.metrics.checkpoint_watch import Checkpoints
from core.ops.health import Gauge
from twitchly.heartbeats import Rate
from twitchly.telemetry import many, one


@dataclass(slots=True)
class StreamState:
    """What was seen last. `counters` are those of FlinkCluster.counters, {} while nobody tells."""

    answers: bool = False
    runs: bool = False
    restarts: int = 0
    late_dropped: int = 0
    counters: Mapping[str, int] = field(default_factory=dict)
    checkpoints: Checkpoints | None = None


class StreamMeasures(Collector):
    """Reads the state when Prometheus asks."""

    def __init__(self, state: StreamState, now_ms: Callable[[], int]) -> None:
        self._state = state
        self._now_ms = now_ms

    def collect(self) -> Iterable[Metric]:
        """Return all measures as they are now."""
        state, made = self._state, self._state.checkpoints
        results = {} if made is None else {"completed": made.completed, "failed": made.failed}
        newest = made.newest if made else None
        age_s = None if newest is None else (self._now_ms() - newest.at_ms) / 1000
        yield one("twitchly_flink_answers", state.answers)
        yield one("twitchly_stream_runs", state.runs)
        yield one("twitchly_stream_restarts", state.restarts)
        yield one("twitchly_stream_records_read", state.counters.get("records_read"))
        yield one("twitchly_stream_not_json", state.counters.get("not_json"))
        yield one("twitchly_stream_lag_records", state.counters.get("waiting"))
        yield one("twitchly_stream_late_dropped", state.late_dropped)
        yield many("twitchly_stream_checkpoints", results)
        yield one("twitchly_stream_checkpoint_age_seconds", age_s)
        yield one("twitchly_stream_checkpoint_bytes", newest.size_bytes if newest else None)
        yield one("twitchly_stream_checkpoint_seconds", newest.took_ms / 1000 if newest else None)


class StreamVitals:
    """What the watcher tells of the job for the status."""

    def __init__(self, state: StreamState) -> None:
        self._state = state
        self._read = Rate()

    def __call__(self) -> Mapping[str, Gauge]:
        state, made = self._state, self._state.checkpoints
        newest = made.newest if made else None
        return {
            "answers": state.answers,
            "runs": state.runs,
            "restarts": state.restarts,
            "waiting": state.counters.get("waiting", 0),
            "read_per_s": self._read.per_s(state.counters.get("records_read", 0), time.monotonic()),
            "late_dropped": state.late_dropped,
            "failed": made.failed if made else 0,
            "checkpoint_ms": newest.at_ms if newest else 0,
            "checkpoint_bytes": newest.size_bytes if newest else 0,
            "checkpoint_s": newest.took_ms / 1000 if newest else 0,
        }
