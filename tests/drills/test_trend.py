"""What counts as flat."""

import random

import pytest

from drills.soak import KINDS, drawn
from drills.trend import trend


def test_a_trend_compares_the_first_third_with_the_last() -> None:
    found = trend([(0, 10), (10, 10), (20, 50), (30, 50), (40, 16), (50, 16)])
    assert (found.first, found.last) == (10, 16)


def test_the_slope_is_by_hour() -> None:
    assert trend([(0.0, 5.0), (1800.0, 10.0), (3600.0, 15.0)]).slope_per_h == pytest.approx(10)
    assert trend([(0.0, 5.0)]).slope_per_h == 0


def test_growth_beyond_a_tenth_and_the_slack_is_not_flat() -> None:
    assert trend([(0, 100), (1, 100), (2, 115)]).is_flat(slack=5)
    assert not trend([(0, 100), (1, 100), (2, 116)]).is_flat(slack=5)


def test_faults_are_the_same_from_the_same_seed_and_all_kinds_come() -> None:
    first, second = random.Random(3), random.Random(3)
    faults = [drawn(first) for _ in range(300)]
    assert faults == [drawn(second) for _ in range(300)]
    assert {fault["kind"] for fault in faults} == set(KINDS)


def test_every_fault_that_is_drawn_is_one_that_the_simulated_twitch_knows() -> None:
    from simulator.faults import DEFAULTS, parse_request

    assert set(KINDS) == set(DEFAULTS)
    draw = random.Random(1)
    for _ in range(100):
        parse_request(drawn(draw))
