"""The grain of the windows in a requested range."""

from __future__ import annotations

import pytest

from apps.api.problems import Problem
from apps.api.rest.time_ranges import DEFAULT_POINTS_MAX, with_grain
from apps.metrics.chart_ranges import RANGES

NOW = 1_795_400_000_000


@pytest.mark.parametrize(
    ("key", "grain"),
    [("10m", "live"), ("1h", "live"), ("6h", "live"), ("24h", "minute"), ("7d", "hour"), ("90d", "hour")],
)
def test_the_default_grain_limits_the_number_of_points(key: str, grain: str) -> None:
    range_ = with_grain(RANGES[key], None, NOW)
    assert range_.grain == grain
    assert range_.span_ms // range_.step_ms <= DEFAULT_POINTS_MAX


def test_a_requested_grain_is_used_if_it_is_stored_for_the_range() -> None:
    assert with_grain(RANGES["24h"], "live", NOW).grain == "live"
    with pytest.raises(Problem):
        with_grain(RANGES["7d"], "live", NOW)
