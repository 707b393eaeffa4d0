"""All live channels as they are now, read at most once in a while for all who ask a process."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from asgiref.sync import async_to_sync

from apps.dashboard.readings import ChannelNow, open_boards
from core.ranking import age_of

KEPT_MS = 3_000


class Field:
    """The live channels by id. A channel whose window is a minute old is not live any more."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._read_ms: int | None = None
        self._channels: Mapping[str, ChannelNow] = {}

    def get(self, now_ms: int) -> Mapping[str, ChannelNow]:
        """Return them as they were at most KEPT_MS ago. Raises: ServiceAway."""
        with self._reading:
            if self._read_ms is None or not 0 <= now_ms - self._read_ms < KEPT_MS:
                self._channels = async_to_sync(_read)(now_ms)
                self._read_ms = now_ms
            return self._channels

    def clear(self) -> None:
        """Forget what was read."""
        self._read_ms = None


FIELD = Field()


async def _read(now_ms: int) -> Mapping[str, ChannelNow]:
    async with open_boards() as boards:
        reading = await boards.read_all(now_ms)
    newest_ms = reading.newest_end_ms
    return {
        channel_id: channel
        for channel_id, channel in reading.channels.items()
        if channel.end_ms is not None and newest_ms is not None and age_of(channel.end_ms, newest_ms) != "gone"
    }
