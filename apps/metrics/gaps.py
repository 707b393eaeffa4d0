"""Gaps of one channel: spans in which it was missed, with the reason as display text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

GAP_REASONS: Mapping[str, str] = {
    "joining": "the channel was being joined",
    "restart": "the producer was restarted",
    "disconnected": "the connection to Twitch was lost",
    "parted": "Twitch removed us from the channel",
    "suspended": "Twitch has suspended the channel",
    "refused": "Twitch refused the join",
    "silent": "no messages arrived although chat was active",
    "overflow": "more messages arrived than could be buffered",
    "delivery": "messages did not reach Kafka",
    "handover": "another producer took over",
    "unwanted": "the channel was removed from the list",
}
# Tracked and not heard, without a recorded gap yet: the channel is still being joined, or cannot be joined.
NOT_HEARD = "the channel is tracked but not joined"
# On air, without a recorded gap: the channel was not tracked yet, or the producer is down.
NO_DATA = "the channel was on air but no data was recorded"


@dataclass(frozen=True, slots=True)
class GapSpan:
    """An interval in which the channel was not heard or may not have been heard; `reason` is display text."""

    from_ms: int
    until_ms: int
    reason: str


def merge_gaps(gaps: Iterable[GapSpan]) -> list[GapSpan]:
    """Return `gaps` sorted by time; gaps with the same reason that touch or overlap are merged."""
    merged: list[GapSpan] = []
    newest: dict[str, int] = {}
    for gap in gaps:
        index = newest.get(gap.reason)
        if index is not None and gap.from_ms <= merged[index].until_ms:
            merged[index] = replace(merged[index], until_ms=max(merged[index].until_ms, gap.until_ms))
        else:
            newest[gap.reason] = len(merged)
            merged.append(gap)
    return merged
