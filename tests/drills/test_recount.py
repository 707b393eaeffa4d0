"""The shifted clocks of the recount drill."""

from __future__ import annotations

import pytest

from drills.recount import DAY_S, clock_offset_ms


@pytest.mark.parametrize("time_of_day_s", [0.0, 1.5, 43_200.0, 86_399.0])
def test_shifted_clocks_show_midnight_at_the_given_time(time_of_day_s: float) -> None:
    midnight_s = 20_000 * DAY_S + time_of_day_s
    offset_ms = clock_offset_ms(midnight_s)
    assert 0 <= offset_ms < DAY_S * 1000
    assert (midnight_s * 1000 + offset_ms) % (DAY_S * 1000) == 0
