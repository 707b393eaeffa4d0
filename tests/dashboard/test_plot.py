"""Geometry of charts that the server draws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.dashboard.plot import TIME_TICKS_MAX, line, nice_top, time_ticks, value_ticks
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

T = 1_795_392_000_000


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (-5, 1), (0.3, 0.5), (1, 1), (7, 10), (11, 20), (23, 25), (26, 50), (96_083, 100_000)]
)
def test_axes_end_at_round_values(highest: float, top: float) -> None:
    assert nice_top(highest) == pytest.approx(top)


@given(st.floats(1e-6, 1e12))
def test_an_axis_ends_at_most_150_percent_above_the_highest_value(highest: float) -> None:
    assert highest <= nice_top(highest) * (1 + 1e-9)
    assert nice_top(highest) <= 2.5 * highest


@pytest.mark.parametrize(
    ("top", "labels"),
    [(1, ["0.5", "1"]), (2_500, ["1.25k", "2.5k"]), (100_000, ["50k", "100k"]), (5e6, ["2.5M", "5M"])],
)
def test_tick_labels_are_short(top: float, labels: list[str]) -> None:
    assert [tick.label for tick in value_ticks(top)] == labels


@given(st.integers(0, DAY_MS), st.integers(10 * MINUTE_MS, 20 * DAY_MS))
def test_time_ticks_are_few_and_round(offset_ms: int, span_ms: int) -> None:
    ticks = time_ticks(T + offset_ms, T + offset_ms + span_ms)
    assert len(ticks) <= TIME_TICKS_MAX + 1
    assert all(tick.at_ms % (5 * MINUTE_MS) == 0 for tick in ticks)
    assert all(3 <= tick.at <= 97 for tick in ticks)


def test_a_line_breaks_where_a_step_is_missing() -> None:
    points = [(T, 10.0), (T + HOUR_MS, 20.0), (T + 4 * HOUR_MS, 0.0)]
    assert line(points, T, T + 4 * HOUR_MS, HOUR_MS, 20.0) == "M0.0 50.0L250.0 0.0M1000.0 100.0h2"
    assert line([], T, T + HOUR_MS, HOUR_MS, 1.0) == ""
