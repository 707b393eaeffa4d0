"""Log messages about a job's checkpoints: each change is logged once."""

from __future__ import annotations

import httpx

from apps.metrics.checkpoint_watch import OVERDUE_S, Checkpoint, Checkpoints, CheckpointWatch
from apps.metrics.flink_cluster import FlinkCluster


def logged(*statistics: tuple[float, int, int], job_id: str = "a", watch: CheckpointWatch | None = None) -> list[str]:
    """Return the messages for statistics, each given as (seconds, completed, failed)."""
    watch = watch or CheckpointWatch()
    messages = (
        watch.update(job_id, Checkpoints(completed, failed, "disk full"), at_s)
        for at_s, completed, failed in statistics
    )
    return [message for message in messages if message is not None]


def test_completed_checkpoints_are_not_logged() -> None:
    assert logged((0, 0, 0), (10, 1, 0), (20, 2, 0), (80, 3, 0)) == []


def test_a_failure_and_the_recovery_are_logged_once() -> None:
    failing = [(0, 5, 0), (10, 5, 1), (20, 5, 2), (200, 5, 9)]
    assert logged(*failing) == ["checkpoint failed: disk full"]
    assert logged(*failing, (210, 6, 9), (220, 7, 9)) == [
        "checkpoint failed: disk full",
        "checkpoints complete again",
    ]


def test_overdue_checkpoints_are_logged_once() -> None:
    assert logged((0, 1, 0), (OVERDUE_S, 1, 0)) == []
    assert logged((0, 1, 0), (OVERDUE_S + 1, 1, 0), (OVERDUE_S + 9, 1, 0)) == ["no checkpoint completed for 61 s"]
    assert logged((0, 1, 0), (50, 2, 0), (OVERDUE_S + 40, 2, 0)) == []


def test_a_failure_after_a_recovery_is_logged_again() -> None:
    assert len(logged((0, 1, 0), (10, 1, 1), (20, 2, 1), (30, 2, 2))) == 3


def test_earlier_checkpoints_of_another_job_are_not_logged() -> None:
    watch = CheckpointWatch()
    assert logged((0, 5, 0), watch=watch) == []
    assert logged((70, 0, 3), (80, 0, 3), job_id="b", watch=watch) == []
    assert logged((90, 0, 4), job_id="b", watch=watch) == ["checkpoint failed: disk full"]
    assert logged((99, 7, 0), job_id="c", watch=watch) == []
    assert not watch.is_healthy
    assert logged((100, 8, 0), job_id="c", watch=watch) == ["checkpoints complete again"]


def cluster_with(checkpoints: object) -> FlinkCluster:
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/jobs/a/checkpoints"
        return httpx.Response(200, json=checkpoints)

    return FlinkCluster(httpx.Client(transport=httpx.MockTransport(respond)))


def test_statistics_contain_the_counts_and_the_reason_for_the_last_failure() -> None:
    counts = {"restored": 1, "total": 9, "in_progress": 1, "completed": 6, "failed": 2}
    done = {"id": 7, "latest_ack_timestamp": 1_795_400_000_000, "state_size": 81_920, "end_to_end_duration": 140}
    calm = cluster_with({"counts": counts, "latest": {"completed": done, "failed": None}})
    newest = Checkpoint(1_795_400_000_000, 81_920, 140)
    assert calm.checkpoints("a") == Checkpoints(6, 2, "unknown reason", newest)
    failed = {"failed": {"id": 8, "failure_message": "Read-only file system"}}
    assert cluster_with({"counts": counts, "latest": failed}).checkpoints("a").reason == "Read-only file system"
    unknown = {"failed": {"id": 8, "failure_message": None}}
    assert cluster_with({"counts": counts, "latest": unknown}).checkpoints("a").reason == "unknown reason"
