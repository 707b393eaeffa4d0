"""Choice of the checkpoint to resume from, and deletion of the others."""

from __future__ import annotations

import os
import time
from pathlib import Path

from apps.metrics.flink_cluster import (
    CHECKPOINT_MAX_AGE_S,
    SAVEPOINTS,
    Plan,
    delete_other_checkpoints,
    newest_checkpoint,
    plan_of,
)

NOW_S = int(time.time())


def checkpoint(root: Path, plan: str, job: str, number: int, at_s: int, *, whole: bool = True) -> Path:
    folder = root / plan / job / f"chk-{number}"
    folder.mkdir(parents=True)
    if whole:
        write(folder, at_s)
    return folder


def savepoint(root: Path, plan: str, number: int, at_s: int) -> Path:
    folder = root / SAVEPOINTS / plan / f"savepoint-{number}"
    folder.mkdir(parents=True)
    write(folder, at_s)
    return folder


def write(folder: Path, at_s: int) -> None:
    """Complete a checkpoint, dated `at_s` seconds after NOW_S - 1,000."""
    (folder / "_metadata").write_text("state")
    os.utime(folder / "_metadata", (NOW_S - 1_000 + at_s,) * 2)


def test_the_newest_complete_checkpoint_of_the_same_sql_is_used(tmp_path: Path) -> None:
    checkpoint(tmp_path, "aaa-0", "job1", 7, 100)
    newest = checkpoint(tmp_path, "aaa-1795", "job2", 3, 200)
    checkpoint(tmp_path, "aaa-1795", "job2", 4, 300, whole=False)
    checkpoint(tmp_path, "bbb-0", "job3", 9, 400)
    assert newest_checkpoint(tmp_path, "aaa") == (Plan("aaa", 1795), newest)


def test_state_of_different_sql_is_ignored(tmp_path: Path) -> None:
    checkpoint(tmp_path, "bbb-0", "job3", 9, 400)
    assert newest_checkpoint(tmp_path, "aaa") is None
    assert newest_checkpoint(tmp_path / "nowhere", "aaa") is None


def test_a_savepoint_is_used_like_a_checkpoint(tmp_path: Path) -> None:
    checkpoint(tmp_path, "aaa-0", "job1", 7, 100)
    newest = savepoint(tmp_path, "aaa-1795", 1, 200)
    assert newest_checkpoint(tmp_path, "aaa") == (Plan("aaa", 1795), newest)


def test_a_checkpoint_older_than_the_records_on_kafka_is_ignored(tmp_path: Path) -> None:
    checkpoint(tmp_path, "aaa-0", "job1", 7, 1_000 - int(CHECKPOINT_MAX_AGE_S))
    assert newest_checkpoint(tmp_path, "aaa") is None


def test_the_plan_of_a_job_is_read_from_its_folder(tmp_path: Path) -> None:
    checkpoint(tmp_path, "aaa-1795", "job1", 7, 100)
    assert plan_of(tmp_path, "job1") == Plan("aaa", 1795)
    assert plan_of(tmp_path, "job2") is None


def test_the_last_savepoint_is_kept_for_a_rollback(tmp_path: Path) -> None:
    older, newer = savepoint(tmp_path, "aaa-0", 1, 100), savepoint(tmp_path, "bbb-0", 2, 200)
    for folder, at_s in ((older, 100), (newer, 200)):
        os.utime(folder, (at_s, at_s))
    checkpoint(tmp_path, "ccc-0", "job2", 1, 300)
    assert delete_other_checkpoints(tmp_path, "job2")
    assert (older.exists(), newer.exists()) == (False, True)


def test_checkpoints_of_other_jobs_are_deleted_as_soon_as_a_job_has_its_own(tmp_path: Path) -> None:
    old = checkpoint(tmp_path, "aaa-0", "job1", 7, 100)
    other = checkpoint(tmp_path, "bbb-0", "job0", 1, 50)
    started = checkpoint(tmp_path, "aaa-0", "job2", 1, 200, whole=False)
    assert not delete_other_checkpoints(tmp_path, "job2")
    assert old.exists()
    (started / "_metadata").write_text("state")
    assert delete_other_checkpoints(tmp_path, "job2")
    assert started.exists()
    assert not old.exists()
    assert not other.exists()
