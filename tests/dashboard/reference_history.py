"""Two hours of generated chat, and the history rows that the Python reference computes from it."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Mapping, Sequence

from apps.metrics.store import StoredWindow
from core.pipeline.intervals import Span
from core.pipeline.records import ChatRecord, EventRecord
from core.proof.reference import Blocks
from core.times import HOUR_MS, SECOND_MS

# The two hours before the current one, so that no row has expired.
UNTIL_MS = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS
FROM_MS = UNTIL_MS - 2 * HOUR_MS
CHANNEL = "1"


def chat() -> list[ChatRecord]:
    """Return messages and pulses; the channel is heard for nine tenths of each second."""
    rng = random.Random(11)
    records = [
        ChatRecord(
            "message",
            CHANNEL,
            rng.randrange(FROM_MS, UNTIL_MS),
            user_hash=rng.randrange(500),
            text_hash=rng.randrange(200),
            words=rng.randrange(1, 12),
            is_first=rng.randrange(2),
            is_subscriber=rng.randrange(2),
        )
        for _ in range(4_000)
    ]
    records += [ChatRecord("copy", CHANNEL, rng.randrange(FROM_MS, UNTIL_MS)) for _ in range(50)]
    records += [ChatRecord("removal", CHANNEL, rng.randrange(FROM_MS, UNTIL_MS)) for _ in range(40)]
    return [
        *records,
        *(
            ChatRecord("pulse", CHANNEL, at_ms, viewers=rng.randrange(900, 1_100), observed_ms=900)
            for at_ms in range(FROM_MS, UNTIL_MS, SECOND_MS)
        ),
    ]


RECORDS = chat()


class ReferenceStore:
    """A store with the rows of RECORDS, in place of Cassandra."""

    def __init__(self) -> None:
        blocks = Blocks()
        for record in RECORDS:
            blocks.add(record)
        self._rows = dict(blocks.windows(from_ms=FROM_MS - HOUR_MS, until_ms=UNTIL_MS + HOUR_MS))

    def read_windows(
        self, grain: str, channel_id: str, from_ms: int, until_ms: int, columns: Collection[str] | None = None
    ) -> Sequence[StoredWindow]:
        result = [
            StoredWindow(end_ms, {name: value for name, value in row.items() if columns is None or name in columns})
            for (channel, of_grain, end_ms), row in self._rows.items()
            if (channel, of_grain) == (channel_id, grain) and from_ms < end_ms <= until_ms
        ]
        return sorted(result, key=lambda window: window.end_ms)

    def read_broadcasts(self, channel_ids: Collection[str], _from_ms: int, _until_ms: int) -> Mapping[str, list[Span]]:
        return {channel_id: [] for channel_id in channel_ids}

    def checksum(self, grain: str, channel_id: str, from_ms: int, until_ms: int) -> tuple[int, ...]:
        rows = self.read_windows(grain, channel_id, from_ms, until_ms, ())
        return len(rows), sum(row.end_ms for row in rows)

    def events_checksum(self, _channel_id: str, _from_ms: int, _until_ms: int) -> tuple[int, ...]:
        return (0,)

    def read_events(self, _channel_id: str, _from_ms: int, _until_ms: int) -> Sequence[EventRecord]:
        return []
