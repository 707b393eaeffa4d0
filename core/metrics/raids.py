"""Effect of a raid on a channel's viewers, from its stored minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.metrics.effects import Change, change_around
from core.times import MINUTE_MS

# The time that raiders have to leave again before viewers are counted.
SETTLE_MS = 10 * MINUTE_MS


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
        return Change(self.before, self.after).difference


def raid_effect(at_ms: int, raiders: int | None, viewers: Mapping[int, float]) -> RaidEffect:
    """Return the effect of a raid. `viewers` maps the end of each minute to its viewers."""
    change = change_around(viewers, at_ms, step_ms=MINUTE_MS, length_ms=MINUTE_MS, settle_ms=SETTLE_MS)
    return RaidEffect(at_ms, raiders, change.before, change.after)
