"""The ASGI application with the services of a web process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from apps.live.hub import Hub
from twitchly.entry.asgi import application
from twitchly.entry.lifespan import open_services


class WebProcess:
    """An ASGI application; requests require `run`."""

    def __init__(self) -> None:
        self._state: Mapping[str, Any] = {}

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Open the services for the duration of the block."""
        async with open_services() as self._state:
            yield
        self._state = {}

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        await application({**scope, "state": dict(self._state)}, receive, send)

    @property
    def hub(self) -> Hub:
        hub: Hub = self._state["live"].hub
        return hub


web = WebProcess()
