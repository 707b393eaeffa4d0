"""Channels with live windows, cached for CACHE_MS and shared by all pages of a process."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from asgiref.sync import async_to_sync

from apps.live.readings import ChannelNow, LiveBoards

CACHE_MS = 3_000


class LiveChannels:
    """Cached channels by id."""

    def __init__(self, boards: LiveBoards) -> None:
        self._boards = boards
        self._lock = threading.Lock()
        self._read_ms: int | None = None
        self._channels: Mapping[str, ChannelNow] = {}
        self._live: Mapping[str, ChannelNow] = {}

    def get(self, now_ms: int) -> Mapping[str, ChannelNow]:
        """Return all channels with recent windows, including those whose chat continues after their broadcast.

        Raises: ServiceUnavailable.
        """
        self._refresh(now_ms)
        return self._channels

    def live(self, now_ms: int) -> Mapping[str, ChannelNow]:
        """Return the live channels: see core.metrics.ranking.is_live. Raises: ServiceUnavailable."""
        self._refresh(now_ms)
        return self._live

    def _refresh(self, now_ms: int) -> None:
        with self._lock:
            if self._read_ms is None or not 0 <= now_ms - self._read_ms < CACHE_MS:
                reading = async_to_sync(self._boards.read_all)(now_ms)
                self._channels = {i: channel for i, channel in reading.channels.items() if reading.has_recent(channel)}
                self._live = reading.live()
                self._read_ms = now_ms
