"""The live services of a web process: opened when it starts, closed when it stops, and passed down in the scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer
from django.http import HttpRequest

from apps.live.frames import FrameCache
from apps.live.hub import Hub
from apps.live.live_channels import LiveChannels
from apps.live.period_channels import PeriodTables
from apps.live.readings import LiveBoards, open_boards
from apps.live.recent_events import RecentMarks, read_recent
from apps.live.session_checks import SessionChecks
from twitchly.clock import now_ms


@dataclass(frozen=True, slots=True)
class LiveServices:
    """The boards, the live channels, the tables of past periods, the hub that pushes to sockets, and session checks.

    They belong to one event loop.
    """

    boards: LiveBoards
    channels: LiveChannels
    periods: PeriodTables
    hub: Hub
    session_checks: SessionChecks


@asynccontextmanager
async def open_live_services() -> AsyncIterator[LiveServices]:
    """Yield the live services; their connections are closed on exit."""
    async with open_boards() as boards:
        marks = RecentMarks(read_recent)
        hub = Hub(get_channel_layer(), FrameCache(boards, marks, now_ms))
        try:
            yield LiveServices(boards, LiveChannels(boards), PeriodTables(), hub, SessionChecks())
        finally:
            await hub.aclose()
            await marks.aclose()


def live_services(scope: Mapping[str, Any]) -> LiveServices:
    """Return the live services of the process that serves an ASGI scope."""
    services: LiveServices = scope["state"]["live"]
    return services


def services_of(request: HttpRequest) -> LiveServices:
    """Return the live services of a Django request."""
    return live_services(request.scope)  # type: ignore[attr-defined]  # an ASGIRequest has one
