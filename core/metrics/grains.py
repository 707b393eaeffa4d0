"""Which stored grain answers a question about the past."""

from __future__ import annotations

from collections.abc import Mapping

from core.metrics.columns import STEP_MS, STORED_GRAINS, StoredGrain
from core.times import DAY_MS

# How long the rows of a grain are kept, and what happened to a channel; hours stay.
KEPT_MS: Mapping[StoredGrain, int] = {"live": 2 * DAY_MS, "minute": 90 * DAY_MS}
EVENTS_KEPT_MS = 90 * DAY_MS
# A chart draws no more points than this: 25 h of live windows, 6 d of minutes, 375 d of hours.
POINTS_MAX = 9_000
SPAN_MAX_MS = POINTS_MAX * STEP_MS["hour"]


def grain_for(from_ms: int, until_ms: int, now_ms: int, points_max: int = POINTS_MAX) -> StoredGrain:
    """Return the finest grain that still holds the whole span and gives no more than `points_max` points.

    A span longer than SPAN_MAX_MS gives more of any grain.
    Rows are never summed into longer ones: people who wrote in two windows would count twice.
    """
    for grain in STORED_GRAINS:
        is_kept = from_ms >= now_ms - KEPT_MS.get(grain, now_ms)
        if is_kept and (until_ms - from_ms) // STEP_MS[grain] <= points_max:
            return grain
    return "hour"
