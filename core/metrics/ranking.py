"""Order of a board: by value, without channels that no longer receive new windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

STALE_AFTER_MS = 10_000
GONE_AFTER_MS = 60_000

Age = Literal["fresh", "stale", "gone"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A channel that may be ranked, with its value."""

    channel_id: str
    value: float


def age_of(end_ms: int, newest_end_ms: int) -> Age:
    """Return the age of a row's window relative to the board's newest: stale after 10 s, gone after 60 s."""
    behind_ms = newest_end_ms - end_ms
    if behind_ms > GONE_AFTER_MS:
        return "gone"
    return "stale" if behind_ms > STALE_AFTER_MS else "fresh"


def is_live(end_ms: int | None, newest_end_ms: int | None, *, is_offline: bool) -> bool:
    """Return whether a channel is live: its windows still arrive, and Twitch has not reported it offline.

    Boards, the API, Discover, search, peer groups and the status page use this rule. Chat outlives a broadcast, so
    windows alone do not make a channel live.
    """
    if is_offline or end_ms is None or newest_end_ms is None:
        return False
    return age_of(end_ms, newest_end_ms) != "gone"


def rank(entries: Iterable[Entry], size: int) -> tuple[str, ...]:
    """Return the ids of the `size` greatest values, highest first; ties are in descending order of the id as text.

    Redis orders ties of ZREVRANGE and ZREVRANK the same way, so boards and the ranks in search agree.
    """
    ordered = sorted(entries, key=lambda entry: (entry.value, entry.channel_id), reverse=True)
    return tuple(entry.channel_id for entry in ordered[:size])
