"""Serves a process's Prometheus metrics on loopback; metric names are defined in core/ops/telemetry.py."""

from __future__ import annotations

import logging
import socketserver
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.http.request import split_domain_port
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    make_wsgi_app,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.ops.telemetry import MEASURE

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

Label = TypeVar("Label", bound=str)

# Upper bounds of the histogram buckets, in seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

# The library would add a gauge `…_created` to each counter and histogram.
disable_created_metrics()  # type: ignore[no-untyped-call]


def counter(name: str) -> Counter:
    """Return a new counter; collectors yield the result of its `collect()`."""
    return Counter(name, MEASURE[name].text, MEASURE[name].labels, registry=None)


def histogram(name: str) -> Histogram:
    """Return a new histogram of durations in seconds; collectors yield the result of its `collect()`."""
    return Histogram(name, MEASURE[name].text, MEASURE[name].labels, registry=None, buckets=BUCKETS_S)


def values(counter: Counter) -> dict[tuple[str, ...], float]:
    """Return a counter's values by their label values."""
    return {tuple(sample.labels.values()): sample.value for family in counter.collect() for sample in family.samples}


def sample(name: str, value: float | None) -> Metric:
    """Return a Prometheus metric without labels; it has no sample if `value` is None."""
    family = _family(name)
    if value is not None:
        family.add_metric([], value)
    return family


def samples(name: str, values: Mapping[Label, float]) -> Metric:
    """Return a Prometheus metric with one sample per label value."""
    family = _family(name)
    for label, value in sorted(dict(values).items()):
        family.add_metric([label], value)
    return family


def serve(collector: Collector, port: int) -> int:
    """Serve Prometheus on loopback from a thread, and return the port. Port 0 means any free one. Raises: OSError."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(collector)
    server = make_server("127.0.0.1", port, _for_loopback(make_wsgi_app(registry)), _Server, _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: Prometheus scrapes every few seconds."""


def _for_loopback(application: WSGIApplication) -> WSGIApplication:
    """Refuse requests for another host, which a page could send by rebinding its name to the loopback address."""

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host, _port = split_domain_port(environ.get("HTTP_HOST", ""))
        if host not in ("127.0.0.1", "localhost", "[::1]"):  # defense: metrics-host
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"Only requests for the loopback address are accepted.\n"]
        return application(environ, start_response)

    return respond


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
