"""Prometheus metrics of the Celery worker: channel list refreshes and open incidents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from core.channels.stream import Stream
from twitchly.telemetry import sample, samples

RefreshResult = Literal["done", "failed", "skipped"]


@dataclass(slots=True)
class RefreshStats:
    """Results of this worker's refreshes; `incidents` contains the rules that have an open incident."""

    results: Counter[RefreshResult] = field(default_factory=Counter)
    done_ms: int | None = None
    live: int = 0
    offline: int = 0
    incidents: frozenset[str] = frozenset()

    def done(self, streams: Iterable[Stream], at_ms: int) -> None:
        """Count a successful refresh that began at `at_ms` and published `streams`."""
        states = Counter(stream.live for stream in streams)
        self.results["done"] += 1
        self.done_ms, self.live, self.offline = at_ms, states[True], states[False]


class WorkerCollector(Collector):
    """Collects the metrics on scrape; metrics with unknown values are omitted."""

    def __init__(
        self,
        refresh_stats: RefreshStats,
        calls: Callable[[], Mapping[str, int]],
        fetched_ms: Callable[[], int | None],
        now_ms: Callable[[], int],
    ) -> None:
        self._refresh_stats = refresh_stats
        self._calls = calls
        self._fetched_ms = fetched_ms
        self._now_ms = now_ms

    def collect(self) -> Iterator[Metric]:
        done_ms, fetched_ms = self._refresh_stats.done_ms, self._fetched_ms()
        listed = {"live": self._refresh_stats.live, "offline": self._refresh_stats.offline}
        yield samples("twitchly_helix_calls", self._calls())
        yield samples("twitchly_refreshes", self._refresh_stats.results)
        yield sample("twitchly_refresh_success_timestamp_seconds", None if done_ms is None else done_ms / 1000)
        yield samples("twitchly_listed_channels", {} if done_ms is None else listed)
        yield sample(
            "twitchly_snapshot_age_seconds", None if fetched_ms is None else (self._now_ms() - fetched_ms) / 1000
        )
        yield samples("twitchly_incidents_open", dict.fromkeys(self._refresh_stats.incidents, 1.0))
