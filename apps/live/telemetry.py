"""Telemetry of a web process: Prometheus metrics on their own port, and its heartbeat."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable

from django.conf import settings
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.live.hub import Hub
from core.contracts.heartbeats import WebHeartbeat
from twitchly import heartbeats
from twitchly.clock import now_ms
from twitchly.heartbeats import Rate
from twitchly.request_counts import API_RESPONSES, REQUEST_SECONDS, REQUESTS
from twitchly.telemetry import sample, try_to_serve, values


class WebCollector(Collector):
    """Collects request and hub metrics when Prometheus scrapes, in a separate thread."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterable[Metric]:
        """Yield the current metrics."""
        hub = self._hub
        for counted in (REQUESTS, REQUEST_SECONDS, API_RESPONSES):
            yield from counted.collect()
        yield sample("twitchly_sockets_open", hub.open_sockets)
        yield sample("twitchly_socket_frames", hub.frames_sent)
        yield sample("twitchly_sockets_slow_closed", hub.slow_closed)
        yield sample("twitchly_hub_tick_age_seconds", tick_age_s(hub))


class WebHeartbeatSource:
    """Callable that returns the current heartbeat of a web process. Called in a separate thread; read-only."""

    def __init__(self, name: str, hub: Hub, now_ms: Callable[[], int]) -> None:
        self._name = name
        self._hub = hub
        self._now_ms = now_ms
        self._requests, self._frames = Rate(), Rate()

    def __call__(self) -> WebHeartbeat:
        hub, now_s = self._hub, time.monotonic()
        requests = values(REQUESTS)
        return WebHeartbeat(
            name=self._name,
            at_ms=self._now_ms(),
            sockets=hub.open_sockets,
            requests_per_s=self._requests.per_s(sum(requests.values()), now_s),
            frames_per_s=self._frames.per_s(hub.frames_sent, now_s),
            errors=sum(int(count) for (_, status), count in requests.items() if status >= "500"),
            slow_closed=hub.slow_closed,
            tick_age_s=tick_age_s(hub),
        )


def tick_age_s(hub: Hub) -> float | None:
    """Return the age of the last tick in seconds, or None while no socket is open."""
    return time.monotonic() - hub.ticked_s if hub.has_sockets and hub.ticked_s is not None else None


def start(hub: Hub) -> None:
    """Start serving metrics and writing the heartbeat."""
    try_to_serve(WebCollector(hub), settings.WEB_METRICS_PORT)
    name = f"{socket.gethostname()}-{settings.WEB_PORT}"
    heartbeats.start_heartbeat(WebHeartbeatSource(name, hub, now_ms))
