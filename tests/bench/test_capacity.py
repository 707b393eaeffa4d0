"""The ledger's counts for each step."""

from bench.capacity import END_MS, add_counts, periods


def test_the_run_is_split_into_steps_and_the_periods_between_them() -> None:
    steps = [{"from_ms": 10.0, "until_ms": 19.0}, {"from_ms": 30.0, "until_ms": 39.0}]
    assert periods(steps) == [(0, 9), (10, 19), (20, 29), (30, 39), (40, END_MS - 1)]


def test_counts_of_a_step_are_converted_to_rates_per_second() -> None:
    steps = [{"target": 100.0}]
    add_counts(steps, [{"sent": 1_000, "in_chat": 990, "in_gaps": 4, "dropped": 6, "differences": 2}], 10.0)
    assert steps == [{"target": 100.0, "sent": 100, "heard": 99, "lost": 1, "unnoticed": 2}]
