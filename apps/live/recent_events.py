"""Recent events of the channels on open pages, read from history every few seconds, independently of ticks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from django.conf import settings

from apps.metrics import many_channels
from apps.metrics.event_marks import EventMark
from core.errors import ServiceUnavailable

READ_EVERY_MS = 3_000

log = logging.getLogger(__name__)

Marks = Mapping[str, list[EventMark]]
# Takes channel ids and the time; raises ServiceUnavailable.
ReadMarks = Callable[[Collection[str], int], Marks]


class RecentMarks:
    """Caches the newest marks by channel. If history is slow or unavailable, ticks go on with the cached marks."""

    def __init__(self, read: ReadMarks) -> None:
        self._read = read
        self._marks: Marks = {}
        self._read_ms: int | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._is_away = False

    def get(self, channel_ids: Collection[str], now_ms: int) -> Marks:
        """Return the cached marks of these channels, and start a refresh in the background when it is due."""
        if channel_ids and self._refreshing is None and self._is_due(channel_ids, now_ms):
            self._read_ms = now_ms
            self._refreshing = asyncio.create_task(self._refresh(set(channel_ids), now_ms))
        return {channel_id: self._marks[channel_id] for channel_id in channel_ids if channel_id in self._marks}

    async def aclose(self) -> None:
        """Wait until a running refresh has finished."""
        if self._refreshing is not None:
            await asyncio.wait([self._refreshing])

    def _is_due(self, channel_ids: Collection[str], now_ms: int) -> bool:
        if self._read_ms is None or not 0 <= now_ms - self._read_ms < READ_EVERY_MS:
            return True
        # The marks of a newly opened channel are read immediately, unless history is unavailable.
        return not self._is_away and not self._marks.keys() >= set(channel_ids)

    async def _refresh(self, channel_ids: set[str], now_ms: int) -> None:
        try:
            self._marks = await asyncio.to_thread(self._read, channel_ids, now_ms)
            self._is_away = False
        except ServiceUnavailable as error:
            if not self._is_away:
                log.warning("recent events not read: %s", error)
            self._is_away = True
        finally:
            self._refreshing = None


def read_recent(channel_ids: Collection[str], now_ms: int) -> dict[str, list[EventMark]]:
    """Return the recent marks of these channels, or none if history is not configured. Raises: ServiceUnavailable."""
    return many_channels.recent_marks(channel_ids, now_ms) if settings.CASSANDRA_HOSTS else {}
