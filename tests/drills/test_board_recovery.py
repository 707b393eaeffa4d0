"""Recovery of the boards from a fault."""

from typing import Any

import pytest

from drills.board_recovery import (
    DISTINCT_FRESH_S,
    FRESH_S,
    RANKED_MS,
    Board,
    BoardRecovery,
    BoardSample,
    compare_board,
)
from drills.recovery import CALM_S, EVERY_S, ListeningSample

NOW_S = 1_790_000_000.0
NOW_MS = 1_790_000_000_000
HEALTHY = ListeningSample(0, 100, 100, 100, 0, 0)


def sample(at_s: float = 0.0, **changes: Any) -> BoardSample:
    fields = {"end_ms": NOW_MS + int(at_s * 1000), "lag_s": 1.5, "missing": 0, "missing_distinct": 0, "uncovered": 0}
    others = {"stale": 0, "listening": HEALTHY, "joined": 100, "listed": 100}
    states = {"web_responds": True, "history_is_current": True}
    return BoardSample(**{"at_s": at_s, **fields, **others, **states, **changes})


def recovery(*samples: BoardSample, over_s: float | None = 0.0, watch_s: float = 0.0) -> BoardRecovery:
    return BoardRecovery(0.0, watch_s, list(samples), over_s)


@pytest.mark.parametrize(
    "change",
    [
        {"lag_s": FRESH_S + 0.1},
        {"end_ms": 0},
        {"missing": 1},
        {"missing_distinct": 1},
        {"uncovered": 1},
        {"web_responds": False},
        {"history_is_current": False},
        {"listening": ListeningSample(0, 100, 100, 99, 0, 0)},
    ],
)
def test_one_problem_makes_a_sample_unhealthy(change: dict[str, Any]) -> None:
    assert sample().is_healthy
    assert not sample(**change).is_healthy


def test_a_fault_is_over_when_its_cause_has_ended_and_the_instance_stays_healthy() -> None:
    samples = [sample(0.2), sample(4.0, missing=3), sample(4.0 + CALM_S), sample(4.0 + CALM_S + EVERY_S)]
    assert not recovery(*samples[:3]).is_over
    assert recovery(*samples).is_over
    assert not recovery(*samples, over_s=None).is_over
    assert not recovery(*samples, over_s=5.0).is_over
    assert recovery(*samples, sample(5.0 + CALM_S), over_s=5.0).is_over


def test_a_fault_with_a_delayed_effect_is_watched_for_its_minimum_time() -> None:
    samples = [sample(0.2), sample(29.9), sample(30.0)]
    assert not recovery(*samples[:2], watch_s=30).is_over
    assert recovery(*samples, watch_s=30).is_over


def test_recovery_lasts_until_the_last_unhealthy_sample() -> None:
    result = recovery(sample(0.2), sample(1.0, lag_s=9), sample(2.0), sample(3.0, uncovered=5), sample(9.0), over_s=2.5)
    assert result.recovered_s == 3.0 + EVERY_S
    assert result.seconds_until(lambda sample: sample.is_live, 0.0) == 1.0 + EVERY_S
    assert result.seconds_until(lambda sample: sample.is_complete, 2.5) == 0.0
    assert recovery(sample(0.2), sample(9.0)).recovered_s == 0.0


def test_boards_pause_while_no_newer_window_arrives_and_while_they_are_empty() -> None:
    ends = [(0.0, 1_000), (1.0, 2_000), (2.0, 2_000), (5.0, 0), (9.0, 2_000), (11.0, 3_000), (12.0, 4_000)]
    assert recovery(*(sample(at_s, end_ms=end_ms) for at_s, end_ms in ends)).pause_s == 10.0


def test_a_pause_that_never_ends_lasts_until_the_last_sample() -> None:
    assert recovery(sample(0.0, end_ms=1), sample(1.0, end_ms=2), sample(60.0, end_ms=2)).pause_s == 59.0


def test_samples_with_empty_boards_do_not_count_toward_the_lag() -> None:
    assert recovery(sample(0.0, lag_s=2.0), sample(1.0, lag_s=NOW_S, end_ms=0), sample(2.0, lag_s=3.0)).lag_s == 3.0


def test_lost_channels_are_counted_while_twitch_responds() -> None:
    assert recovery(*(sample(float(n), joined=joined) for n, joined in enumerate((0, 100, 40, 0, 100)))).lost == 60
    assert recovery(sample(0.0, joined=0)).lost == 0
    assert recovery(sample(0.0), sample(1.0, joined=98, listed=98), sample(2.0, joined=97, listed=98)).lost == 1


def test_a_channel_with_an_older_window_than_the_others_is_missing() -> None:
    board = Board({"1": NOW_MS - 1_000, "2": NOW_MS - 2_000, "3": NOW_MS - 3_001}, {}, covered={"1"})
    fields = compare_board(board, {"1", "2", "3", "4"}, NOW_S)
    assert (fields["missing"], fields["uncovered"], fields["lag_s"]) == (2, 3, 1.0)


def test_outdated_distinct_counts_are_missing() -> None:
    limit_ms = int(DISTINCT_FRESH_S * 1000)
    board = Board({}, {"1": NOW_MS - limit_ms, "2": NOW_MS - limit_ms - 1})
    assert compare_board(board, {"1", "2", "3"}, NOW_S)["missing_distinct"] == 2

    fields = compare_board(Board({}, {}), {"1", "2"}, NOW_S)
    assert (fields["end_ms"], fields["missing"], fields["missing_distinct"], fields["stale"]) == (0, 2, 2, 0)


def test_a_channel_ranked_by_an_outdated_or_missing_window_is_stale() -> None:
    ends = {"1": NOW_MS, "2": NOW_MS - RANKED_MS, "3": NOW_MS - RANKED_MS - 1}
    assert Board(ends, {}, ranked=["1", "2", "3", "4"]).stale() == 2
