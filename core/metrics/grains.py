"""Choice of the stored grain for a range."""

from __future__ import annotations

from collections.abc import Mapping

from core.metrics.columns import STEP_MS, STORED_GRAINS, StoredGrain
from core.times import DAY_MS

# Retention of rows by grain, and of events. Hours are kept forever.
RETENTION_MS: Mapping[StoredGrain, int] = {"live": 2 * DAY_MS, "minute": 90 * DAY_MS}
EVENT_RETENTION_MS = 90 * DAY_MS
# Maximum points per chart: 25 h of live windows, 6 d of minutes, 375 d of hours.
POINTS_MAX = 9_000
SPAN_MAX_MS = POINTS_MAX * STEP_MS["hour"]


def grain_for(from_ms: int, until_ms: int, now_ms: int, points_max: int = POINTS_MAX) -> StoredGrain:
    """Return the finest grain whose retention covers the whole span and that needs at most `points_max` points.

    A span longer than SPAN_MAX_MS needs more than POINTS_MAX points in every grain. Rows are never summed into longer
    ones, because people who wrote in two windows would be counted twice.
    """
    for grain in STORED_GRAINS:
        is_kept = from_ms >= now_ms - RETENTION_MS.get(grain, now_ms)
        if is_kept and (until_ms - from_ms) // STEP_MS[grain] <= points_max:
            return grain
    return "hour"
