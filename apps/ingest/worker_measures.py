"""What the Celery worker tells Prometheus about the list of channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from apps.ingest.snapshot import Stream

# Every name that the worker's page has, and what it means.
MEASURES: Mapping[str, str] = {
    "twitchly_helix_calls": "Calls of Twitch's HTTP, tokens included, by status, or timeout, connection, malformed",
    "twitchly_refreshes": "Refreshes of the list of channels, by result: done, failed, skipped (another was under way)",
    "twitchly_refresh_success_timestamp_seconds": "When the list was refreshed last, in seconds since 1970",
    "twitchly_listed_channels": "Channels on the list, by state: live, offline",
    "twitchly_snapshot_age_seconds": "How old the list in Redis is",
}


@dataclass(slots=True)
class Refreshes:
    """What this worker's refreshes came to, as plain counts."""

    results: Counter[str] = field(default_factory=Counter)
    done_ms: int | None = None
    live: int = 0
    offline: int = 0

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
        yield _counter("twitchly_helix_calls", "result", self._calls())
        yield _counter("twitchly_refreshes", "result", self._refreshes.results)
        if self._refreshes.done_ms is not None:
            yield _gauge("twitchly_refresh_success_timestamp_seconds", self._refreshes.done_ms / 1000)
            listed = GaugeMetricFamily(
                "twitchly_listed_channels", MEASURES["twitchly_listed_channels"], labels=["state"]
            )
            listed.add_metric(["live"], self._refreshes.live)
            listed.add_metric(["offline"], self._refreshes.offline)
            yield listed
        fetched_ms = self._fetched_ms()
        if fetched_ms is not None:
            yield _gauge("twitchly_snapshot_age_seconds", (self._now_ms() - fetched_ms) / 1000)


def serve(collector: Collector, port: int) -> int:
    """Answer Prometheus on loopback from a thread; return the port, a free one for 0. Raises: OSError."""
    registry = CollectorRegistry()
    registry.register(collector)
    server, _thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    return int(server.server_port)


def _counter(name: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, MEASURES[name], labels=[label])
    for value, count in sorted(dict(counts).items()):
        family.add_metric([value], count)
    return family


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, MEASURES[name], value=value)
