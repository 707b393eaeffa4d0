"""Counting of messages according to the published rules in docs/metrics.md, "Rules"."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.recount.chat import Message

SECOND_MS, WINDOW_MS, STEP_MS, MINUTE_MS = 1_000, 30_000, 10_000, 60_000
HOUR_MS, DAY_MS = 60 * MINUTE_MS, 1_440 * MINUTE_MS
SHORT_MS = 30 * MINUTE_MS
# Unicode 16, DerivedCoreProperties.txt, Default_Ignorable_Code_Point, and two other blank characters.
IGNORED = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    (0x2800, 0x2800),
)
_REMOVED = {point: None for first, last in IGNORED for point in range(first, last + 1)}
# The minimum number of messages in a peak minute, and of viewers for engagement.
PEAK_MESSAGES, PEAK_VIEWERS = 20, 100


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a window of chat."""

    messages: int
    words: int
    chatters: int
    texts: int
    copies: int

    @property
    def spam(self) -> float | None:
        return self.words / self.messages if self.messages else None

    @property
    def repetition(self) -> float | None:
        return 100 * (1 - self.texts / self.messages) if self.messages else None


def words_of(text: str) -> list[str]:
    """Return the counted words: the text without invisible code points, split at white space."""
    return text.translate(_REMOVED).split()


def key_of(text: str) -> str:
    """Return a key that is equal for texts that count as the same."""
    return " ".join(text.translate(_REMOVED).casefold().split())


def engagement(messages: float, minutes: float, viewers: float | None) -> float | None:
    """Return messages per minute per 1,000 viewers."""
    return messages / minutes / (viewers / 1000) if viewers else None


@dataclass(slots=True)
class Chat:
    """All messages of one channel, by time."""

    messages: list[Message] = field(default_factory=list)

    def count(self, from_ms: int, until_ms: int) -> Counts:
        """Return the counts of [from_ms, until_ms)."""
        edges = [
            bisect_left(self.messages, at_ms, key=lambda message: message.sent_ms) for at_ms in (from_ms, until_ms)
        ]
        messages = self.messages[edges[0] : edges[1]]
        originals = [message for message in messages if not message.is_copy]
        return Counts(
            len(originals),
            sum(len(words_of(message.text)) for message in originals),
            len({message.user for message in originals}),
            len({key_of(message.text) for message in originals}),
            len(messages) - len(originals),
        )

    def live(self, end_ms: int) -> Counts:
        """Return the counts of the 30 s before `end_ms`."""
        return self.count(end_ms - WINDOW_MS, end_ms)

    def minutes(self, from_ms: int, until_ms: int) -> dict[int, Counts]:
        """Return the counts of each minute, by its end."""
        ends = range(from_ms + MINUTE_MS, until_ms + 1, MINUTE_MS)
        return {end_ms: self.count(end_ms - MINUTE_MS, end_ms) for end_ms in ends}


def by_channel(messages: Iterable[Message]) -> dict[str, Chat]:
    """Group messages by channel."""
    chats: dict[str, Chat] = defaultdict(Chat)
    for message in sorted(messages):
        chats[message.channel_id].messages.append(message)
    return chats


def live_values(counts: Counts, viewers: float | None) -> dict[str, float | None]:
    """Return the metrics of a 30-second window; `viewers` is the published value."""
    return {
        "messages": counts.messages,
        "spam": counts.spam,
        "chatters": counts.chatters,
        "repetition": counts.repetition,
        "engagement": engagement(counts.messages, 0.5, viewers),
        "shared": counts.copies,
        "count_messages": counts.messages,
        "count_words": counts.words if counts.messages else None,
        "count_texts": counts.texts,
        "count_copies": counts.copies,
    }


def minute_values(counts: Counts, viewers: float | None) -> dict[str, float | None]:
    """Return the metrics of a fully heard minute."""
    return live_values(counts, viewers) | {
        "messages": counts.messages / 2,
        "engagement": engagement(counts.messages, 1, viewers),
        "shared": counts.copies / 2,
    }


def range_values(minutes: Sequence[Counts], viewers: float | None) -> dict[str, float | None]:
    """Return the metrics of a range of fully heard minutes."""
    messages, length = sum(counts.messages for counts in minutes), len(minutes)
    return {
        "messages": messages / 2 / length,
        "spam": sum(counts.words for counts in minutes) / messages if messages else None,
        "chatters": sum(counts.chatters for counts in minutes) / length,
        "repetition": 100 * (1 - sum(counts.texts for counts in minutes) / messages) if messages else None,
        "engagement": engagement(messages, length, viewers),
        "shared": sum(counts.copies for counts in minutes) / 2 / length,
    }


def window_peaks(chat: Chat, from_ms: int, until_ms: int) -> dict[str, float | None]:
    """Return the peaks of 30-second windows in a range of up to 30 min; the peak of repetition comes from minutes."""
    windows = [chat.live(end_ms) for end_ms in range(from_ms + WINDOW_MS, until_ms + 1, STEP_MS)]
    return {
        "messages": max(counts.messages for counts in windows),
        "spam": max((counts.spam for counts in windows if counts.spam is not None), default=None),
        "chatters": max(counts.chatters for counts in windows),
    }


def minute_peaks(minutes: Iterable[Counts]) -> dict[str, float | None]:
    """Return the peaks of minutes in a range, rounded to six decimal places."""
    all_minutes = list(minutes)
    busy = [counts for counts in all_minutes if counts.messages >= PEAK_MESSAGES]
    peaks = {
        "messages": max(counts.messages / 2 for counts in all_minutes),
        "spam": max((counts.words / counts.messages for counts in busy), default=None),
        "chatters": max(counts.chatters for counts in all_minutes),
        "repetition": max((100 * (1 - counts.texts / counts.messages) for counts in busy), default=None),
    }
    return {name: None if value is None else math.floor(value * 1e6 + 0.5) / 1e6 for name, value in peaks.items()}
