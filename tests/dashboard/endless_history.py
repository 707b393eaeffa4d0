"""A channel with rows of every grain at any time, as if none had expired."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from apps.metrics.store import StoredWindow
from core.metrics.columns import STEP_MS, WINDOW_MS, StoredGrain
from core.pipeline.records import EventRecord
from tests.no_broadcasts import Unchanging

# Windows that end at a multiple of ten minutes have more chatters than all others.
CHATTERS, MANY_CHATTERS, MANY_EVERY_MS = 20, 100, 600_000


class EndlessStore(Unchanging):
    """A store with the rows of this channel, in place of Cassandra."""

    def read_windows(
        self, grain: StoredGrain, _channel_id: str, from_ms: int, until_ms: int, columns: Collection[str] = ()
    ) -> Sequence[StoredWindow]:
        step_ms = STEP_MS[grain]
        ends = range(from_ms // step_ms * step_ms + step_ms, until_ms + 1, step_ms)
        return [StoredWindow(end_ms, _row(end_ms, WINDOW_MS[grain], columns)) for end_ms in ends]

    def read_events(self, _channel_id: str, _from_ms: int, _until_ms: int) -> Sequence[EventRecord]:
        return []


def _row(end_ms: int, length_ms: int, columns: Collection[str]) -> dict[str, int]:
    chatters = CHATTERS if end_ms % MANY_EVERY_MS else MANY_CHATTERS
    row = {"messages": 2 * chatters, "chatters": chatters, "observed_ms": length_ms, "pulses": length_ms // 1000}
    return {name: value for name, value in row.items() if not columns or name in columns}
