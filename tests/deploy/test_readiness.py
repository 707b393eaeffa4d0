"""When a job and a board count as live."""

from typing import Any

import pytest

from deploy.local.layout import Layout
from deploy.local.readiness import BoardLook, BoardMoved, job_runs

NOW_MS = 1_000_000


def moved(*looks: BoardLook | None) -> list[bool]:
    """Return what is said after each look."""
    left = iter(looks)
    board = BoardMoved(lambda: next(left), lambda: NOW_MS)
    return [board() for _look in looks]


def test_a_board_that_moves_now_is_live() -> None:
    first, second = BoardLook(["1", "5"], NOW_MS - 3_000), BoardLook(["1", "6"], NOW_MS - 2_000)
    assert moved(None, first, first, second) == [False, False, False, True]


def test_a_board_that_moves_through_the_past_is_not_live_yet() -> None:
    first, second = BoardLook(["1", "5"], NOW_MS - 60_000), BoardLook(["1", "6"], NOW_MS - 10_001)
    assert moved(first, second, BoardLook(["1", "7"], NOW_MS - 10_000)) == [False, False, True]


def test_a_board_of_now_that_stands_still_is_not_live() -> None:
    first = BoardLook(["1", "5"], NOW_MS - 1_000)
    assert moved(first, BoardLook(["1", "5"], NOW_MS), BoardLook(["1", "6"], NOW_MS - 1_000)) == [False] * 3


def test_the_clock_of_the_copy_may_be_shifted(layout: Layout) -> None:
    assert layout.clock_offset_ms == 0
    shifted = Layout(layout.root, layout.var, layout.ports, {"CLOCK_OFFSET_MS": "-5000"})
    assert shifted.clock_offset_ms == -5_000


@pytest.mark.parametrize(
    ("state", "tasks", "runs"),
    [
        ("RUNNING", {"total": 3, "running": 2, "finished": 1}, True),
        ("RUNNING", {"total": 3, "running": 2, "finished": 0, "deploying": 1}, False),
        ("RUNNING", {"total": 0, "running": 0, "finished": 0}, False),
        ("RESTARTING", {"total": 3, "running": 3, "finished": 0}, False),
    ],
)
def test_a_job_runs_once_all_its_tasks_do(state: str, tasks: dict[str, int], runs: bool) -> None:
    cancelled: dict[str, Any] = {"state": "CANCELED", "tasks": {"total": 1, "running": 0, "finished": 1}}
    assert job_runs({"jobs": [cancelled, {"state": state, "tasks": tasks}]}) is runs
    assert not job_runs({"jobs": []})
