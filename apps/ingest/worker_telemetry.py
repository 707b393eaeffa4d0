"""What the Celery worker tells Prometheus about the list of channels, and the incidents it knows of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.ingest.channel_list import Stream
from twitchly.telemetry import sample, samples


@dataclass(slots=True)
class Refreshes:
    """What this worker's refreshes came to, as plain counts; `incidents` are the rules of those that last."""

    results: Counter[str] = field(default_factory=Counter)
    done_ms: int | None = None
    live: int = 0
    offline: int = 0
    incidents: frozenset[str] = frozenset()

    def done(self, streams: Iterable[Stream], at_ms: int) -> None:
        """Count a refresh that began at `at_ms` and published `streams`."""
        states = Counter(stream.live for stream in streams)
        self.results["done"] += 1
        self.done_ms, self.live, self.offline = at_ms, states[True], states[False]


class WorkerCollector(Collector):
    """Reads the counts when Prometheus asks. What is not known yet is absent."""

    def __init__(
        self,
        refreshes: Refreshes,
        calls: Callable[[], Mapping[str, int]],
        fetched_ms: Callable[[], int | None],
        now_ms: Callable[[], int],
    ) -> None:
        self._refreshes = refreshes
        self._calls = calls
        self._fetched_ms = fetched_ms
        self._now_ms = now_ms

    def collect(self) -> Iterator[Metric]:
        done_ms, fetched_ms = self._refreshes.done_ms, self._fetched_ms()
        listed = {"live": self._refreshes.live, "offline": self._refreshes.offline}
        yield samples("twitchly_helix_calls", self._calls())
        yield samples("twitchly_refreshes", self._refreshes.results)
        yield sample("twitchly_refresh_success_timestamp_seconds", None if done_ms is None else done_ms / 1000)
        yield samples("twitchly_listed_channels", {} if done_ms is None else listed)
        yield sample(
            "twitchly_snapshot_age_seconds", None if fetched_ms is None else (self._now_ms() - fetched_ms) / 1000
        )
        yield samples("twitchly_incidents_open", dict.fromkeys(self._refreshes.incidents, 1.0))
