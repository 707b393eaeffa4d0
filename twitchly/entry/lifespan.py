"""Startup and shutdown of a web process. Source: ASGI, "Lifespan State"; starlette implements the protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from apps.api.process import open_api_services
from apps.live import telemetry
from apps.live.services import open_live_services

State = Mapping[str, Any]


@asynccontextmanager
async def open_services() -> AsyncIterator[State]:
    """Yield the services of the process; the server passes them to every request as the state of its scope."""
    async with open_live_services() as live, open_api_services(live) as api:
        yield {"live": live, "api": api}


@asynccontextmanager
async def lifespan(_application: Any) -> AsyncIterator[State]:
    """Open the services before the first request, with telemetry, and close them after the last."""
    async with open_services() as state:
        telemetry.start(state["live"].hub)
        yield state
