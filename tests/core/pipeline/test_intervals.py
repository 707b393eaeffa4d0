"""Sets of time intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.intervals import Intervals, Span


def spans() -> st.SearchStrategy[list[Span]]:
    return st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)).map(lambda span: (span[0], span[0] + span[1])))


@pytest.mark.parametrize("length_ms", [0, 3, 5, 9])
def test_the_first_and_last_part_of_a_set_have_the_requested_length(length_ms: int) -> None:
    times = Intervals([(0, 5), (10, 14)])
    first, last = times.first_ms(length_ms), times.last_ms(length_ms)
    assert first.overlap_ms(0, 20) == last.overlap_ms(0, 20) == length_ms
    assert list(times.first_ms(7)) == [(0, 5), (10, 12)]
    assert list(times.last_ms(7)) == [(2, 5), (10, 14)]


@given(spans(), spans())
def test_a_difference_contains_only_the_times_that_the_other_set_lacks(one: list[Span], other: list[Span]) -> None:
    left = Intervals(one) - Intervals(other)
    for at_ms in range(30):
        at = at_ms, at_ms + 1
        is_left = bool(Intervals(one).overlap_ms(*at)) and not Intervals(other).overlap_ms(*at)
        assert bool(left.overlap_ms(*at)) == is_left
