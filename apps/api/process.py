"""The API's services of a web process: opened when it starts, closed when it stops, and passed down in the scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.api.limits import RateLimiter
from apps.api.lookups import ApiClientCache, Readings
from apps.api.usage import UsageRecorder
from apps.live.hub import Hub
from apps.live.services import LiveServices


@dataclass(frozen=True, slots=True)
class ApiServices:
    """Clients by key, their limits and usage, shared readings, and the hub. They belong to one event loop."""

    clients: ApiClientCache
    rate_limiter: RateLimiter
    usage: UsageRecorder
    readings: Readings
    hub: Hub


@asynccontextmanager
async def open_api_services(live: LiveServices) -> AsyncIterator[ApiServices]:
    """Yield the API's services. In the end usage is written and connections are closed."""
    clients = ApiClientCache()
    live.hub.on_session_end.append(clients.invalidate_session)
    services = ApiServices(
        clients, RateLimiter(settings.REDIS_LIMITS_URL), UsageRecorder(), Readings(live.boards), live.hub
    )
    try:
        yield services
    finally:
        await services.usage.aclose()
        await services.rate_limiter.aclose()


def api_services(scope: Mapping[str, Any]) -> ApiServices:
    """Return the API's services of the process that serves an ASGI scope."""
    services: ApiServices = scope["state"]["api"]
    return services
