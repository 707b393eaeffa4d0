"""Telemetry of a web process: Prometheus metrics on their own port, and its heartbeat."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping

from django.conf import settings
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.live.hub import Hub, hubs
from core.ops.health import Gauge
from twitchly import heartbeats
from twitchly.heartbeats import Rate
from twitchly.request_counts import REQUESTS
from twitchly.telemetry import histogram, sample, samples, try_to_serve


class WebMeasures(Collector):
    """Collects request and hub metrics when Prometheus scrapes."""

    def collect(self) -> Iterable[Metric]:
        """Yield the current metrics."""
        running = hubs()
        yield samples("twitchly_http_requests", REQUESTS.answered)
        yield histogram("twitchly_http_request_seconds", dict(REQUESTS.seconds))
        yield samples("twitchly_api_answers", REQUESTS.api)
        yield sample("twitchly_sockets_open", sum(hub.open_sockets for hub in running))
        yield sample("twitchly_socket_frames", sum(hub.frames_sent for hub in running))
        yield sample("twitchly_sockets_slow_closed", sum(hub.slow_closed for hub in running))
        yield sample("twitchly_hub_tick_age_seconds", tick_age_s(running))


class WebVitals:
    """The gauges in the heartbeat of a web process."""

    def __init__(self) -> None:
        self._answered, self._frames = Rate(), Rate()

    def __call__(self) -> Mapping[str, Gauge]:
        running, now_s = hubs(), time.monotonic()
        answered = dict(REQUESTS.answered)
        return {
            "sockets": sum(hub.open_sockets for hub in running),
            "requests_per_s": self._answered.per_s(sum(answered.values()), now_s),
            "frames_per_s": self._frames.per_s(sum(hub.frames_sent for hub in running), now_s),
            "errors": sum(count for (_, status), count in answered.items() if status >= "500"),
            "slow_closed": sum(hub.slow_closed for hub in running),
            "tick_age_s": tick_age_s(running) or 0,
        }


def tick_age_s(running: Iterable[Hub]) -> float | None:
    """Return the age of the oldest last tick in seconds, None while no socket is open."""
    ticked = [hub.ticked_s for hub in running if hub.has_sockets and hub.ticked_s is not None]
    return time.monotonic() - min(ticked) if ticked else None


def start() -> None:
    """Start serving metrics and writing the heartbeat."""
    try_to_serve(WebMeasures(), settings.WEB_METRICS_PORT)
    heartbeats.start_heartbeat("web", f"{socket.gethostname()}-{settings.WEB_PORT}", WebVitals())
