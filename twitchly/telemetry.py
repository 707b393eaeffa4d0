"""How a process tells Prometheus what it measures: by names of core/ops/telemetry.py alone, on loopback."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from core.ops.telemetry import MEASURE

log = logging.getLogger(__name__)

# Upper ends in seconds: what people wait for, and what stands still.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Seconds:
    """How long something took: how often by the buckets, and all in all."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one that took so long."""
        place = next((place for place, end in enumerate(BUCKETS_S) if seconds <= end), len(BUCKETS_S))
        self.counts[place] += 1
        self.total_s += seconds

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)


def one(name: str, value: float | None) -> Metric:
    """Return the only sample of a name without labels, or no sample where the value is not known."""
    family = _family(name)
    if value is not None:
        family.add_metric([], value)
    return family


def many(name: str, values: Mapping[str, float] | Mapping[tuple[str, str], float]) -> Metric:
    """Return a sample for each value of the label, or of the labels together."""
    family = _family(name)
    for labels, value in sorted(dict(values).items()):
        family.add_metric([labels] if isinstance(labels, str) else list(labels), value)
    return family


def spread(name: str, values: Mapping[str, Seconds] | Seconds) -> Metric:
    """Return the buckets of a name, by its label where it has one."""
    family = HistogramMetricFamily(name, MEASURE[name].text, labels=MEASURE[name].labels)
    found = {(): values} if isinstance(values, Seconds) else {(label,): one for label, one in sorted(values.items())}
    for labels, seconds in found.items():
        family.add_metric(list(labels), _buckets(seconds), seconds.total_s)
    return family


def serve(collector: Collector, port: int) -> int:
    """Answer Prometheus on loopback from a thread; return the port, a free one for 0. Raises: OSError."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(collector)
    server, _thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    return int(server.server_port)


def try_to_serve(collector: Collector, port: int) -> None:
    """Answer Prometheus on loopback unless `port` is 0. A process whose port is taken works on without."""
    if not port:
        return
    try:
        serve(collector, port)
    except OSError as error:
        log.warning("no page for Prometheus on port %d: %s", port, error)


def _family(name: str) -> CounterMetricFamily | GaugeMetricFamily:
    measure = MEASURE[name]
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    return kind(name, measure.text, labels=measure.labels)


def _buckets(seconds: Seconds) -> list[tuple[str, float]]:
    ends = [*(str(end) for end in BUCKETS_S), "+Inf"]
    sums = [sum(seconds.counts[: place + 1]) for place in range(len(ends))]
    return list(zip(ends, map(float, sums), strict=True))
