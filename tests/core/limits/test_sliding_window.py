"""A pace is never exceeded, in any window."""

from __future__ import annotations

from core.limits.sliding_window import Pace


def test_one_more_waits_until_the_window_has_moved_on() -> None:
    pace = Pace(2, 60)
    for now_s in (0.0, 10.0):
        assert pace.wait_s(now_s) == 0
        pace.take(now_s)
    assert pace.wait_s(20) == 40
    assert pace.wait_s(59) == 1
    assert pace.wait_s(60) == 0


def test_no_window_ever_holds_more_than_allowed() -> None:
    pace, now_s, taken = Pace(600, 60), 0.0, []
    for step in range(5_000):
        now_s += pace.wait_s(now_s)
        pace.take(now_s)
        taken.append(now_s)
        now_s += 0.01 * (step % 7)
    assert all(later - earlier > 59.999 for earlier, later in zip(taken, taken[600:], strict=False))


def test_a_closed_pace_opens_when_it_was_told() -> None:
    pace = Pace(10, 60)
    pace.close(30)
    pace.close(20)
    assert pace.wait_s(5) == 25
    assert pace.wait_s(30) == 0
