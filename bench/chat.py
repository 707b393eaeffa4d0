"""Records of `chat` as the producers write them, made up fast: for benchmarks of what reads them."""

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
# One in so many messages repeats a text that many others wrote.
PASTED = 6

# Its partition, its key, and its fields.
Made = tuple[int, str | None, dict[str, Any]]


class Chat:
    """`per_s` messages a second over `channels`, their sizes spread as Twitch's are, and a pulse a second for each."""

    def __init__(self, channels: int, per_s: int, partitions: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self._per_s = per_s
        self._partitions = partitions
        self.ids = [str(10_000 + number) for number in range(channels)]
        self._places = {channel_id: partition_of(channel_id, partitions) for channel_id in self.ids}
        sizes = [1 / (number + 3) for number in range(channels)]
        self._weights = list(accumulate(sizes))
        self._fields = {
            channel_id: stream_fields(
                channel_id=channel_id, viewers=int(80_000 * size) + 20, category="Chess", language="en"
            )
            for channel_id, size in zip(self.ids, sizes, strict=True)
        }

    def second(self, start_ms: int) -> Iterator[Made]:
        """Yield the records of the second that begins at `start_ms`, in the order of their event time."""
        dice = self._dice
        for number, channel_id in enumerate(dice.choices(self.ids, cum_weights=self._weights, k=self._per_s)):
            at_ms = start_ms + number * SECOND_MS // self._per_s
            yield self._places[channel_id], channel_id, self._message(channel_id, at_ms)
        for channel_id in self.ids:
            pulse = pulse_record(self._fields[channel_id], observed_ms=SECOND_MS, live=True)
            yield self._places[channel_id], channel_id, {**pulse, "at_ms": start_ms + SECOND_MS - 1}
        for partition in range(self._partitions):
            yield partition, None, {**watermark_record(producer="bench"), "at_ms": start_ms + SECOND_MS}

    def _message(self, channel_id: str, at_ms: int) -> dict[str, Any]:
        dice = self._dice
        text = dice.choice(TEXTS)
        fields = message_record(
            self._fields[channel_id],
            kind="message",
            message_id=f"{dice.getrandbits(128):032x}",
            sent_ms=at_ms,
            text=text,
            words=text.count(" ") + 1,
            traits={"is_subscriber": 1} if dice.random() < 0.4 else {},
        )
        writer = dice.getrandbits(9)
        is_pasted = dice.randrange(PASTED) == 0
        fields |= {"at_ms": at_ms, "user_hash": writer - 256, "text_hash": 7 if is_pasted else dice.getrandbits(60)}
        return fields
