"""Changes of a metric around an event."""

from __future__ import annotations

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.effects import KNOWN_MIN, SPAN_MS, Change, change_around
from core.times import MINUTE_MS

T = 1_795_392_000_000


@pytest.mark.parametrize(("step_ms", "length_ms"), [(MINUTE_MS, MINUTE_MS), (10_000, 30_000)])
@given(
    offset_ms=st.integers(0, 3 * MINUTE_MS),
    settle_ms=st.sampled_from([0, 10 * MINUTE_MS]),
    values=st.lists(st.one_of(st.none(), st.integers(0, 10_000)), min_size=180, max_size=180),
)
def test_means_cover_the_whole_windows_within_five_minutes_on_each_side(
    step_ms: int, length_ms: int, offset_ms: int, settle_ms: int, values: list[int | None]
) -> None:
    at_ms = T + 8 * MINUTE_MS + offset_ms
    windows = {T + n * step_ms: value for n, value in enumerate(values)}
    known = {end_ms: float(value) for end_ms, value in windows.items() if value is not None}
    change = change_around(known, at_ms, step_ms=step_ms, length_ms=length_ms, settle_ms=settle_ms)
    last_ms = max(end_ms for end_ms in windows if end_ms <= at_ms)
    first_ms = min(end_ms for end_ms in windows if end_ms >= at_ms) + settle_ms
    before = [end_ms for end_ms in windows if last_ms - SPAN_MS <= end_ms - length_ms and end_ms <= last_ms]
    after = [end_ms for end_ms in windows if first_ms <= end_ms - length_ms and end_ms <= first_ms + SPAN_MS]
    assert change.before == mean([windows[end_ms] for end_ms in before])
    assert change.after == mean([windows[end_ms] for end_ms in after])


def mean(values: list[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) >= KNOWN_MIN * len(values) else None


def test_a_change_from_or_to_an_unknown_mean_is_unknown() -> None:
    assert (Change(10, 28).difference, Change(10, 28).ratio) == (18, 2.8)
    assert (Change(0, 5).difference, Change(0, 5).ratio) == (5, None)
    assert [(change.difference, change.ratio) for change in (Change(None, 5), Change(5, None))] == [(None, None)] * 2
