"""What lately happened in the channels on view, read from history every few seconds beside the ticks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from django.conf import settings

from apps.metrics import queries as history
from apps.metrics.event_marks import EventMark
from core.errors import ServiceAway

READ_EVERY_MS = 3_000

log = logging.getLogger(__name__)

Marks = Mapping[str, list[EventMark]]
# Takes channel ids and the time; raises ServiceAway.
Read = Callable[[Collection[str], int], Marks]


class RecentMarks:
    """The newest marks by channel. A history that is away or slow holds up no tick: what was read last stays."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._marks: Marks = {}
        self._read_ms: int | None = None
        self._reading: asyncio.Task[None] | None = None
        self._is_away = False

    def of(self, channel_ids: Collection[str], now_ms: int) -> Marks:
        """Return what is known now of these channels, and see to it that it is read again when it is due."""
        if channel_ids and self._reading is None and self._is_due(channel_ids, now_ms):
            self._read_ms = now_ms
            self._reading = asyncio.create_task(self._refresh(set(channel_ids), now_ms))
        return {channel_id: self._marks[channel_id] for channel_id in channel_ids if channel_id in self._marks}

    async def aclose(self) -> None:
        """Wait for a reading that is under way."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    def _is_due(self, channel_ids: Collection[str], now_ms: int) -> bool:
        if self._read_ms is None or not 0 <= now_ms - self._read_ms < READ_EVERY_MS:
            return True
        # A channel that was just opened need not wait, unless history is away.
        return not self._is_away and not self._marks.keys() >= set(channel_ids)

    async def _refresh(self, channel_ids: set[str], now_ms: int) -> None:
        try:
            self._marks = await asyncio.to_thread(self._read, channel_ids, now_ms)
            self._is_away = False
        except ServiceAway as error:
            if not self._is_away:
                log.warning("live pages are not told of events: %s", error)
            self._is_away = True
        finally:
            self._reading = None


def read_recent(channel_ids: Collection[str], now_ms: int) -> dict[str, list[EventMark]]:
    """Return what lately happened in these channels; nothing where history is not set up. Raises: ServiceAway."""
    return history.recent_marks(channel_ids, now_ms) if settings.CASSANDRA_HOSTS else {}
