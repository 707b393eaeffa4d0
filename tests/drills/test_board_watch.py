"""What looks at the boards say of a fault."""

from typing import Any

import pytest

from drills.board_watch import DISTINCT_FRESH_S, FRESH_S, RANKED_MS, Board, BoardCourse, Sight, see
from drills.watching import CALM_S, EVERY_S, Look

NOW_S = 1_790_000_000.0
NOW_MS = 1_790_000_000_000
WELL = Look(0, 100, 100, 100, 0, 0)


def sight(at_s: float = 0.0, **changes: Any) -> Sight:
    fields = {"end_ms": NOW_MS + int(at_s * 1000), "lag_s": 1.5, "missing": 0, "missing_distinct": 0, "uncovered": 0}
    others = {"stale": 0, "ears": WELL, "joined": 100, "listed": 100, "answers": True, "is_carried": True}
    return Sight(**{"at_s": at_s, **fields, **others, **changes})


def course(*sights: Sight, over_s: float | None = 0.0, watch_s: float = 0.0) -> BoardCourse:
    return BoardCourse(0.0, watch_s, list(sights), over_s)


@pytest.mark.parametrize(
    "change",
    [
        {"lag_s": FRESH_S + 0.1},
        {"end_ms": 0},
        {"missing": 1},
        {"missing_distinct": 1},
        {"uncovered": 1},
        {"answers": False},
        {"is_carried": False},
        {"ears": Look(0, 100, 100, 99, 0, 0)},
    ],
)
def test_all_is_well_only_where_nothing_is_amiss(change: dict[str, Any]) -> None:
    assert sight().is_well
    assert not sight(**change).is_well


def test_a_fault_is_over_when_its_cause_is_gone_and_all_was_well_for_long_enough() -> None:
    looks = [sight(0.2), sight(4.0, missing=3), sight(4.0 + CALM_S), sight(4.0 + CALM_S + EVERY_S)]
    assert not course(*looks[:3]).is_over
    assert course(*looks).is_over
    assert not course(*looks, over_s=None).is_over
    assert not course(*looks, over_s=5.0).is_over
    assert course(*looks, sight(5.0 + CALM_S), over_s=5.0).is_over


def test_a_fault_that_is_felt_later_is_not_over_before_it_was_watched_for_long_enough() -> None:
    looks = [sight(0.2), sight(29.9), sight(30.0)]
    assert not course(*looks[:2], watch_s=30).is_over
    assert course(*looks, watch_s=30).is_over


def test_recovery_lasts_until_the_last_look_that_was_amiss() -> None:
    found = course(sight(0.2), sight(1.0, lag_s=9), sight(2.0), sight(3.0, uncovered=5), sight(9.0), over_s=2.5)
    assert found.well_s == 3.0 + EVERY_S
    assert found.again_s(lambda one: one.is_live, 0.0) == 1.0 + EVERY_S
    assert found.again_s(lambda one: one.is_complete, 2.5) == 0.0
    assert course(sight(0.2), sight(9.0)).well_s == 0.0


def test_boards_stand_while_no_newer_window_comes_and_while_they_are_empty() -> None:
    ends = [(0.0, 1_000), (1.0, 2_000), (2.0, 2_000), (5.0, 0), (9.0, 2_000), (11.0, 3_000), (12.0, 4_000)]
    assert course(*(sight(at_s, end_ms=end_ms) for at_s, end_ms in ends)).stood_s == 10.0


def test_boards_that_never_move_again_stand_until_the_last_look() -> None:
    assert course(sight(0.0, end_ms=1), sight(1.0, end_ms=2), sight(60.0, end_ms=2)).stood_s == 59.0


def test_the_lag_is_told_of_boards_that_are_there() -> None:
    assert course(sight(0.0, lag_s=2.0), sight(1.0, lag_s=NOW_S, end_ms=0), sight(2.0, lag_s=3.0)).lag_s == 3.0


def test_channels_that_were_parted_for_a_moment_are_counted_where_twitch_answers() -> None:
    assert course(*(sight(float(n), joined=joined) for n, joined in enumerate((0, 100, 40, 0, 100)))).lost == 60
    assert course(sight(0.0, joined=0)).lost == 0
    assert course(sight(0.0), sight(1.0, joined=98, listed=98), sight(2.0, joined=97, listed=98)).lost == 1


def test_a_channel_is_missing_without_a_window_as_new_as_the_others() -> None:
    board = Board({"1": NOW_MS - 1_000, "2": NOW_MS - 2_000, "3": NOW_MS - 3_001}, {}, whole={"1"})
    seen = see(board, {"1", "2", "3", "4"}, NOW_S)
    assert (seen["missing"], seen["uncovered"], seen["lag_s"]) == (2, 3, 1.0)


def test_distinct_counts_are_missing_when_they_are_older_than_their_step_allows() -> None:
    edge_ms = int(DISTINCT_FRESH_S * 1000)
    board = Board({}, {"1": NOW_MS - edge_ms, "2": NOW_MS - edge_ms - 1})
    assert see(board, {"1", "2", "3"}, NOW_S)["missing_distinct"] == 2


def test_on_an_empty_board_everybody_is_missing() -> None:
    seen = see(Board({}, {}), {"1", "2"}, NOW_S)
    assert (seen["end_ms"], seen["missing"], seen["missing_distinct"], seen["stale"]) == (0, 2, 2, 0)


def test_who_is_ranked_by_a_window_of_long_ago_or_none_is_stale() -> None:
    ends = {"1": NOW_MS, "2": NOW_MS - RANKED_MS, "3": NOW_MS - RANKED_MS - 1}
    assert Board(ends, {}, ranked=["1", "2", "3", "4"]).stale() == 2
