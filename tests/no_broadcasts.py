"""Base classes for fake window stores: without broadcasts, and with rows that do not change."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord


class NoBroadcasts:
    """A store without broadcasts."""

    def read_broadcasts(self, channel_ids: Collection[str], _from_ms: int, _until_ms: int) -> Mapping[str, list[Span]]:
        return {channel_id: [] for channel_id in channel_ids}

    def read_starts(self, channel_ids: Collection[str], _before_ms: int) -> Mapping[str, list[EventRecord]]:
        return {channel_id: [] for channel_id in channel_ids}


class Unchanging(NoBroadcasts):
    """A store without broadcasts, whose rows do not change."""

    def checksum(self, *_: object) -> tuple[int, ...]:
        return (0,)

    def events_checksum(self, *_: object) -> tuple[int, ...]:
        return (0,)
