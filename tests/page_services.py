"""Live services for pages in Django's test client, which provides no ASGI scope.

Each request of the test client has its own event loop, so each reading opens its own connections.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from asgiref.sync import iscoroutinefunction
from channels.layers import get_channel_layer
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from apps.live.board import Board
from apps.live.directory import Directory
from apps.live.frames import FrameCache
from apps.live.hub import Hub
from apps.live.live_channels import LiveChannels
from apps.live.period_channels import PeriodTables
from apps.live.readings import LiveBoards, Reading, open_boards
from apps.live.recent_events import RecentMarks, read_recent
from apps.live.services import LiveServices
from apps.live.session_checks import SessionChecks
from apps.metrics.board_reader import BoardReader
from twitchly.clock import now_ms


class FreshBoards(LiveBoards):
    """Live boards that open new connections for each reading."""

    def __init__(self) -> None:
        super().__init__(BoardReader(settings.REDIS_BOARDS_URL), Directory(settings.REDIS_STREAMS_URL))

    async def read(self, boards: Collection[Board], channels: Collection[str], now_ms: int) -> Reading:
        async with open_boards() as live_boards:
            self.directory = live_boards.directory
            return await live_boards.read(boards, channels, now_ms)

    async def read_all(self, now_ms: int) -> Reading:
        async with open_boards() as live_boards:
            return await live_boards.read_all(now_ms)


class PageServices:
    """The services of the current test; `reset` discards cached channels."""

    def __init__(self) -> None:
        self._live: LiveServices | None = None

    @property
    def live(self) -> LiveServices:
        if self._live is None:
            boards = FreshBoards()
            hub = Hub(get_channel_layer(), FrameCache(boards, RecentMarks(read_recent), now_ms))
            self._live = LiveServices(boards, LiveChannels(boards), PeriodTables(), hub, SessionChecks())
        return self._live

    def reset(self) -> None:
        self._live = None


page_services = PageServices()


@sync_and_async_middleware
def with_page_services(get_response: Callable[[HttpRequest], Any]) -> Any:
    """Test middleware: add a scope with live services to requests without an ASGI scope."""

    def with_scope(request: Any) -> Any:
        if not hasattr(request, "scope"):
            request.scope = {"state": {"live": page_services.live}}
        return request

    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            response: Awaitable[HttpResponseBase] = get_response(with_scope(request))
            return await response

        return async_middleware

    def middleware(request: HttpRequest) -> Any:
        return get_response(with_scope(request))

    return middleware
