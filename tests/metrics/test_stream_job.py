"""Keeping one stream job running, with fake responses from Flink's REST API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from apps.metrics.flink_cluster import SAVEPOINTS, FlinkCluster, Plan
from apps.metrics.stream_job import StreamJob, plan_digest
from core.errors import ServiceUnavailable


def overview(job_id: str, state: str, running: int, started: int, name: str = "twitchly") -> dict[str, Any]:
    tasks = {"total": 5, "running": running, "finished": 0}
    return {"jid": job_id, "name": name, "state": state, "start-time": started, "tasks": tasks}


class Flink:
    """A fake REST API with jobs and slots that records cancellations and stops."""

    def __init__(self, *jobs: dict[str, Any], slots: int = 2) -> None:
        self.jobs = jobs
        self.slots = slots
        self.canceled: list[str] = []
        self.stopped: list[tuple[str, str]] = []
        self.refuses_to_stop = False
        self.operation: dict[str, Any] = {"location": "file:/savepoints/savepoint-1"}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/stop") and self.refuses_to_stop:
            return httpx.Response(409, json={"errors": ["not running"]})
        if path.endswith("/stop"):
            self.stopped.append((path.split("/")[2], json.loads(request.content)["targetDirectory"]))
            return httpx.Response(202, json={"request-id": "trigger"})
        if path.endswith("/savepoints/trigger"):
            return httpx.Response(200, json={"status": {"id": "COMPLETED"}, "operation": self.operation})
        if request.method == "PATCH":
            self.canceled.append(path.rpartition("/")[2])
            return httpx.Response(202, json={})
        return httpx.Response(
            200, json={"jobs": self.jobs} if path == "/jobs/overview" else {"slots-total": self.slots}
        )

    def job(self) -> StreamJob:
        cluster = FlinkCluster(httpx.Client(transport=httpx.MockTransport(self)))
        return StreamJob(cluster, "twitchly", lambda: False)


def test_a_running_job_is_left_alone() -> None:
    flink = Flink(overview("a", "RUNNING", 5, 1), overview("x", "RUNNING", 5, 2, name="another"))
    assert flink.job().ensure() == "a"
    assert flink.canceled == []


def test_a_duplicate_that_is_not_running_is_canceled() -> None:
    flink = Flink(overview("broken", "RESTARTING", 0, 1), overview("good", "RUNNING", 5, 2))
    assert flink.job().ensure() == "good"
    assert flink.canceled == ["broken"]


def test_the_newer_of_two_running_jobs_is_canceled() -> None:
    flink = Flink(overview("second", "RUNNING", 5, 2), overview("first", "RUNNING", 5, 1))
    assert flink.job().ensure() == "first"
    assert flink.canceled == ["second"]


def test_a_job_with_another_plan_is_stopped_with_a_savepoint(settings: Settings, tmp_path: Path) -> None:
    settings.FLINK_CHECKPOINTS = tmp_path
    (tmp_path / "0123456789ab-0" / "a").mkdir(parents=True)
    flink = Flink(overview("a", "RUNNING", 5, 1), slots=0)
    with pytest.raises(ServiceUnavailable, match="no task manager"):
        flink.job().ensure()
    assert flink.stopped == [("a", f"file://{tmp_path}/{SAVEPOINTS}/0123456789ab-0")]
    assert flink.canceled == []


def test_a_job_with_another_plan_that_makes_no_savepoint_is_canceled(settings: Settings, tmp_path: Path) -> None:
    settings.FLINK_CHECKPOINTS = tmp_path
    (tmp_path / "0123456789ab-0" / "a").mkdir(parents=True)
    flink = Flink(overview("a", "RUNNING", 5, 1), slots=0)
    flink.operation = {"failure-cause": {"stack-trace": "Caused by: no space left"}}
    with pytest.raises(ServiceUnavailable):
        flink.job().ensure()
    assert flink.canceled == ["a"]


def test_a_job_with_another_plan_that_cannot_be_stopped_is_canceled(settings: Settings, tmp_path: Path) -> None:
    settings.FLINK_CHECKPOINTS = tmp_path
    (tmp_path / "0123456789ab-0" / "a").mkdir(parents=True)
    flink = Flink(overview("a", "RESTARTING", 0, 1), slots=0)
    flink.refuses_to_stop = True
    with pytest.raises(ServiceUnavailable, match="no task manager"):
        flink.job().ensure()
    assert flink.canceled == ["a"]


def test_a_job_with_this_plan_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    settings.FLINK_CHECKPOINTS = tmp_path
    (tmp_path / f"{plan_digest()}-0" / "a").mkdir(parents=True)
    flink = Flink(overview("a", "RUNNING", 5, 1))
    assert flink.job().ensure() == "a"
    assert flink.stopped == []


def test_an_ended_job_is_ignored_and_no_job_is_submitted_without_a_task_manager() -> None:
    with pytest.raises(ServiceUnavailable, match="no task manager"):
        Flink(overview("a", "FAILED", 0, 1), slots=0).job().ensure()


def test_an_unavailable_flink_raises_service_unavailable() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    cluster = FlinkCluster(httpx.Client(transport=httpx.MockTransport(refuse)))
    with pytest.raises(ServiceUnavailable, match="is not responding"):
        StreamJob(cluster, "twitchly", lambda: False).ensure()


def test_the_plan_digest_depends_only_on_the_sql_and_its_topics(settings: Settings) -> None:
    digest = plan_digest()
    settings.KAFKA_BOOTSTRAP = "127.0.0.1:1"
    assert plan_digest() == digest
    settings.CLOCK_OFFSET_MS = 3_600_000
    assert plan_digest() != digest


def test_a_job_never_resumes_the_state_of_other_topics(settings: Settings) -> None:
    digest = plan_digest()
    settings.KAFKA_TOPIC_PREFIX = "other."
    assert plan_digest() != digest


@pytest.mark.parametrize(("encoding", "expected"), [("ANSI_X3.4-1968", "C.UTF-8"), ("UTF-8", "given")])
def test_the_client_reads_paths_as_utf8_under_any_locale(
    encoding: str, expected: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FLINK_VENV = tmp_path
    client = tmp_path / "lib/python3.11/site-packages/pyflink/bin/flink"
    client.parent.mkdir(parents=True)
    client.write_text('#!/bin/sh\necho "JobID $LC_ALL"\n')
    client.chmod(0o700)
    monkeypatch.setenv("LC_ALL", "given")
    monkeypatch.setattr("locale.getencoding", lambda: encoding)
    cluster = FlinkCluster(httpx.Client())
    assert cluster.submit("twitchly", plan=Plan("0123456789ab", 0), checkpoint=None) == expected
