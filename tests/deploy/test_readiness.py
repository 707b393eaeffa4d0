"""Readiness of the stream job and of the boards."""

from typing import Any

import pytest

from deploy.local.layout import Layout
from deploy.local.readiness import BoardSample, BoardUpdated, is_job_running

NOW_MS = 1_000_000


def results(*samples: BoardSample | None) -> list[bool]:
    """Return the result of the condition after each sample."""
    remaining = iter(samples)
    has_updated = BoardUpdated(lambda: next(remaining), lambda: NOW_MS)
    return [has_updated() for _ in samples]


def test_a_board_with_recent_updates_is_live() -> None:
    first, second = BoardSample(["1", "5"], NOW_MS - 3_000), BoardSample(["1", "6"], NOW_MS - 2_000)
    assert results(None, first, first, second) == [False, False, False, True]


def test_a_board_that_replays_old_windows_is_not_live() -> None:
    first, second = BoardSample(["1", "5"], NOW_MS - 60_000), BoardSample(["1", "6"], NOW_MS - 10_001)
    assert results(first, second, BoardSample(["1", "7"], NOW_MS - 10_000)) == [False, False, True]


def test_a_recent_board_without_updates_is_not_live() -> None:
    first = BoardSample(["1", "5"], NOW_MS - 1_000)
    assert results(first, BoardSample(["1", "5"], NOW_MS), BoardSample(["1", "6"], NOW_MS - 1_000)) == [False] * 3


def test_the_clock_offset_is_read_from_the_settings(layout: Layout) -> None:
    assert layout.clock_offset_ms == 0
    shifted = Layout(layout.root, layout.var, layout.ports, {"CLOCK_OFFSET_MS": "-5000"})
    assert shifted.clock_offset_ms == -5_000


@pytest.mark.parametrize(
    ("state", "tasks", "expected"),
    [
        ("RUNNING", {"total": 3, "running": 2, "finished": 1}, True),
        ("RUNNING", {"total": 3, "running": 2, "finished": 0, "deploying": 1}, False),
        ("RUNNING", {"total": 0, "running": 0, "finished": 0}, False),
        ("RESTARTING", {"total": 3, "running": 3, "finished": 0}, False),
    ],
)
def test_a_job_counts_as_running_when_all_its_tasks_are(state: str, tasks: dict[str, int], expected: bool) -> None:
    canceled: dict[str, Any] = {"state": "CANCELED", "tasks": {"total": 1, "running": 0, "finished": 1}}
    assert is_job_running({"jobs": [canceled, {"state": state, "tasks": tasks}]}) is expected
    assert not is_job_running({"jobs": []})
