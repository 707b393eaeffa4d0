"""What a web process tells of itself: for Prometheus on a port of its own, and for the status of the whole."""

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
    """Reads counts of requests and of the hub when Prometheus asks."""

    def collect(self) -> Iterable[Metric]:
        """Return all measures as they are now."""
        found = hubs()
        yield samples("twitchly_http_requests", REQUESTS.answered)
        yield histogram("twitchly_http_request_seconds", dict(REQUESTS.seconds))
        yield samples("twitchly_api_answers", REQUESTS.api)
        yield sample("twitchly_sockets_open", sum(hub.open_slots for hub in found))
        yield sample("twitchly_socket_frames", sum(hub.frames for hub in found))
        yield sample("twitchly_sockets_slow_closed", sum(hub.slow_closed for hub in found))
        yield sample("twitchly_hub_tick_age_seconds", tick_age_s(found))


class WebVitals:
    """What a web process tells of itself for the status."""

    def __init__(self) -> None:
        self._answered, self._frames = Rate(), Rate()

    def __call__(self) -> Mapping[str, Gauge]:
        found, now_s = hubs(), time.monotonic()
        answered = dict(REQUESTS.answered)
        return {
            "sockets": sum(hub.open_slots for hub in found),
            "requests_per_s": self._answered.per_s(sum(answered.values()), now_s),
            "frames_per_s": self._frames.per_s(sum(hub.frames for hub in found), now_s),
            "errors": sum(count for (_, status), count in answered.items() if status >= "500"),
            "slow_closed": sum(hub.slow_closed for hub in found),
            "tick_age_s": tick_age_s(found) or 0,
        }


def tick_age_s(found: Iterable[Hub]) -> float | None:
    """Return since when no tick has come, None while nobody waits for one."""
    ticked = [hub.ticked_s for hub in found if hub.is_watched and hub.ticked_s is not None]
    return time.monotonic() - min(ticked) if ticked else None


def begin() -> None:
    """Tell from now on."""
    try_to_serve(WebMeasures(), settings.WEB_METRICS_PORT)
    heartbeats.start_heartbeat("web", f"{socket.gethostname()}-{settings.WEB_PORT}", WebVitals())
