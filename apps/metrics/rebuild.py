"""Recomputes stored windows from raw chat, while Kafka still has it, and corrects differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from apps.metrics import days
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chat_range import ChatRange
from apps.metrics.store import WindowStore
from core.errors import NotFound
from core.metrics.columns import GRAINS_OF, LIVE_WINDOW_MS, STORED_GRAINS, WINDOW_MS, names_of
from core.pipeline.records import WindowRecord
from core.proof.reference import Blocks, WindowKey
from core.times import HOUR_MS
from twitchly.clock import now_ms

Rows = Mapping[WindowKey, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """Result for the windows that end in (from_ms, until_ms]: their number, and counts of corrected rows."""

    from_ms: int
    until_ms: int
    windows: int
    added: int
    changed: int
    removed: int


class Rebuild:
    """Recomputes windows with the Python reference and corrects only the rows that differ.

    Broadcast summaries and days whose rows were corrected are recomputed too.
    """

    def __init__(self, chat: ChatRange, store: WindowStore) -> None:
        self._chat = chat
        self._store = store
        self._broadcasts = BroadcastStore(store)

    def run(self, from_ms: int, until_ms: int) -> Iterator[RebuildResult]:
        """Rebuild, hour by hour, every window that begins at or after `from_ms` and ends by `until_ms`.

        Raises: NotFound if Kafka no longer has, or does not have yet, all of the chat; ServiceUnavailable.
        """
        self._check_complete(from_ms)
        start_ms = from_ms
        while start_ms < until_ms:
            end_ms = min(until_ms, (start_ms // HOUR_MS + 1) * HOUR_MS)
            yield self._hour(from_ms, start_ms, end_ms)
            start_ms = end_ms

    def _hour(self, from_ms: int, start_ms: int, end_ms: int) -> RebuildResult:
        """Rebuild the windows that end in (start_ms, end_ms]. Live windows may begin before `start_ms`."""
        blocks = Blocks()
        first_ms = max(from_ms, min(start_ms - LIVE_WINDOW_MS, start_ms // HOUR_MS * HOUR_MS))
        for record in self._chat.records(first_ms, end_ms):
            blocks.add(record)
        # Checked after reading, because Kafka may have deleted records in the meantime.
        self._check_complete(first_ms)
        computed = blocks.windows(from_ms=from_ms, until_ms=end_ms)
        expected = {key: row for key, row in computed.items() if key[2] > start_ms}
        stored = self._stored(blocks.channels(), from_ms, start_ms, end_ms)
        corrected = {key: row for key, row in expected.items() if stored.get(key) != row}
        removed = stored.keys() - expected.keys()
        self._store.correct(list(windows_of(corrected)), removed)
        channels = {channel_id for channel_id, _, _ in {*corrected, *removed}}
        self._broadcasts.correct(channels, start_ms, end_ms)
        days.correct(channels, start_ms, end_ms, now_ms())
        added = len(corrected.keys() - stored.keys())
        return RebuildResult(start_ms, end_ms, len(expected), added, len(corrected) - added, len(removed))

    def _check_complete(self, from_ms: int) -> None:
        complete_ms = self._chat.complete_from_ms()
        if from_ms < complete_ms:
            raise NotFound(f"Kafka has all of chat only from {complete_ms} ms on: earlier windows would lack messages")

    def _stored(self, channels: Iterable[str], from_ms: int, start_ms: int, end_ms: int) -> Rows:
        """Return the stored rows of these channels; other channels have no records to compare with."""
        return {
            (channel_id, grain, window.end_ms): window.columns
            for channel_id in channels
            for grain in STORED_GRAINS
            for window in self._store.read_windows(grain, channel_id, start_ms, end_ms)
            if window.end_ms - WINDOW_MS[grain] >= from_ms
        }


def windows_of(rows: Rows) -> Iterator[WindowRecord]:
    """Yield the windows that make up these rows, one per grain of a row."""
    for (channel_id, stored, end_ms), row in rows.items():
        for grain in GRAINS_OF[stored]:
            columns = {name: row[name] for name in names_of(grain) if name in row}
            yield WindowRecord(channel_id, grain, end_ms - WINDOW_MS[stored], end_ms, columns)
