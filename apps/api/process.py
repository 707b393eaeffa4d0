"""API services of a web process: opened when it starts, closed when it stops, and passed down in requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest

from apps.api.keys.queries import ApiClient
from apps.api.limits import RateLimiter
from apps.api.lookups import ApiClientCache, Readings
from apps.api.usage import UsageRecorder
from apps.live.hub import Hub
from apps.live.period_channels import PeriodTables
from apps.live.services import LiveServices


@dataclass(frozen=True, slots=True)
class ApiServices:
    """Clients by key, their limits and usage, shared readings, tables of figures over whole days, and the hub.

    They belong to one event loop.
    """

    clients: ApiClientCache
    rate_limiter: RateLimiter
    usage: UsageRecorder
    readings: Readings
    periods: PeriodTables
    hub: Hub


class ApiRequest(ASGIRequest):
    """A request to the API, with the services of its process.

    `auth`, a name defined by Django REST framework, is the client, or None until its key is authenticated.
    """

    services: ApiServices
    auth: ApiClient | None = None


@asynccontextmanager
async def open_api_services(live: LiveServices) -> AsyncIterator[ApiServices]:
    """Yield the API's services. On exit, usage is written and connections are closed."""
    clients = ApiClientCache()
    live.hub.on_session_end.append(clients.invalidate_session)
    services = ApiServices(
        clients,
        RateLimiter(settings.REDIS_LIMITS_URL),
        UsageRecorder(),
        Readings(live.boards),
        live.periods,
        live.hub,
    )
    try:
        yield services
    finally:
        await services.usage.aclose()
        await services.rate_limiter.aclose()
