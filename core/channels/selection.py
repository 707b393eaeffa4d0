"""Selection of the channel list by viewers, with hysteresis, and smoothing of viewer counts.

Source: dev.twitch.tv, "Twitch API Reference".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

# A listed channel stays until its rank exceeds this many fifths of the list's size, because ranks near the cut-off
# change with every poll, and each replacement costs a join and a gap.
MARGIN_FIFTHS = 6
# Helix occasionally reports 0 or 1 viewers for a large stream in a single poll.
BLIP_MAX = 1
BLIP_FROM = 20


@dataclass(frozen=True, slots=True)
class Curation:
    """Ids of channels that are always listed (pinned) or never listed (excluded: blocked or opted out)."""

    pinned: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


def max_channels(count: int) -> int:
    """Return the maximum size of the list for a target size of `count`, excluding pinned channels."""
    return count * MARGIN_FIFTHS // 5


def smooth_viewers(raw: int, *, last_viewers: int | None, last_raw: int | None) -> int:
    """Return `raw`, or the previous smoothed value in the first poll that shows a drop to nearly zero.

    `last_viewers` (smoothed) and `last_raw` are from the stream's previous poll, or None if there was none.
    """
    fell = raw <= BLIP_MAX and last_viewers is not None and last_viewers > BLIP_FROM
    return last_viewers if fell and last_viewers is not None and (last_raw is None or last_raw > BLIP_MAX) else raw


def select_channels(
    ranked: Sequence[str],
    offline_ms: Mapping[str, int],
    *,
    previous: AbstractSet[str],
    curation: Curation,
    count: int,
    grace_ms: int,
) -> list[str]:
    """Return the new list: live channels by rank, then retained offline channels, the most recent first.

    `ranked` lists the live channels by descending viewers, `offline_ms` is how long each offline channel has been
    offline, and `previous` is the previous list. The result has at most `max_channels(count)` channels plus pinned
    ones.
    """
    eligible = [channel for channel in ranked if channel not in curation.excluded]
    live = [
        channel
        for rank, channel in enumerate(eligible, 1)
        if rank <= count or channel in curation.pinned or (channel in previous and rank <= max_channels(count))
    ]
    free = max_channels(count) - sum(channel not in curation.pinned for channel in live)
    retained = []
    for channel in sorted(offline_ms, key=lambda channel: (offline_ms[channel], channel)):
        if channel in curation.excluded:
            continue
        if channel in curation.pinned:
            retained.append(channel)
        elif channel in previous and offline_ms[channel] < grace_ms and free > 0:
            retained.append(channel)
            free -= 1
    return live + retained
