"""Which channels are listened to: the most viewed, kept a while at the edge, and their viewers without blips.

Source: twitch.md "Helix (REST)".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

# A channel on the list leaves it outside this many times the wanted number, in fifths: ranks near the edge change
# places at every poll, and a move costs a join and a gap.
EDGE_FIFTHS = 6
# Helix says 0 or 1 viewers of a large stream now and then, for one poll.
BLIP_MAX = 1
BLIP_FROM = 20


@dataclass(frozen=True, slots=True)
class Curation:
    """What people decided, by channel id: always listened to, and never (blocked or opted out)."""

    pinned: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()


def most_channels(count: int) -> int:
    """Return how many channels the list holds at most when `count` are wanted, pinned ones aside."""
    return count * EDGE_FIFTHS // 5


def believed_viewers(raw: int, *, shown: int | None, last_raw: int | None) -> int:
    """Return the viewers to show: what the last poll showed when `raw` falls to nearly nothing for the first time.

    `shown` and `last_raw` are of the same stream's last poll, None when there was none.
    """
    fell = raw <= BLIP_MAX and shown is not None and shown > BLIP_FROM
    return shown if fell and shown is not None and (last_raw is None or last_raw > BLIP_MAX) else raw


def wanted_channels(
    ranked: Sequence[str],
    away_ms: Mapping[str, int],
    *,
    before: AbstractSet[str],
    curation: Curation,
    count: int,
    kept_ms: int,
) -> list[str]:
    """Return the new list: live channels by rank, then those kept although offline, the latest to leave first.

    `ranked` are live channels, most viewers first; `away_ms` says how long others have been offline;
    `before` is the list until now. It never holds more than `most_channels(count)` and the pinned ones.
    """
    eligible = [channel for channel in ranked if channel not in curation.barred]
    live = [
        channel
        for rank, channel in enumerate(eligible, 1)
        if rank <= count or channel in curation.pinned or (channel in before and rank <= most_channels(count))
    ]
    free = most_channels(count) - sum(channel not in curation.pinned for channel in live)
    kept = []
    for channel in sorted(away_ms, key=lambda channel: (away_ms[channel], channel)):
        if channel in curation.barred:
            continue
        if channel in curation.pinned:
            kept.append(channel)
        elif channel in before and away_ms[channel] < kept_ms and free > 0:
            kept.append(channel)
            free -= 1
    return live + kept
