"""Startup of a web process. Source: ASGI, "Lifespan Protocol"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Lifespan:
    """Calls `begin` before the first request is accepted."""

    def __init__(self, begin: Callable[[], None]) -> None:
        self._begin = begin

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self._begin()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
