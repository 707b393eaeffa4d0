"""Telemetry of the stream job's watcher: Prometheus metrics, and its heartbeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.metrics.checkpoint_watch import Checkpoints
from apps.metrics.flink_cluster import JobCounters
from core.contracts.heartbeats import StreamHeartbeat
from twitchly.heartbeats import Rate
from twitchly.telemetry import sample, samples


@dataclass(slots=True)
class StreamState:
    """Latest state of the stream job. `counters` and `checkpoints` are None while unknown."""

    answers: bool = False
    runs: bool = False
    restarts: int = 0
    late_dropped: int = 0
    counters: JobCounters | None = None
    checkpoints: Checkpoints | None = None


class StreamCollector(Collector):
    """Exports the state to Prometheus."""

    def __init__(self, state: StreamState, now_ms: Callable[[], int]) -> None:
        self._state = state
        self._now_ms = now_ms

    def collect(self) -> Iterable[Metric]:
        """Yield the current metrics."""
        state, counters, checkpoints = self._state, self._state.counters, self._state.checkpoints
        results = {} if checkpoints is None else {"completed": checkpoints.completed, "failed": checkpoints.failed}
        newest = checkpoints.newest if checkpoints else None
        age_s = None if newest is None else (self._now_ms() - newest.at_ms) / 1000
        yield sample("twitchly_flink_answers", state.answers)
        yield sample("twitchly_stream_runs", state.runs)
        yield sample("twitchly_stream_restarts", state.restarts)
        yield sample("twitchly_stream_records_read", counters.records_read if counters else None)
        yield sample("twitchly_stream_not_json", counters.not_json if counters else None)
        yield sample("twitchly_stream_lag_records", counters.waiting if counters else None)
        yield sample("twitchly_stream_late_dropped", state.late_dropped)
        yield samples("twitchly_stream_checkpoints", results)
        yield sample("twitchly_stream_checkpoint_age_seconds", age_s)
        yield sample("twitchly_stream_checkpoint_bytes", newest.size_bytes if newest else None)
        yield sample("twitchly_stream_checkpoint_seconds", newest.duration_ms / 1000 if newest else None)


class StreamHeartbeatSource:
    """Callable that returns the watcher's current heartbeat. Called in a separate thread; read-only."""

    def __init__(self, name: str, state: StreamState, now_ms: Callable[[], int]) -> None:
        self._name = name
        self._state = state
        self._now_ms = now_ms
        self._read = Rate()

    def __call__(self) -> StreamHeartbeat:
        state, counters, checkpoints = self._state, self._state.counters, self._state.checkpoints
        newest = checkpoints.newest if checkpoints else None
        # Unknown counts are skipped. If they counted as 0, the entire first known count would count as growth.
        read_per_s = self._read.per_s(counters.records_read, time.monotonic()) if counters else None
        return StreamHeartbeat(
            name=self._name,
            at_ms=self._now_ms(),
            answers=state.answers,
            runs=state.runs,
            restarts=state.restarts,
            waiting=counters.waiting if counters else None,
            read_per_s=read_per_s,
            late_dropped=state.late_dropped,
            failed=checkpoints.failed if checkpoints else None,
            checkpoint_ms=newest.at_ms if newest else None,
            checkpoint_bytes=newest.size_bytes if newest else None,
            checkpoint_s=newest.duration_ms / 1000 if newest else None,
        )
