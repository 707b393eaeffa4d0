"""Observed time and gaps."""

from __future__ import annotations

from core.pipeline.coverage import Coverage, Gap, RecordedGaps


def joined_at(at_ms: int) -> Coverage:
    coverage = Coverage()
    coverage.track("7", at_ms - 100, "joining")
    coverage.joined("7", 1, at_ms)
    return coverage


def test_a_gap_lasts_until_the_join_is_confirmed() -> None:
    coverage = Coverage()
    coverage.track("7", 1_000, "restart")
    assert coverage.joined("7", 1, 3_500) == Gap("7", 1_000, 3_500, "restart")
    assert coverage.joined("7", 1, 3_600) is None


def test_a_second_that_begins_after_the_join_is_observed_in_full() -> None:
    assert joined_at(1_000).observed(3_000) == {"7": 1_000}


def test_the_second_in_which_a_join_is_confirmed_is_observed_from_the_join_on() -> None:
    assert joined_at(1_300).observed(2_000) == {"7": 700}


def test_a_loss_is_dated_from_the_last_line() -> None:
    coverage = joined_at(1_000)
    coverage.lost("7", 1, 2_250, 2_900, "closed")
    assert coverage.observed(3_000) == {"7": 250}
    assert coverage.observed(4_000) == {"7": 0}
    assert coverage.joined("7", 1, 4_500) == Gap("7", 2_250, 4_500, "closed")
    assert coverage.observed(5_000) == {"7": 500}


def test_a_short_loss_keeps_the_heard_parts_of_a_second() -> None:
    coverage = joined_at(1_000)
    coverage.lost("7", 1, 2_200, 2_300, "closed")
    coverage.joined("7", 1, 2_700)
    assert coverage.observed(3_000) == {"7": 500}


def test_an_open_gap_is_split() -> None:
    coverage = Coverage()
    coverage.track("7", 1_000, "joining")
    assert coverage.split(61_000) == [Gap("7", 1_000, 61_000, "joining")]
    assert coverage.untrack("7", 70_000) == Gap("7", 61_000, 70_000, "joining")
    assert coverage.observed(70_000) == {}


def test_an_untracked_channel_cannot_be_joined() -> None:
    assert Coverage().joined("7", 1, 1) is None


def test_a_takeover_in_time_leaves_no_gap() -> None:
    coverage = joined_at(1_000)
    assert coverage.joined("7", 2, 2_200) is None
    assert coverage.lost("7", 1, 2_600, 2_900, "disconnected") is None
    assert coverage.observed(3_000) == {"7": 1_000}
    assert coverage.heard() == 1


def test_a_late_takeover_leaves_a_gap() -> None:
    coverage = joined_at(1_000)
    coverage.joined("7", 2, 2_700)
    assert coverage.lost("7", 1, 2_300, 2_900, "disconnected") == Gap("7", 2_300, 2_700, "disconnected")
    assert coverage.observed(3_000) == {"7": 600}
    assert coverage.observed(4_000) == {"7": 1_000}


def test_the_loss_of_a_connection_that_had_not_joined_changes_nothing() -> None:
    coverage = joined_at(1_000)
    assert coverage.lost("7", 2, 1_500, 1_600, "disconnected") is None
    assert coverage.observed(2_000) == {"7": 1_000}


def test_a_recorded_gap_reduces_the_time_claimed_as_heard() -> None:
    unheard = RecordedGaps([(12_000, 15_000), (70_000, 90_000), (14_000, 16_000)])
    assert unheard.observed_ms(60_000, 0, 60_000) == 56_000
    assert unheard.observed_ms(60_000, 60_000, 120_000) == 40_000
    assert unheard.observed_ms(10_000, 60_000, 120_000) == 10_000
    assert unheard.observed_ms(30_000, 16_000, 46_000) == 30_000
    assert unheard.observed_ms(5_000, 75_000, 80_000) == 0
    assert RecordedGaps([]).observed_ms(1_000, 0, 1_000) == 1_000


def test_the_gap_of_a_refused_channel_has_the_reason_for_the_refusal() -> None:
    coverage = Coverage()
    coverage.track("7", 1_000, "joining")
    coverage.refused("7", "suspended")
    assert coverage.split(2_000) == [Gap("7", 1_000, 2_000, "suspended")]
