"""Trends, and the random faults of a soak."""

import random

import pytest

from drills.soak import KINDS, random_fault
from drills.trend import trend


def test_a_trend_compares_the_first_third_with_the_last() -> None:
    result = trend([(0, 10), (10, 10), (20, 50), (30, 50), (40, 16), (50, 16)])
    assert (result.first, result.last) == (10, 16)


def test_the_slope_is_per_hour() -> None:
    assert trend([(0.0, 5.0), (1800.0, 10.0), (3600.0, 15.0)]).slope_per_h == pytest.approx(10)
    assert trend([(0.0, 5.0)]).slope_per_h == 0


def test_growth_beyond_a_tenth_and_the_slack_is_not_flat() -> None:
    assert trend([(0, 100), (1, 100), (2, 115)]).is_flat(slack=5)
    assert not trend([(0, 100), (1, 100), (2, 116)]).is_flat(slack=5)


def test_a_seed_determines_the_faults_and_every_kind_occurs() -> None:
    first, second = random.Random(3), random.Random(3)
    faults = [random_fault(first) for _ in range(300)]
    assert faults == [random_fault(second) for _ in range(300)]
    assert {fault["kind"] for fault in faults} == set(KINDS)


def test_the_simulated_twitch_accepts_every_random_fault() -> None:
    from simulator.faults import DEFAULTS, parse_request

    assert set(KINDS) == set(DEFAULTS)
    rng = random.Random(1)
    for _ in range(100):
        parse_request(random_fault(rng))
