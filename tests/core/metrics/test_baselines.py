"""Comparison of a broadcast with the channel's previous ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.metrics.baselines import PREVIOUS, baselines
from core.metrics.broadcasts import Broadcast
from core.times import HOUR_MS

WHOLE = Broadcast("1", 0, 2 * HOUR_MS, 1_000, 1.0, 900, 500.0, 1_000.0, viewers_coverage=1.0)


def test_figures_are_compared_with_the_median_of_the_last_five() -> None:
    previous = [replace(WHOLE, peak_viewers=peak) for peak in (100, 300, 200, 500, 400, 9_999, 9_999)]
    peak = baselines(WHOLE, previous)["peak_viewers"]
    assert (peak.median, peak.count) == (300, PREVIOUS)
    assert peak.change == pytest.approx(200)


def test_lower_bounds_and_unknown_figures_are_not_part_of_a_baseline() -> None:
    half_heard = replace(WHOLE, coverage=0.5, messages=1)
    unknown = replace(WHOLE, peak_viewers=None)
    found = baselines(WHOLE, [half_heard, half_heard, unknown, WHOLE, WHOLE])
    assert "messages" in found
    assert found["messages"].count == 3
    assert found["messages"].median == 1_000
    assert found["peak_viewers"].count == 4
    assert "messages" not in baselines(WHOLE, [half_heard] * 3 + [WHOLE] * 2)


def test_an_incomplete_figure_has_a_baseline_but_no_change() -> None:
    found = baselines(replace(WHOLE, coverage=0.5), [WHOLE] * 3)
    assert found["messages"].change is None
    assert found["length"].change == 0
    assert baselines(WHOLE, [replace(WHOLE, messages=0)] * 3)["messages"].change is None


def test_fewer_than_three_previous_broadcasts_give_no_baseline() -> None:
    assert baselines(WHOLE, [WHOLE] * 2) == {}
