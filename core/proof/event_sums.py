"""The proof that subscriptions, moderation and chat modes are counted: the ledger against `channel-events`.

Their events do not name the lines that they count, so they are compared by channel: at least all that were surely
heard, at most all that were sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.pipeline.coverage import Gap
from core.proof.comparison import DROP_REASONS, Bounds
from core.proof.ledger import Entry
from core.times import MINUTE_MS

# Which events count an entry of the ledger. A gift of a bomb is not among them: the bomb's event has its number.
SUM_OF: Mapping[str, str] = {
    "sub": "subscriptions",
    "resub": "subscriptions",
    "subgift": "subscriptions",
    "giftpaidupgrade": "subscriptions",
    "primepaidupgrade": "subscriptions",
    "ban": "bans",
    "timeout": "timeouts",
    "deletion": "deletions",
    "clear": "chat_cleared",
    "mode": "chat_mode",
}
SUM_KINDS = frozenset(SUM_OF.values())
# A change that was missed shows in the ROOMSTATE of the next join.
TOLD_BY_JOINS = frozenset({"mode"})
# A minute is summed some seconds after its end; what is younger may not be written yet.
LATE_MS = 70_000
SUMMED_AFTER_MS = 10_000


@dataclass(frozen=True, slots=True)
class HeardSum:
    """One sum or single event as history keeps it; `at_ms` is when the first counted line was sent."""

    channel_id: str
    kind: str
    at_ms: int
    count: int


@dataclass(slots=True)
class Sums:
    """How many the sums had to hold at least, in all, and what differs."""

    summed: int = 0
    differences: list[str] = field(default_factory=list)


def match_sums(entries: Iterable[Entry], heard: Sequence[HeardSum], bounds: Bounds) -> Sums:
    """Compare what was summed of each channel and kind with what was sent."""
    least, most = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    covered_from_ms: int | None = None
    waiting: list[Entry] = []
    for entry in entries:
        covered_from_ms = entry.sent_ms if covered_from_ms is None else min(covered_from_ms, entry.sent_ms)
        if entry.kind in SUM_OF and (entry.connections or entry.kind in TOLD_BY_JOINS):
            most[entry.channel_id, SUM_OF[entry.kind]] += 1
            if entry.connections and _is_sure(entry, bounds):
                waiting.append(entry)
    if covered_from_ms is None:
        return Sums()
    # A sum that began before the ledger does holds what the ledger does not.
    for entry in waiting:
        if entry.sent_ms >= covered_from_ms + MINUTE_MS:
            least[entry.channel_id, SUM_OF[entry.kind]] += 1
    found = Counter[tuple[str, str]]()
    for one in heard:
        if one.at_ms >= covered_from_ms:
            found[one.channel_id, one.kind] += one.count
    return Sums(least.total(), list(_differences(least, most, found)))


def _differences(
    least: Mapping[tuple[str, str], int], most: Mapping[tuple[str, str], int], found: Mapping[tuple[str, str], int]
) -> Iterable[str]:
    for channel_id, kind in sorted({*most, *found}):
        key = (channel_id, kind)
        low, high, count = least.get(key, 0), most.get(key, 0), found.get(key, 0)
        if not low <= count <= high:
            yield f"{count} {kind} of channel {channel_id} were summed, expected {low} to {high}"


def _is_sure(entry: Entry, bounds: Bounds) -> bool:
    """Whether what was sent must be in a sum: it was heard, and the minute it belongs to was written."""
    if not bounds.from_ms <= entry.sent_ms - MINUTE_MS:
        return False
    gaps = bounds.gaps.get(entry.channel_id, ())
    return entry.sent_ms <= bounds.promise_ms - LATE_MS and not any(_spoils(gap, entry.sent_ms) for gap in gaps)


def _spoils(gap: Gap, sent_ms: int) -> bool:
    """Whether a gap may have taken what was sent: with its producer, a minute's sum dies that was not written.

    A sum that was dropped is a gap where it began, and takes its whole minute.
    """
    minute_ends_ms = (sent_ms // MINUTE_MS + 1) * MINUTE_MS
    if gap.reason in DROP_REASONS and gap.from_ms < minute_ends_ms:
        return sent_ms // MINUTE_MS <= gap.until_ms // MINUTE_MS
    return gap.from_ms <= minute_ends_ms + SUMMED_AFTER_MS and sent_ms <= gap.until_ms
