"""What the ledger says of each step's time."""

from bench.capacity import END_MS, judged, whole_time


def test_all_time_is_cut_into_steps_and_what_lies_between() -> None:
    steps = [{"from_ms": 10.0, "until_ms": 19.0}, {"from_ms": 30.0, "until_ms": 39.0}]
    assert whole_time(steps) == [(0, 9), (10, 19), (20, 29), (30, 39), (40, END_MS - 1)]


def test_a_step_is_told_by_the_second() -> None:
    steps = [{"asked": 100.0}]
    judged(steps, [{"sent": 1_000, "in_chat": 990, "in_gaps": 4, "dropped": 6, "differences": 2}], 10.0)
    assert steps == [{"asked": 100.0, "sent": 100, "heard": 99, "lost": 1, "unnoticed": 2}]
