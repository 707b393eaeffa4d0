"""Effect of raids on viewers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.metrics.raids import raid_effect
from core.times import MINUTE_MS

T = 1_795_392_000_000


def minutes(*values: float | None, from_ms: int = T) -> dict[int, float]:
    """Return viewers by the end of each minute from `from_ms`."""
    ends = ((from_ms + (n + 1) * MINUTE_MS, value) for n, value in enumerate(values))
    return {end_ms: value for end_ms, value in ends if value is not None}


def test_a_raid_is_compared_with_the_minutes_around_it() -> None:
    viewers = minutes(*[100.0] * 5, *[900.0] * 11, *[130.0] * 5)
    effect = raid_effect(T + 5 * MINUTE_MS + 20_000, 50, viewers)
    assert (effect.before, effect.after, effect.change) == (100, 130, 30)


def test_a_raid_at_the_start_of_a_minute_excludes_no_minute() -> None:
    viewers = minutes(*[100.0] * 5, *[900.0] * 10, *[130.0] * 5)
    effect = raid_effect(T + 5 * MINUTE_MS, 50, viewers)
    assert (effect.before, effect.after) == (100, 130)


def test_too_few_known_minutes_give_no_average() -> None:
    two_of_five = minutes(None, None, None, 100.0, 100.0, *[900.0] * 11, 130.0, 130.0, 130.0)
    effect = raid_effect(T + 5 * MINUTE_MS + 1, None, two_of_five)
    assert (effect.before, effect.after, effect.change) == (None, 130, None)
    assert raid_effect(T, 50, {}).change is None


@given(st.integers(0, 3 * MINUTE_MS), st.lists(st.integers(0, 10_000), min_size=30, max_size=30))
def test_averages_equal_those_of_the_whole_minutes_in_both_spans(offset_ms: int, values: list[int]) -> None:
    at_ms, viewers = T + 8 * MINUTE_MS + offset_ms, minutes(*map(float, values))
    effect = raid_effect(at_ms, 1, viewers)
    before = [v for end, v in viewers.items() if at_ms - 6 * MINUTE_MS < end - MINUTE_MS and end <= at_ms][-5:]
    after = [v for end, v in viewers.items() if end - MINUTE_MS >= at_ms + 10 * MINUTE_MS][:5]
    assert effect.before == sum(before) / 5
    assert effect.after == sum(after) / 5
