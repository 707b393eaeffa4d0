"""What is said of a job's checkpoints, and that it is said once."""

from __future__ import annotations

import httpx

from apps.metrics.checkpoint_watch import LATE_S, Checkpoint, Checkpoints, CheckpointWatch
from apps.metrics.flink_cluster import FlinkCluster


def said(*looks: tuple[float, int, int], job_id: str = "a", watch: CheckpointWatch | None = None) -> list[str]:
    """Return what is said of looks at (seconds, completed, failed)."""
    watch = watch or CheckpointWatch()
    news = (watch.look(job_id, Checkpoints(completed, failed, "disk full"), at_s) for at_s, completed, failed in looks)
    return [text for text in news if text is not None]


def test_checkpoints_that_come_are_not_worth_a_word() -> None:
    assert said((0, 0, 0), (10, 1, 0), (20, 2, 0), (80, 3, 0)) == []


def test_a_failure_is_told_once_with_its_reason_and_so_is_its_end() -> None:
    failing = [(0, 5, 0), (10, 5, 1), (20, 5, 2), (200, 5, 9)]
    assert said(*failing) == ["a checkpoint failed: disk full"]
    assert said(*failing, (210, 6, 9), (220, 7, 9)) == [
        "a checkpoint failed: disk full",
        "a checkpoint is complete again",
    ]


def test_checkpoints_that_stay_out_without_failing_are_told_once() -> None:
    assert said((0, 1, 0), (LATE_S, 1, 0)) == []
    assert said((0, 1, 0), (LATE_S + 1, 1, 0), (LATE_S + 9, 1, 0)) == ["no checkpoint was completed for 61 s"]
    assert said((0, 1, 0), (50, 2, 0), (LATE_S + 40, 2, 0)) == []


def test_trouble_is_told_again_after_it_was_mended() -> None:
    assert len(said((0, 1, 0), (10, 1, 1), (20, 2, 1), (30, 2, 2))) == 3


def test_what_another_job_has_behind_it_is_no_news() -> None:
    watch = CheckpointWatch()
    assert said((0, 5, 0), watch=watch) == []
    assert said((70, 0, 3), (80, 0, 3), job_id="b", watch=watch) == []
    assert said((90, 0, 4), job_id="b", watch=watch) == ["a checkpoint failed: disk full"]
    assert said((99, 7, 0), job_id="c", watch=watch) == []
    assert not watch.is_well
    assert said((100, 8, 0), job_id="c", watch=watch) == ["a checkpoint is complete again"]


def cluster_that_answers(checkpoints: object) -> FlinkCluster:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/jobs/a/checkpoints"
        return httpx.Response(200, json=checkpoints)

    return FlinkCluster(httpx.Client(transport=httpx.MockTransport(answer)))


def test_flink_tells_how_many_were_completed_and_why_the_last_one_failed() -> None:
    counts = {"restored": 1, "total": 9, "in_progress": 1, "completed": 6, "failed": 2}
    done = {"id": 7, "latest_ack_timestamp": 1_795_400_000_000, "state_size": 81_920, "end_to_end_duration": 140}
    calm = cluster_that_answers({"counts": counts, "latest": {"completed": done, "failed": None}})
    newest = Checkpoint(1_795_400_000_000, 81_920, 140)
    assert calm.checkpoints("a") == Checkpoints(6, 2, "no reason is known", newest)
    failed = {"failed": {"id": 8, "failure_message": "Read-only file system"}}
    assert cluster_that_answers({"counts": counts, "latest": failed}).checkpoints("a").why == "Read-only file system"
    unknown = {"failed": {"id": 8, "failure_message": None}}
    assert cluster_that_answers({"counts": counts, "latest": unknown}).checkpoints("a").why == "no reason is known"
