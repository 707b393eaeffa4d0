"""Event time never runs backwards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.irc.event_time import PROMISE_DELAY_MS, PartitionTime, SlewedClock, clock_warning, event_time_ms


def test_a_time_between_the_promise_and_now_is_unchanged() -> None:
    assert event_time_ms(1_000, 900, 1_100) == 1_000


def test_a_late_time_is_raised_to_the_promise() -> None:
    assert event_time_ms(800, 900, 1_100) == 900


def test_a_time_ahead_of_the_clock_is_clamped() -> None:
    assert event_time_ms(5_000, 900, 1_100) == 1_100


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 500)), max_size=50))
def test_no_record_is_earlier_than_the_promise_of_its_predecessors(steps: list[tuple[int, int]]) -> None:
    times, now_ms, newest_ms = PartitionTime(5_000), 5_000, 5_000
    for sent_ms, passed_ms in steps:
        now_ms += passed_ms
        at_ms = times.stamp(sent_ms, now_ms)
        assert newest_ms - PROMISE_DELAY_MS <= at_ms <= max(now_ms, newest_ms - PROMISE_DELAY_MS)
        newest_ms = max(newest_ms, at_ms)


def test_the_clock_ignores_steps_of_the_wall_clock() -> None:
    clock = SlewedClock(1_000_000, 0)
    assert clock.now_ms(1_000_000 + 3_600_000, 1_000) == 1_001_001
    assert clock.now_ms(1_002_000 - 3_600_000, 2_000) == 1_002_000


def test_the_clock_never_goes_back() -> None:
    clock = SlewedClock(1_000, 500)
    assert clock.now_ms(900, 400) == 1_000


def test_the_clock_starts_no_earlier_than_the_last_record() -> None:
    clock = SlewedClock(1_000, 0)
    clock.raise_to(5_000)
    assert clock.now_ms(1_000, 0) == 5_000


def test_a_changed_system_clock_is_reported() -> None:
    clock, hour_ms = SlewedClock(10 * 3_600_000, 0), 3_600_000
    assert clock_warning(clock.ahead_ms(10 * hour_ms, 0), 2 * hour_ms) is None
    assert "set back by 3600 s: nothing is lost" in str(clock_warning(clock.ahead_ms(9 * hour_ms, 0), 2 * hour_ms))
    assert "until the lead is 7200 s or less" in str(clock_warning(clock.ahead_ms(7 * hour_ms, 0), 2 * hour_ms))
    assert "set forward by 3600 s" in str(clock_warning(clock.ahead_ms(11 * hour_ms, 0), 2 * hour_ms))
