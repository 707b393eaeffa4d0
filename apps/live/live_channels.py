"""All channels with live windows, read at most once every KEPT_MS for all callers of a process."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from asgiref.sync import async_to_sync

from apps.live.readings import ChannelNow, Reading, open_boards

KEPT_MS = 3_000


class Field:
    """The channels by id. A window is live for a minute."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._read_ms: int | None = None
        self._channels: Mapping[str, ChannelNow] = {}
        self._live: Mapping[str, ChannelNow] = {}

    def get(self, now_ms: int) -> Mapping[str, ChannelNow]:
        """Return all as they were at most KEPT_MS ago, also those whose chat outlives the broadcast.

        Raises: ServiceAway.
        """
        self._refresh(now_ms)
        return self._channels

    def live(self, now_ms: int) -> Mapping[str, ChannelNow]:
        """Return those that are live: see core.metrics.ranking.is_live. Raises: ServiceAway."""
        self._refresh(now_ms)
        return self._live

    def _refresh(self, now_ms: int) -> None:
        with self._reading:
            if self._read_ms is None or not 0 <= now_ms - self._read_ms < KEPT_MS:
                reading = async_to_sync(_read)(now_ms)
                self._channels = {i: one for i, one in reading.channels.items() if reading.has_recent(one)}
                self._live = reading.live()
                self._read_ms = now_ms

    def clear(self) -> None:
        """Forget what was read."""
        self._read_ms = None


FIELD = Field()


async def _read(now_ms: int) -> Reading:
    async with open_boards() as boards:
        return await boards.read_all(now_ms)
