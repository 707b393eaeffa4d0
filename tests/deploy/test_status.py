"""What `make status` and the watch of `make run` say."""

import os

from deploy.local.guard import say
from deploy.local.layout import Layout
from deploy.local.run import changes
from deploy.local.status import duration, family, memory_by_pid, print_status, row
from deploy.local.stop import stop_everything
from deploy.local.supervisor_client import ProcessState


def test_nothing_running_is_said_and_fails(layout: Layout) -> None:
    said: list[str] = []
    assert print_status(layout, said.append) == 1
    assert said == [f"Nothing runs from {layout.var}: `make run` starts it"]


def test_stopping_nothing_does_nothing(layout: Layout) -> None:
    assert not stop_everything(layout, say)


def test_a_row_has_state_age_pid_and_memory() -> None:
    assert row(ProcessState("web", "up", 42, 75), 123_400_000).split() == ["web", "up", "1", "min", "42", "123"]


def test_a_process_that_is_away_has_no_pid() -> None:
    assert row(ProcessState("web", "restarting", 0, 0), 0).split() == ["web", "restarting"]


def test_a_duration_reads_at_every_size() -> None:
    assert [duration(seconds) for seconds in (5, 60, 3_599, 3_600, 7_500)] == [
        "5 s",
        "1 min",
        "59 min",
        "1 h 00",
        "2 h 05",
    ]


def test_memory_counts_the_process_and_all_below_it() -> None:
    assert family(1, {1: [2, 3], 3: [4]}) == [1, 2, 3, 4]
    assert family(0, {0: [1]}) == []
    assert memory_by_pid()[os.getpid()] > 1_000_000


def test_a_restart_between_two_looks_is_said() -> None:
    before = {"web": ProcessState("web", "up", 1, 10), "beat": ProcessState("beat", "up", 2, 10)}
    states = [ProcessState("web", "up", 9, 1), ProcessState("beat", "restarting", 0, 0)]
    assert changes(before, states) == ["web is up (pid 9)", "beat is restarting"]


def test_a_quiet_second_says_nothing() -> None:
    state = ProcessState("web", "up", 1, 10)
    assert changes({"web": state}, [state]) == []
