"""Startup and shutdown of a web process. Source: ASGI, "Lifespan Protocol" and "Lifespan State"."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from apps.api.process import open_api_services
from apps.live.services import open_live_services

State = Mapping[str, Any]


@asynccontextmanager
async def open_services() -> AsyncIterator[State]:
    """Yield the services of the process; servers pass them to every request as the state of its scope."""
    async with open_live_services() as live, open_api_services(live) as api:
        yield {"live": live, "api": api}


class Lifespan:
    """Opens the state before the first request and closes it after the last; calls `started` with it."""

    def __init__(
        self,
        open_state: Callable[[], AbstractAsyncContextManager[State]],
        started: Callable[[State], None],
    ) -> None:
        self._open_state = open_state
        self._started = started

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with self._open_state() as state:
            scope["state"].update(state)
            self._started(state)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
