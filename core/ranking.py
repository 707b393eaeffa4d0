"""How a board is ordered: by value, calm enough to read, without channels that went silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

ORDER_HOLD_MS = 2_000
STALE_AFTER_MS = 10_000
GONE_AFTER_MS = 60_000

Age = Literal["fresh", "stale", "gone"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A channel that may stand on a board, with its value there."""

    channel_id: str
    value: float


@dataclass(frozen=True, slots=True)
class Order:
    """The channels of a board, best first, and when that order last changed (None: never shown)."""

    channel_ids: tuple[str, ...] = ()
    changed_ms: int | None = None


def age_of(end_ms: int, newest_end_ms: int) -> Age:
    """Return how old a row's window is against the board's newest: over 10 s stale, over 60 s gone."""
    behind_ms = newest_end_ms - end_ms
    if behind_ms > GONE_AFTER_MS:
        return "gone"
    return "stale" if behind_ms > STALE_AFTER_MS else "fresh"


def rank(entries: Iterable[Entry], size: int) -> tuple[str, ...]:
    """Return the ids of the `size` greatest values, greatest first, and of equal ones the greater id, as text.

    So does Redis in ZREVRANGE and ZREVRANK: a board, its cut and the rank that a search tells are then one order.
    """
    ordered = sorted(entries, key=lambda entry: (entry.value, entry.channel_id), reverse=True)
    return tuple(entry.channel_id for entry in ordered[:size])


def next_order(order: Order, entries: Sequence[Entry], size: int, now_ms: int) -> Order:
    """Return the order to show now: a changed one at most every 2 s.

    `entries` are all the channels that may stand on the board. One that is no longer among them goes at once,
    and the others keep their order until it may change.
    """
    wanted = rank(entries, size)
    if wanted == order.channel_ids:
        return order
    # A clock set back must not hold the order until it has caught up.
    if order.changed_ms is None or not 0 <= now_ms - order.changed_ms < ORDER_HOLD_MS:
        return Order(wanted, now_ms)
    present = {entry.channel_id for entry in entries}
    kept = tuple(channel_id for channel_id in order.channel_ids if channel_id in present)
    return Order(kept, order.changed_ms)
