"""Reference computation of all stored windows in plain Python, from the records of `chat`.

A row has the columns of all grains in its table: in `live_window`, those of `live` and `live_distinct` at every 10th
second; in `hour_window`, those of `hour` and `hour_distinct`.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from core.errors import BadRecord
from core.irc.event_time import PROMISE_DELAY_MS
from core.metrics.columns import GRAINS_OF, STEP_MS, STORED_GRAINS, WINDOW_MS, StoredGrain, aggregate
from core.pipeline.records import TEXT_KINDS, ChatRecord, read_chat
from core.proof.comparison import ReceivedMessages
from core.times import MINUTE_MS

# All stored windows end at the end of a block.
BLOCK_MS = STEP_MS["live"]

# Channel id, grain and window end.
WindowKey = tuple[str, StoredGrain, int]
Windows = Mapping[WindowKey, Mapping[str, int]]


class Blocks:
    """Messages and pulses of `chat` by channel and block of 10 s; every stored window consists of whole blocks."""

    def __init__(self) -> None:
        self._blocks: dict[str, dict[int, list[ChatRecord]]] = defaultdict(dict)

    def add(self, record: ChatRecord) -> None:
        """Add a valid record; watermark records are ignored."""
        if record.kind != "clock":
            self._blocks[record.channel_id].setdefault(record.at_ms // BLOCK_MS, []).append(_slim(record))

    def channels(self) -> set[str]:
        """Return the ids of the channels with at least one record."""
        return set(self._blocks)

    def windows(self, *, from_ms: int, until_ms: int) -> dict[WindowKey, dict[str, int]]:
        """Return the columns of every stored window that begins at or after `from_ms` and ends by `until_ms`."""
        return {
            (channel_id, grain, end_ms): self._columns(channel_id, grain, end_ms)
            for channel_id in self._blocks
            for grain in STORED_GRAINS
            for end_ms in self._ends(channel_id, grain)
            if end_ms - WINDOW_MS[grain] >= from_ms and end_ms <= until_ms
        }

    def _ends(self, channel_id: str, grain: StoredGrain) -> set[int]:
        step_ms, length_ms = STEP_MS[grain], WINDOW_MS[grain]
        firsts = (block * BLOCK_MS // step_ms * step_ms for block in self._blocks[channel_id])
        return {first_ms + later_ms for first_ms in firsts for later_ms in range(step_ms, length_ms + 1, step_ms)}

    def _columns(self, channel_id: str, grain: StoredGrain, end_ms: int) -> dict[str, int]:
        blocks = self._blocks[channel_id]
        first = (end_ms - WINDOW_MS[grain]) // BLOCK_MS
        records = [record for block in range(first, end_ms // BLOCK_MS) for record in blocks.get(block, ())]
        return {name: value for part in GRAINS_OF[grain] for name, value in aggregate(records, part).items()}


class Tally:
    """Collects the records of `chat`, from partitions in any order; if `windows` is False, only received messages."""

    def __init__(self, *, windows: bool = True) -> None:
        self.blocks = Blocks()
        self.heard = ReceivedMessages()
        self._windows = windows
        # Send times of messages that are counted in another minute.
        self.moved_ms = array("q")
        self.rejected = 0
        self.without_id = 0
        self.first_ms: dict[int, int] = {}
        self.newest_ms: dict[int, int] = {}

    def add(self, partition: int, value: bytes | None, appended_ms: int) -> None:
        """Add a record from Kafka."""
        try:
            record = read_chat(value, appended_ms)
        except BadRecord:
            self.rejected += 1
            return
        self.first_ms.setdefault(partition, record.at_ms)
        self.newest_ms[partition] = max(record.at_ms, self.newest_ms.get(partition, 0))
        if record.kind in TEXT_KINDS:
            self._hear(record)
        if self._windows:
            self.blocks.add(record)

    def promise_ms(self, partitions: Iterable[int]) -> int:
        """Return the time before which no partition receives further records; 0 while a partition is empty."""
        newest = [self.newest_ms.get(partition, PROMISE_DELAY_MS) for partition in partitions]
        return min(newest, default=PROMISE_DELAY_MS) - PROMISE_DELAY_MS

    def _hear(self, record: ChatRecord) -> None:
        sent_ms = record.at_ms if record.sent_ms is None else record.sent_ms
        if sent_ms // MINUTE_MS != record.at_ms // MINUTE_MS:
            self.moved_ms.append(sent_ms)
        if record.id is None:
            self.without_id += 1
            return
        self.heard.add(record.id, record.channel_id, sent_ms, record.kind)


def differences(expected: Windows, found: Windows) -> Iterator[tuple[WindowKey, str]]:
    """Yield each window that differs between two sets, oldest first, with an explanation."""
    for key in sorted(expected.keys() | found.keys(), key=lambda key: (key[2], key)):
        reference, stored = expected.get(key), found.get(key)
        if reference != stored:
            yield key, explain(key, reference, stored)


def explain(key: WindowKey, expected: Mapping[str, int] | None, actual: Mapping[str, int] | None) -> str:
    """Describe how a window differs from its reference; None means absent."""
    channel_id, grain, end_ms = key
    window = f"{grain} window of channel {channel_id} ending {end_ms}"
    if actual is None:
        return f"{window} is missing: expected {dict(expected or {})}"
    if expected is None:
        return f"{window} is stored, but no record accounts for it: {dict(actual)}"
    names = [name for name in sorted(expected.keys() | actual.keys()) if expected.get(name) != actual.get(name)]
    return f"{window}: " + ", ".join(f"{name} is {actual.get(name)}, expected {expected.get(name)}" for name in names)


def _slim(record: ChatRecord) -> ChatRecord:
    """Return the record without fields that no column uses, because a million must fit in memory."""
    return ChatRecord(
        record.kind,
        sys.intern(record.channel_id),
        record.at_ms,
        user_hash=record.user_hash,
        text_hash=record.text_hash,
        words=record.words,
        is_first=record.is_first,
        is_returning=record.is_returning,
        is_subscriber=record.is_subscriber,
        is_emotes=record.is_emotes,
        viewers=record.viewers,
        observed_ms=record.observed_ms,
        live=record.live,
    )
