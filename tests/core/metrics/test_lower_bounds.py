"""Lower bounds of ranges and broadcasts."""

from __future__ import annotations

import pytest

from core.metrics.broadcasts import Broadcast
from core.metrics.lower_bounds import LowerBounds
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRICS


@pytest.mark.parametrize("heard", [1.0, 0.9995, 0.9994, 0.75])
@pytest.mark.parametrize("known", [1.0, 0.9995, 0.75])
def test_a_range_and_a_broadcast_of_the_same_time_have_the_same_bounds(heard: float, known: float) -> None:
    on_air_ms = 4_000_000
    range_ = RangeSummary(
        0,
        6_000_000,
        {"viewer_pulses": round(known * on_air_ms / 1_000)},
        heard_ms=round(heard * on_air_ms),
        on_air_ms=on_air_ms,
        on_air_heard_ms=round(heard * on_air_ms),
    )
    broadcast = Broadcast("7", 0, on_air_ms, 0, heard, viewers_coverage=known)
    assert range_.lower_bounds == broadcast.lower_bounds == LowerBounds(chat=heard < 0.9995, viewers=known < 0.9995)
    for metric in METRICS:
        assert range_.lower_bounds.of(metric.key) == (known < 0.9995 if metric.key == "viewers" else heard < 0.9995)


def test_viewer_figures_from_old_versions_are_lower_bounds_if_chat_was_missed() -> None:
    assert Broadcast("7", 0, 1, 0, 0.9).lower_bounds == LowerBounds(chat=True, viewers=True)
    assert Broadcast("7", 0, 1, 0, 1.0).lower_bounds == LowerBounds(chat=False, viewers=False)
