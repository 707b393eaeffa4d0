"""The read operations behind range, day and broadcast summaries: by default those of WindowStore."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from apps.metrics.store import StoredWindow
from core.metrics.columns import StoredGrain
from core.pipeline.intervals import Span
from core.pipeline.records import EventRecord


class WindowReader(Protocol):
    """A source of windows, events and broadcasts with the methods of WindowStore."""

    def read_windows(
        self,
        grain: StoredGrain,
        channel_id: str,
        from_ms: int,
        until_ms: int,
        columns: Collection[str] | None = None,
    ) -> list[StoredWindow]: ...

    def read_events(self, channel_id: str, from_ms: int, until_ms: int) -> list[EventRecord]: ...

    def read_broadcasts(self, channel_ids: Collection[str], from_ms: int, until_ms: int) -> dict[str, list[Span]]: ...
