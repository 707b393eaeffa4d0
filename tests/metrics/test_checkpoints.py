"""Which checkpoint a job goes on from, and which are forgotten."""

from __future__ import annotations

import os
from pathlib import Path

from apps.metrics.flink_cluster import Plan, forget_checkpoints, newest_checkpoint


def checkpoint(root: Path, plan: str, job: str, number: int, at_s: int, *, whole: bool = True) -> Path:
    folder = root / plan / job / f"chk-{number}"
    folder.mkdir(parents=True)
    if whole:
        (folder / "_metadata").write_text("state")
        os.utime(folder / "_metadata", (at_s, at_s))
    return folder


def test_the_newest_whole_checkpoint_of_the_same_sql_is_taken(tmp_path: Path) -> None:
    checkpoint(tmp_path, "aaa-0", "job1", 7, 100)
    newest = checkpoint(tmp_path, "aaa-1795", "job2", 3, 200)
    checkpoint(tmp_path, "aaa-1795", "job2", 4, 300, whole=False)
    checkpoint(tmp_path, "bbb-0", "job3", 9, 400)
    assert newest_checkpoint(tmp_path, "aaa") == (Plan("aaa", 1795), newest)


def test_state_of_another_sql_is_no_state(tmp_path: Path) -> None:
    checkpoint(tmp_path, "bbb-0", "job3", 9, 400)
    assert newest_checkpoint(tmp_path, "aaa") is None
    assert newest_checkpoint(tmp_path / "nowhere", "aaa") is None


def test_other_jobs_are_forgotten_once_a_job_has_a_checkpoint_of_its_own(tmp_path: Path) -> None:
    old = checkpoint(tmp_path, "aaa-0", "job1", 7, 100)
    other = checkpoint(tmp_path, "bbb-0", "job0", 1, 50)
    started = checkpoint(tmp_path, "aaa-0", "job2", 1, 200, whole=False)
    assert not forget_checkpoints(tmp_path, "job2")
    assert old.exists()
    (started / "_metadata").write_text("state")
    assert forget_checkpoints(tmp_path, "job2")
    assert started.exists()
    assert not old.exists()
    assert not other.exists()
