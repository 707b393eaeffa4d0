"""Which windows a span of the API is made of."""

from __future__ import annotations

import pytest

from apps.api.problems import Problem
from apps.api.rest.spans import POINTS_UNASKED, with_grain
from apps.metrics.queries import RANGES

NOW = 1_795_400_000_000


@pytest.mark.parametrize(
    ("key", "grain"),
    [("10m", "live"), ("1h", "live"), ("6h", "live"), ("24h", "minute"), ("7d", "hour"), ("90d", "hour")],
)
def test_who_asks_for_no_grain_gets_no_more_than_a_plot_can_show(key: str, grain: str) -> None:
    shown = with_grain(RANGES[key], None, NOW)
    assert shown.grain == grain
    assert shown.span_ms // shown.step_ms <= POINTS_UNASKED


def test_who_asks_for_a_grain_gets_it_or_is_told_why_not() -> None:
    assert with_grain(RANGES["24h"], "live", NOW).grain == "live"
    with pytest.raises(Problem):
        with_grain(RANGES["7d"], "live", NOW)
