"""Percentiles and audience depth."""

from __future__ import annotations

import pytest

from core.metrics.audience_depth import chatters_per_thousand, messages_per_chatter
from core.metrics.percentiles import MIN_PEERS, percentile


def test_the_highest_value_is_above_all_others_and_the_lowest_above_none() -> None:
    values = [float(n) for n in range(11)]
    assert [percentile(value, values) for value in (10, 5, 0)] == [100, 50, 0]


def test_equal_values_are_at_the_50th_percentile() -> None:
    assert percentile(7, [7] * 20) == 50
    assert percentile(9, [9, 9, *range(9)]) == 95


def test_percentiles_are_rounded_down() -> None:
    assert percentile(999, [*range(1_000), 1_000]) == 99


@pytest.mark.parametrize("few", range(1, MIN_PEERS))
def test_a_small_peer_group_has_no_percentiles(few: int) -> None:
    assert percentile(1, [1] * few) is None
    assert percentile(1, [1] * MIN_PEERS) is not None


def test_depth_relates_chatters_to_viewers_and_messages_to_chatters() -> None:
    assert chatters_per_thousand(30, 2_000) == 15
    assert messages_per_chatter(60, 40) == 1.5


@pytest.mark.parametrize(("chatters", "viewers"), [(None, 500), (30, None), (30, 0)])
def test_chatters_per_thousand_are_unknown_without_both_counts(chatters: int | None, viewers: int | None) -> None:
    assert chatters_per_thousand(chatters, viewers) is None


def test_messages_per_chatter_are_unknown_without_chatters() -> None:
    assert messages_per_chatter(0, 0) is None
    assert messages_per_chatter(None, 3) is None
    assert chatters_per_thousand(0, 100) == 0
