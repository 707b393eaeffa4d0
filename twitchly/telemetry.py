"""Prometheus export of a process on loopback; all names are in core/ops/telemetry.py."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from core.ops.telemetry import MEASURE

log = logging.getLogger(__name__)

# Upper bounds of the histogram buckets, in seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class DurationHistogram:
    """Histogram of durations: counts by bucket, and the total."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        """Add one duration."""
        bucket = next((index for index, end in enumerate(BUCKETS_S) if seconds <= end), len(BUCKETS_S))
        self.counts[bucket] += 1
        self.total_s += seconds

    @property
    def count(self) -> int:
        """The number of durations."""
        return sum(self.counts)


def sample(name: str, value: float | None) -> Metric:
    """Return a measure without labels; it has no sample if `value` is None."""
    family = _family(name)
    if value is not None:
        family.add_metric([], value)
    return family


def samples(name: str, values: Mapping[str, float] | Mapping[tuple[str, str], float]) -> Metric:
    """Return a measure with one sample per label value, or per combination of label values."""
    family = _family(name)
    for labels, value in sorted(dict(values).items()):
        family.add_metric([labels] if isinstance(labels, str) else list(labels), value)
    return family


def histogram(name: str, values: Mapping[str, DurationHistogram] | DurationHistogram) -> Metric:
    """Return a histogram measure, by its label if it has one."""
    family = HistogramMetricFamily(name, MEASURE[name].text, labels=MEASURE[name].labels)
    by_label: dict[tuple[str, ...], DurationHistogram] = (
        {(): values}
        if isinstance(values, DurationHistogram)
        else {(label,): durations for label, durations in sorted(values.items())}
    )
    for labels, durations in by_label.items():
        family.add_metric(list(labels), _buckets(durations), durations.total_s)
    return family


def serve(collector: Collector, port: int) -> int:
    """Serve Prometheus on loopback from a thread; return the port, a free one for 0. Raises: OSError."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(collector)
    server, _thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    return int(server.server_port)


def try_to_serve(collector: Collector, port: int) -> None:
    """Serve Prometheus on loopback unless `port` is 0; log a warning if the port is in use."""
    if not port:
        return
    try:
        serve(collector, port)
    except OSError as error:
        log.warning("Prometheus endpoint on port %d not started: %s", port, error)


def _family(name: str) -> CounterMetricFamily | GaugeMetricFamily:
    measure = MEASURE[name]
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    return kind(name, measure.text, labels=measure.labels)


def _buckets(durations: DurationHistogram) -> list[tuple[str, float]]:
    ends = [*(str(end) for end in BUCKETS_S), "+Inf"]
    cumulative = [sum(durations.counts[: index + 1]) for index in range(len(ends))]
    return list(zip(ends, map(float, cumulative), strict=True))
