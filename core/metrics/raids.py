"""Effect of a raid on a channel's viewers, from its stored minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from core.times import MINUTE_MS

# Viewers are averaged over this many minutes: those before the raid, and those that begin AFTER_MS after it.
MINUTES, AFTER_MS = 5, 10 * MINUTE_MS
# With fewer known minutes than this, there is no average.
KNOWN_MIN = 3


@dataclass(frozen=True, slots=True)
class RaidEffect:
    """Mean viewers in the 5 minutes before a raid, and from the 10th to the 15th minute after it; None if unknown.

    `raiders` is the number of viewers that Twitch reported for the raid.
    """

    at_ms: int
    raiders: int | None
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        """Return the change in viewers; the raid need not be the only cause."""
        return None if self.before is None or self.after is None else self.after - self.before


def raid_effect(at_ms: int, raiders: int | None, viewers: Mapping[int, float]) -> RaidEffect:
    """Return the effect of a raid from the viewers of each minute, by its end.

    Only whole minutes count: the minute in which the raid arrived is in neither average.
    """
    before_ms = at_ms // MINUTE_MS * MINUTE_MS
    after_ms = -(-at_ms // MINUTE_MS) * MINUTE_MS + AFTER_MS
    return RaidEffect(at_ms, raiders, _mean(viewers, before_ms), _mean(viewers, after_ms + MINUTES * MINUTE_MS))


def _mean(viewers: Mapping[int, float], until_ms: int) -> float | None:
    """Return the mean of the minutes that end in the last MINUTES minutes up to `until_ms`."""
    ends_ms = range(until_ms, until_ms - MINUTES * MINUTE_MS, -MINUTE_MS)
    known = [viewers[end_ms] for end_ms in ends_ms if end_ms in viewers]
    return fmean(known) if len(known) >= KNOWN_MIN else None
