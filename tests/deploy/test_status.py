"""Output of `make status`, and of `make run` while it watches the processes."""

import os

from deploy.local.guard import echo
from deploy.local.layout import Layout
from deploy.local.run import state_changes
from deploy.local.status import duration, history_progress, memory_by_pid, print_status, process_tree, row
from deploy.local.stop import stop_everything
from deploy.local.supervisor_client import ProcessState


def test_a_stopped_instance_is_reported_with_exit_code_1(layout: Layout) -> None:
    lines: list[str] = []
    assert print_status(layout, lines.append) == 1
    assert lines == [f"Nothing is running in {layout.var}. Start Twitchly with `make run`"]


def test_stopping_a_stopped_instance_does_nothing(layout: Layout) -> None:
    assert not stop_everything(layout, echo)


def test_a_row_shows_every_figure_of_a_process() -> None:
    assert row(ProcessState("web", "up", 42, 75), 123_400_000).split() == ["web", "up", "1", "min", "42", "123"]


def test_a_row_without_a_process_has_no_pid() -> None:
    assert row(ProcessState("web", "restarting", 0, 0), 0).split() == ["web", "restarting"]


def test_the_unit_of_a_duration_depends_on_its_length() -> None:
    assert [duration(seconds) for seconds in (5, 60, 3_599, 3_600, 7_500)] == [
        "5 s",
        "1 min",
        "59 min",
        "1 h 00",
        "2 h 05",
    ]


def test_the_progress_of_the_simulated_past_is_shown(layout: Layout) -> None:
    assert history_progress(layout.var) is None
    layout.var.mkdir(parents=True, exist_ok=True)
    (layout.var / "simulated-past.json").write_text('{"hours": 299, "total": 300}')
    assert history_progress(layout.var) == "simulated past: 99%, 299 of 300 hours"


def test_memory_includes_all_descendants() -> None:
    assert process_tree(1, {1: [2, 3], 3: [4]}) == [1, 2, 3, 4]
    assert process_tree(0, {0: [1]}) == []
    assert memory_by_pid()[os.getpid()] > 1_000_000


def test_a_restart_between_two_snapshots_is_reported() -> None:
    previous = {"web": ProcessState("web", "up", 1, 10), "beat": ProcessState("beat", "up", 2, 10)}
    states = [ProcessState("web", "up", 9, 1), ProcessState("beat", "restarting", 0, 0)]
    assert state_changes(previous, states) == ["web is up (pid 9)", "beat is restarting"]


def test_an_unchanged_state_is_not_reported() -> None:
    state = ProcessState("web", "up", 1, 10)
    assert state_changes({"web": state}, [state]) == []
