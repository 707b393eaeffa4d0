"""The live services of a web process: opened when it starts, closed when it stops, and passed down in the scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer

from apps.live.frames import FrameCache
from apps.live.hub import Hub
from apps.live.readings import LiveBoards, open_boards
from apps.live.recent_events import RecentMarks, read_recent
from apps.live.session_checks import SessionChecks
from twitchly.clock import now_ms

# The boards of the process, for pages: Django calls its views without the scope. None outside of a web process.
_page_boards: ContextVar[LiveBoards | None] = ContextVar("page_boards", default=None)


@dataclass(frozen=True, slots=True)
class LiveServices:
    """The boards, the hub that pushes them to sockets, and the checks of their sessions; for one event loop."""

    boards: LiveBoards
    hub: Hub
    session_checks: SessionChecks


@asynccontextmanager
async def open_live_services() -> AsyncIterator[LiveServices]:
    """Yield the live services, whose connections are closed in the end."""
    async with open_boards() as boards:
        marks = RecentMarks(read_recent)
        hub = Hub(get_channel_layer(), FrameCache(boards, marks, now_ms))
        try:
            yield LiveServices(boards, hub, SessionChecks())
        finally:
            await hub.aclose()
            await marks.aclose()


def live_services(scope: Mapping[str, Any]) -> LiveServices:
    """Return the live services of the process that serves an ASGI scope."""
    services: LiveServices = scope["state"]["live"]
    return services


class PagesWithBoards:
    """ASGI application that lets Django's views read the boards of the process."""

    def __init__(self, pages: Callable[..., Awaitable[None]]) -> None:
        self._pages = pages

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        _page_boards.set(live_services(scope).boards)
        await self._pages(scope, receive, send)


@asynccontextmanager
async def page_boards() -> AsyncIterator[LiveBoards]:
    """Yield the boards of the web process that serves the current request; elsewhere, boards for one reading."""
    boards = _page_boards.get()
    if boards is not None:
        yield boards
        return
    async with open_boards() as own:
        yield own
