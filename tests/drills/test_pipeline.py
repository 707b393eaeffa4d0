"""The faults of `make drill`: their limits and the printed report."""

from pathlib import Path
from typing import Any

import pytest

from core.proof.comparison import Fault
from drills.board_recovery import BoardSample
from drills.command import DrillOptions
from drills.pipeline import Outcome, report
from drills.pipeline_faults import PipelineFault, exceeded_limits, pipeline_faults
from drills.stack import Stack
from drills.tmpfs import Tmpfs
from tests.drills.test_board_recovery import recovery, sample


def no_op(_stack: Stack) -> None:
    pass


def exceeded(samples: list[BoardSample], over_s: float = 0.0, baseline_lag_s: float = 1.5, **limits: Any) -> list[str]:
    fault = PipelineFault("a fault", no_op, **limits)
    return exceeded_limits(fault, recovery(*samples, over_s=over_s), baseline_lag_s)


def test_limits_count_from_the_injection_or_from_the_end_of_the_cause() -> None:
    samples = [sample(0.0), sample(10.0, lag_s=9, missing=1, missing_distinct=1), sample(20.0)]
    assert exceeded(samples, live_s=11) == []
    assert exceeded(samples, live_s=10) == ["the boards were live again after 10.2 s: expected within 10 s"]
    assert exceeded(samples, over_s=9.0, complete_s=2, distinct_s=2) == []
    assert exceeded(samples, over_s=7.0, complete_s=2, distinct_s=2) == [
        "the boards were complete after 3.2 s: expected within 2 s",
        "the boards of distinct counts were complete after 3.2 s: expected within 2 s",
    ]


def test_a_pause_of_the_boards_is_limited() -> None:
    samples = [sample(0.0), sample(12.5)]
    assert exceeded(samples, pause_s=12) == ["the boards updated again after 12.5 s: expected within 12 s"]
    assert exceeded(samples, pause_s=13) == []


def test_steady_boards_lag_no_more_than_before() -> None:
    samples = [sample(0.0), sample(1.0, lag_s=3.6)]
    assert exceeded(samples, steady=True, baseline_lag_s=2.6) == []
    assert exceeded(samples, steady=True, baseline_lag_s=2.5) == ["the boards lagged 3.6 s: expected 2.5 s as before"]
    assert exceeded(samples, baseline_lag_s=2.5) == []


def test_a_fault_that_keeps_channels_must_lose_none() -> None:
    samples = [sample(0.0), sample(1.0, joined=97)]
    assert exceeded(samples, keeps_channels=True) == ["the producer left 3 channels: expected none"]
    assert exceeded(samples) == []


def test_ranks_by_outdated_windows_are_always_a_problem() -> None:
    assert exceeded([sample(0.0, stale=2)]) == ["2 channels were ranked by outdated windows"]


def test_fault_names_are_unique_and_checkpoint_faults_need_a_disk(tmp_path: Path) -> None:
    names = [fault.name for fault in pipeline_faults(Tmpfs(tmp_path))]
    assert len(set(names)) == len(names) == 22
    assert set(names) - {fault.name for fault in pipeline_faults(None)} == {"checkpoints fail"}


def test_faults_are_selected_by_name_and_an_unknown_name_is_an_error() -> None:
    faults = pipeline_faults(None)
    assert [fault.name for fault in DrillOptions("1", "1", "1", ["poison", "kafka killed"]).selected(faults)] == [
        "kafka killed",
        "poison",
    ]
    assert DrillOptions("1", "1", "1", []).selected(faults) == faults
    with pytest.raises(SystemExit, match="unknown faults: flood; expected any of task manager killed, "):
        DrillOptions("1", "1", "1", ["flood"]).selected(faults)


COUNTS = {"sent": 9, "windows": 4, "in_gaps": 0, "dropped": 0, "moved": 0, "differences": 0}
FIGURES = {"sent": 9, "rejected": 0, "differences": 0}


def outcome(late: int = 0, rejected: int = 0, problems: list[str] | None = None) -> Outcome:
    fault = PipelineFault("a fault", no_op, rejected=rejected)
    return Outcome(fault, Fault(0, 1), recovery(sample(0.0)), 1.5, late, problems or [])


def test_a_run_without_problems_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert report([outcome()], {**FIGURES, "faults": [COUNTS]}, 60, []) == 0
    assert report([outcome()], {**FIGURES, "faults": [COUNTS]}, 60, ["no disk"]) == 1
    head, row, summary, *_ = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "fault"
    assert row.split() == ["a", "fault", "0.0", "0.0", "0.0", "1.5", "9", "4", "0", "0", "0", "0"]
    assert summary == '{"sent": 9, "rejected": 0, "differences": 0, "late": 0, "problems": 0, "seconds": 60}'


@pytest.mark.parametrize(
    ("result", "changes", "problem"),
    [
        (outcome(problems=["too slow"]), {}, "a fault: too slow"),
        (outcome(), {"differences": 1}, ""),
        (outcome(late=2), {}, "2 records were late in Flink outside any gap"),
        (outcome(rejected=35), {"rejected": 34}, "34 chat records were rejected: expected 35"),
    ],
)
def test_a_run_with_a_problem_fails_and_prints_it(
    result: Outcome, changes: dict[str, int], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report([result], {**FIGURES, **changes, "faults": [COUNTS]}, 60, []) == 1
    assert problem in capsys.readouterr().out


def test_late_records_in_a_recorded_gap_are_not_a_problem() -> None:
    assert report([outcome(late=2)], {**FIGURES, "faults": [{**COUNTS, "in_gaps": 5}]}, 60, []) == 0


@pytest.mark.parametrize("name", ["dropped", "in_gaps"])
def test_dropped_messages_count_as_messages_in_gaps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    report([outcome()], {**FIGURES, "faults": [{**COUNTS, name: 5}]}, 60, [])
    assert capsys.readouterr().out.splitlines()[1].split()[8] == "5"
