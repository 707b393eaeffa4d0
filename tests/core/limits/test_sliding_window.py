"""The limit holds in every window."""

from __future__ import annotations

from core.limits.sliding_window import SlidingWindow


def test_a_call_beyond_the_limit_waits_until_the_oldest_call_leaves_the_window() -> None:
    window = SlidingWindow(2, 60)
    for now_s in (0.0, 10.0):
        assert window.delay_s(now_s) == 0
        window.record(now_s)
    assert window.delay_s(20) == 40
    assert window.delay_s(59) == 1
    assert window.delay_s(60) == 0


def test_no_window_holds_more_calls_than_the_limit() -> None:
    window, now_s, calls_s = SlidingWindow(600, 60), 0.0, []
    for step in range(5_000):
        now_s += window.delay_s(now_s)
        window.record(now_s)
        calls_s.append(now_s)
        now_s += 0.01 * (step % 7)
    assert all(later - earlier > 59.999 for earlier, later in zip(calls_s, calls_s[600:], strict=False))


def test_the_block_that_ends_last_applies() -> None:
    window = SlidingWindow(10, 60)
    window.block_until(30)
    window.block_until(20)
    assert window.delay_s(5) == 25
    assert window.delay_s(30) == 0
