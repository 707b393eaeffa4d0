"""Choice of the grain for a range."""

from __future__ import annotations

import pytest

from core.metrics.columns import STEP_MS, STORED_GRAINS, StoredGrain
from core.metrics.grains import POINTS_MAX, RETENTION_MS, SPAN_MAX_MS, grain_for
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

NOW = 1_795_400_000_000


@pytest.mark.parametrize(
    ("span_ms", "grain"),
    [
        (10 * MINUTE_MS, "live"),
        (6 * HOUR_MS, "live"),
        (24 * HOUR_MS, "live"),
        (26 * HOUR_MS, "minute"),
        (6 * DAY_MS, "minute"),
        (7 * DAY_MS, "hour"),
        (90 * DAY_MS, "hour"),
        (375 * DAY_MS, "hour"),
    ],
)
def test_the_finest_grain_within_the_point_limit_is_chosen(span_ms: int, grain: StoredGrain) -> None:
    assert grain_for(NOW - span_ms, NOW, NOW) == grain


def test_an_old_hour_uses_a_grain_that_is_still_stored() -> None:
    assert grain_for(NOW - 2 * DAY_MS, NOW - 2 * DAY_MS + HOUR_MS, NOW) == "live"
    assert grain_for(NOW - 2 * DAY_MS - 1, NOW - 2 * DAY_MS + HOUR_MS, NOW) == "minute"
    assert grain_for(NOW - 91 * DAY_MS, NOW - 91 * DAY_MS + HOUR_MS, NOW) == "hour"


def test_no_stored_range_exceeds_the_point_limit() -> None:
    assert SPAN_MAX_MS == 375 * DAY_MS
    for days in (1, 7, 30, 90, 375):
        grain = grain_for(NOW - days * DAY_MS, NOW, NOW)
        assert days * DAY_MS // STEP_MS[grain] <= POINTS_MAX
    assert set(RETENTION_MS) == set(STORED_GRAINS) - {"hour"}
