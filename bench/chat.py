"""Generates records for the topic `chat`, for benchmarks of its readers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from core.irc.sharding import partition_of
from core.pipeline.records import message_record, pulse_record, stream_fields, watermark_record
from core.times import SECOND_MS

TEXTS = ("gg", "what a play that was", "KekToad KekToad", "no way, he did it again", "first time here, hello")
# The columns of a live window that every contender computes, in this order.
SUMS = ("messages", "words", "observed_ms")
# One in this many messages repeats a common text.
REPEATED = 6

# Partition, key and fields.
Generated = tuple[int, str | None, dict[str, Any]]


class Chat:
    """Generates `per_s` messages a second across channels of Twitch-like sizes, and a pulse a second per channel."""

    def __init__(self, channels: int, per_s: int, partitions: int, seed: int) -> None:
        self._rng = random.Random(seed)
        self._per_s = per_s
        self._partitions = partitions
        self.ids = [str(10_000 + number) for number in range(channels)]
        self._partition_by_id = {channel_id: partition_of(channel_id, partitions) for channel_id in self.ids}
        sizes = [1 / (number + 3) for number in range(channels)]
        self._weights = list(accumulate(sizes))
        self._fields = {
            channel_id: stream_fields(
                channel_id=channel_id, viewers=int(80_000 * size) + 20, category="Chess", language="en"
            )
            for channel_id, size in zip(self.ids, sizes, strict=True)
        }

    def second(self, start_ms: int) -> Iterator[Generated]:
        """Yield the records of the second that starts at `start_ms`, ordered by event time."""
        rng = self._rng
        for number, channel_id in enumerate(rng.choices(self.ids, cum_weights=self._weights, k=self._per_s)):
            at_ms = start_ms + number * SECOND_MS // self._per_s
            yield self._partition_by_id[channel_id], channel_id, self._message(channel_id, at_ms)
        for channel_id in self.ids:
            pulse = pulse_record(self._fields[channel_id], observed_ms=SECOND_MS, live=True)
            yield self._partition_by_id[channel_id], channel_id, {**pulse, "at_ms": start_ms + SECOND_MS - 1}
        for partition in range(self._partitions):
            yield partition, None, {**watermark_record(producer="bench"), "at_ms": start_ms + SECOND_MS}

    def _message(self, channel_id: str, at_ms: int) -> dict[str, Any]:
        rng = self._rng
        text = rng.choice(TEXTS)
        fields = message_record(
            self._fields[channel_id],
            kind="message",
            message_id=f"{rng.getrandbits(128):032x}",
            sent_ms=at_ms,
            text=text,
            words=text.count(" ") + 1,
            traits={"is_subscriber": 1} if rng.random() < 0.4 else {},
        )
        writer = rng.getrandbits(9)
        is_repeated = rng.randrange(REPEATED) == 0
        fields |= {"at_ms": at_ms, "user_hash": writer - 256, "text_hash": 7 if is_repeated else rng.getrandbits(60)}
        return fields
