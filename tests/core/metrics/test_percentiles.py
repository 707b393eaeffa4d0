"""A place among others, and how deep an audience is."""

from __future__ import annotations

import pytest

from core.metrics.audience_depth import chatters_per_thousand, messages_per_chatter
from core.metrics.percentiles import MIN_PEERS, percentile


def test_the_first_is_above_all_others_and_the_last_above_none() -> None:
    values = [float(n) for n in range(11)]
    assert [percentile(value, values) for value in (10, 5, 0)] == [100, 50, 0]


def test_equal_ones_share_the_middle_and_nobody_is_above_all_of_them() -> None:
    assert percentile(7, [7] * 20) == 50
    assert percentile(9, [9, 9, *range(9)]) == 95


def test_a_percentage_is_cut_so_that_100_means_all() -> None:
    assert percentile(999, [*range(1_000), 1_000]) == 99


@pytest.mark.parametrize("few", range(1, MIN_PEERS))
def test_few_others_say_nothing(few: int) -> None:
    assert percentile(1, [1] * few) is None
    assert percentile(1, [1] * MIN_PEERS) is not None


def test_depth_is_of_those_who_watch_and_of_those_who_write() -> None:
    assert chatters_per_thousand(30, 2_000) == 15
    assert messages_per_chatter(60, 40) == 1.5


@pytest.mark.parametrize(("chatters", "viewers"), [(None, 500), (30, None), (30, 0)])
def test_depth_is_unknown_while_nobody_watches_or_nobody_knows(chatters: int | None, viewers: int | None) -> None:
    assert chatters_per_thousand(chatters, viewers) is None


def test_nobody_writing_is_no_mean() -> None:
    assert messages_per_chatter(0, 0) is None
    assert messages_per_chatter(None, 3) is None
    assert chatters_per_thousand(0, 100) == 0
