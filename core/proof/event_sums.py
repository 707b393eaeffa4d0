"""Comparison of summed channel events (subscriptions, moderation, chat modes) with the ledger.

The events do not identify the lines that they count, so sums are compared by channel: a sum must include at least the
lines that were certainly received, and at most all lines sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.pipeline.coverage import Gap
from core.proof.comparison import DROP_REASONS, Bounds
from core.proof.ledger import Entry
from core.times import MINUTE_MS

# Kind of event by kind of ledger entry. Gifts in a bomb are absent, because the bomb's event already counts them.
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
# A missed change is detected in the ROOMSTATE of the next join.
REPORTED_ON_JOIN = frozenset({"mode"})
# A minute's sums are written a few seconds after its end; newer sums may not have been written yet.
LATE_MS = 70_000
SUMMED_AFTER_MS = 10_000


@dataclass(frozen=True, slots=True)
class EventSum:
    """A sum or single event in history; `at_ms` is the send time of its first line."""

    channel_id: str
    kind: str
    at_ms: int
    count: int


@dataclass(slots=True)
class SumComparison:
    """The number of lines that the sums must include at least, and the differences."""

    summed: int = 0
    differences: list[str] = field(default_factory=list)


def compare_sums(entries: Iterable[Entry], sums: Sequence[EventSum], bounds: Bounds) -> SumComparison:
    """Compare the sums of each channel and kind with the sent lines."""
    least, most = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    covered_from_ms: int | None = None
    waiting: list[Entry] = []
    for entry in entries:
        covered_from_ms = entry.sent_ms if covered_from_ms is None else min(covered_from_ms, entry.sent_ms)
        if entry.kind in SUM_OF and (entry.connections or entry.kind in REPORTED_ON_JOIN):
            most[entry.channel_id, SUM_OF[entry.kind]] += 1
            if entry.connections and _must_be_summed(entry, bounds):
                waiting.append(entry)
    if covered_from_ms is None:
        return SumComparison()
    # A sum that began before the ledger includes lines that the ledger lacks.
    for entry in waiting:
        if entry.sent_ms >= covered_from_ms + MINUTE_MS:
            least[entry.channel_id, SUM_OF[entry.kind]] += 1
    actual = Counter[tuple[str, str]]()
    for event_sum in sums:
        if event_sum.at_ms >= covered_from_ms:
            actual[event_sum.channel_id, event_sum.kind] += event_sum.count
    return SumComparison(least.total(), list(_differences(least, most, actual)))


def _differences(
    least: Mapping[tuple[str, str], int], most: Mapping[tuple[str, str], int], actual: Mapping[tuple[str, str], int]
) -> Iterable[str]:
    for channel_id, kind in sorted({*most, *actual}):
        key = (channel_id, kind)
        low, high, count = least.get(key, 0), most.get(key, 0), actual.get(key, 0)
        if not low <= count <= high:
            expected = f"{low}" if low == high else f"{low} to {high}"
            yield f"{count} {kind} in channel {channel_id} were summed, expected {expected}"


def _must_be_summed(entry: Entry, bounds: Bounds) -> bool:
    """Return whether a line must be in a sum: it was received, and its minute's sum was written."""
    if not bounds.from_ms <= entry.sent_ms - MINUTE_MS:
        return False
    gaps = bounds.gaps.get(entry.channel_id, ())
    return entry.sent_ms <= bounds.promise_ms - LATE_MS and not any(_may_lose(gap, entry.sent_ms) for gap in gaps)


def _may_lose(gap: Gap, sent_ms: int) -> bool:
    """Return whether a line may have been lost because of a gap.

    A minute's sum that is not yet written is lost with its producer.

    A dropped sum is recorded as a gap at the sum's start, and the whole minute is lost.
    """
    minute_ends_ms = (sent_ms // MINUTE_MS + 1) * MINUTE_MS
    if gap.reason in DROP_REASONS and gap.from_ms < minute_ends_ms:
        return sent_ms // MINUTE_MS <= gap.until_ms // MINUTE_MS
    return gap.from_ms <= minute_ends_ms + SUMMED_AFTER_MS and sent_ms <= gap.until_ms
