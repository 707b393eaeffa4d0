"""Stored windows computed anew from `chat`, while Kafka still holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chat_range import ChatRange
from apps.metrics.store import WindowStore
from core.errors import NotFound
from core.metrics.columns import GRAINS_OF, LIVE_WINDOW_MS, STORED_GRAINS, WINDOW_MS, names_of
from core.pipeline.records import WindowRecord
from core.proof.reference import Blocks, WindowKey
from core.times import HOUR_MS

Rows = Mapping[WindowKey, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of the windows that end in (from_ms, until_ms]: how many there are, and which were not right."""

    from_ms: int
    until_ms: int
    windows: int
    added: int
    changed: int
    removed: int


class Rebuild:
    """Recomputes windows by the Python reference and corrects the rows that differ; those that are right stand.

    Broadcasts that are made of corrected rows are summed up anew.
    """

    def __init__(self, chat: ChatRange, store: WindowStore) -> None:
        self._chat = chat
        self._store = store
        self._broadcasts = BroadcastStore(store)

    def run(self, from_ms: int, until_ms: int) -> Iterator[Rebuilt]:
        """Rebuild, hour by hour, every window that begins at or after `from_ms` and ends by `until_ms`.

        Raises: NotFound when Kafka does not hold all of it, any more or yet; ServiceAway.
        """
        self._expect_all(from_ms)
        start_ms = from_ms
        while start_ms < until_ms:
            end_ms = min(until_ms, (start_ms // HOUR_MS + 1) * HOUR_MS)
            yield self._hour(from_ms, start_ms, end_ms)
            start_ms = end_ms

    def _hour(self, from_ms: int, start_ms: int, end_ms: int) -> Rebuilt:
        """Rebuild what ends in (start_ms, end_ms], from the hour's records and what live windows reach back to."""
        blocks = Blocks()
        first_ms = max(from_ms, min(start_ms - LIVE_WINDOW_MS, start_ms // HOUR_MS * HOUR_MS))
        for record in self._chat.records(first_ms, end_ms):
            blocks.add(record)
        # Asked after reading: Kafka may have deleted what was just about to be read.
        self._expect_all(first_ms)
        computed = blocks.windows(from_ms=from_ms, until_ms=end_ms)
        wanted = {key: row for key, row in computed.items() if key[2] > start_ms}
        stored = self._stored(blocks.channels(), from_ms, start_ms, end_ms)
        wrong = {key: row for key, row in wanted.items() if stored.get(key) != row}
        gone = stored.keys() - wanted.keys()
        self._store.correct(list(windows_of(wrong)), gone)
        self._broadcasts.correct({channel_id for channel_id, _, _ in {*wrong, *gone}}, start_ms, end_ms)
        added = len(wrong.keys() - stored.keys())
        return Rebuilt(start_ms, end_ms, len(wanted), added, len(wrong) - added, len(gone))

    def _expect_all(self, from_ms: int) -> None:
        kept_ms = self._chat.kept_from_ms()
        if from_ms < kept_ms:
            raise NotFound(f"Kafka holds all of chat only from {kept_ms} ms on: a window before would miss messages")

    def _stored(self, channels: Iterable[str], from_ms: int, start_ms: int, end_ms: int) -> Rows:
        """Return what is stored of these channels: another one has no record, so nothing tells that it is wrong."""
        return {
            (channel_id, grain, window.end_ms): window.columns
            for channel_id in channels
            for grain in STORED_GRAINS
            for window in self._store.read_windows(grain, channel_id, start_ms, end_ms)
            if window.end_ms - WINDOW_MS[grain] >= from_ms
        }


def windows_of(rows: Rows) -> Iterator[WindowRecord]:
    """Yield the windows whose columns make these rows: one of each grain that a row holds."""
    for (channel_id, stored, end_ms), row in rows.items():
        for grain in GRAINS_OF[stored]:
            columns = {name: row[name] for name in names_of(grain) if name in row}
            yield WindowRecord(channel_id, grain, end_ms - WINDOW_MS[stored], end_ms, columns)
