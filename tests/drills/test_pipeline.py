"""The faults of `make drill`: their limits, and what the table says of them."""

from pathlib import Path
from typing import Any

import pytest

from core.proof.comparison import Fault
from drills.board_watch import Sight
from drills.checkpoint_disk import CheckpointDisk
from drills.command import Asked
from drills.pipeline import Outcome, told
from drills.pipeline_faults import PipelineFault, broken_limits, pipeline_faults
from drills.stack import Stack
from tests.drills.test_board_watch import course, sight


def nothing(_stack: Stack) -> None:
    pass


def limits(looks: list[Sight], over_s: float = 0.0, usual_lag_s: float = 1.5, **given: Any) -> list[str]:
    return broken_limits(PipelineFault("a fault", nothing, **given), course(*looks, over_s=over_s), usual_lag_s)


def test_limits_count_from_the_beginning_or_from_when_the_cause_is_gone() -> None:
    looks = [sight(0.0), sight(10.0, lag_s=9, missing=1, missing_distinct=1), sight(20.0)]
    assert limits(looks, live_s=11) == []
    assert limits(looks, live_s=10) == ["the boards were live again after 10.2 s: expected within 10 s"]
    assert limits(looks, over_s=9.0, complete_s=2, distinct_s=2) == []
    assert limits(looks, over_s=7.0, complete_s=2, distinct_s=2) == [
        "the boards were complete after 3.2 s: expected within 2 s",
        "the boards of distinct counts were complete after 3.2 s: expected within 2 s",
    ]


def test_boards_may_stand_for_as_long_as_is_told() -> None:
    looks = [sight(0.0), sight(12.5)]
    assert limits(looks, stands_s=12) == ["the boards moved on after 12.5 s: expected within 12 s"]
    assert limits(looks, stands_s=13) == []


def test_steady_boards_lag_as_before() -> None:
    looks = [sight(0.0), sight(1.0, lag_s=3.6)]
    assert limits(looks, steady=True, usual_lag_s=2.6) == []
    assert limits(looks, steady=True, usual_lag_s=2.5) == ["the boards lagged 3.6 s: expected 2.5 s as before"]
    assert limits(looks, usual_lag_s=2.5) == []


def test_no_channel_may_be_parted_where_all_are_to_be_kept() -> None:
    looks = [sight(0.0), sight(1.0, joined=97)]
    assert limits(looks, keeps_channels=True) == ["3 channels were parted: expected none"]
    assert limits(looks) == []


def test_old_ranks_are_never_right() -> None:
    assert limits([sight(0.0, stale=2)]) == ["2 channels were ranked by old windows"]


def test_every_fault_has_a_name_of_its_own_and_checkpoints_need_a_disk(tmp_path: Path) -> None:
    names = [fault.name for fault in pipeline_faults(CheckpointDisk(tmp_path))]
    assert len(set(names)) == len(names) == 22
    assert set(names) - {fault.name for fault in pipeline_faults(None)} == {"checkpoints fail"}


def test_faults_are_chosen_by_name_and_an_unknown_name_is_an_error() -> None:
    faults = pipeline_faults(None)
    assert [fault.name for fault in Asked("1", "1", "1", ["poison", "kafka killed"]).chosen(faults)] == [
        "kafka killed",
        "poison",
    ]
    assert Asked("1", "1", "1", []).chosen(faults) == faults
    with pytest.raises(SystemExit, match="unknown: flood; expected task manager killed, "):
        Asked("1", "1", "1", ["flood"]).chosen(faults)


COUNTS = {"sent": 9, "windows": 4, "in_gaps": 0, "dropped": 0, "moved": 0, "differences": 0}
FIGURES = {"sent": 9, "rejected": 0, "differences": 0}


def outcome(late: int = 0, rejected: int = 0, problems: list[str] | None = None) -> Outcome:
    fault = PipelineFault("a fault", nothing, rejected=rejected)
    return Outcome(fault, Fault(0, 1), course(sight(0.0)), 1.5, late, problems or [])


def test_a_drill_in_which_all_held_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert told([outcome()], {**FIGURES, "faults": [COUNTS]}, 60, []) == 0
    assert told([outcome()], {**FIGURES, "faults": [COUNTS]}, 60, ["no disk"]) == 1
    head, row, summary, *_ = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "fault"
    assert row.split() == ["a", "fault", "0.0", "0.0", "0.0", "1.5", "9", "4", "0", "0", "0", "0"]
    assert summary == '{"sent": 9, "rejected": 0, "differences": 0, "late": 0, "problems": 0, "seconds": 60}'


@pytest.mark.parametrize(
    ("one", "changes", "why"),
    [
        (outcome(problems=["too slow"]), {}, "a fault: too slow"),
        (outcome(), {"differences": 1}, ""),
        (outcome(late=2), {}, "2 records were late in Flink outside of every gap"),
        (outcome(rejected=35), {"rejected": 34}, "34 records of chat were rejected: expected 35"),
    ],
)
def test_a_drill_in_which_something_did_not_hold_says_what(
    one: Outcome, changes: dict[str, int], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told([one], {**FIGURES, **changes, "faults": [COUNTS]}, 60, []) == 1
    assert why in capsys.readouterr().out


def test_late_records_inside_of_a_recorded_gap_are_accounted_for() -> None:
    assert told([outcome(late=2)], {**FIGURES, "faults": [{**COUNTS, "in_gaps": 5}]}, 60, []) == 0


@pytest.mark.parametrize("name", ["dropped", "in_gaps"])
def test_dropped_messages_count_as_in_gaps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    told([outcome()], {**FIGURES, "faults": [{**COUNTS, name: 5}]}, 60, [])
    assert capsys.readouterr().out.splitlines()[1].split()[8] == "5"
