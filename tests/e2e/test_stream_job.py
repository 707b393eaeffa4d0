"""Submission of a changed stream job to a real Flink: the old job ends with a savepoint and can be restored from it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drills.stack import Stack

pytestmark = pytest.mark.server


class Deployment:
    """A job with its own topics and checkpoints; a different clock offset produces a different plan."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.job = ""
        self.folder = stack.var / f"plans-{uuid.uuid4().hex[:8]}"
        self._env = {"KAFKA_TOPIC_PREFIX": f"{self.folder.name}.", "FLINK_CHECKPOINTS": str(self.folder)}
        stack.manage("create_topics", env=self._env)

    def submit(self, *, offset_ms: int) -> str:
        """Submit the job; return the id of the running job."""
        env = {**self._env, "CLOCK_OFFSET_MS": str(offset_ms)}
        self.job = self._stack.manage("submit_flink_job", env=env).split()[1]
        return self.job

    def state(self, job: str) -> str:
        return str(self._get(f"/jobs/{job}")["state"])

    def restored_from(self, job: str) -> str:
        """Return the path that the job's state was restored from, or an empty string."""
        restored = self._get(f"/jobs/{job}/checkpoints")["latest"]["restored"]
        return str(restored["external_path"]) if restored else ""

    def savepoints(self) -> list[Path]:
        return [path.parent for path in self.folder.glob("savepoints/*/*/_metadata")]

    def cancel(self) -> None:
        self._stack.cancel_job(self.job)

    def _get(self, path: str) -> Any:
        with self._stack.flink_client() as client:
            return client.get(path).raise_for_status().json()


@pytest.fixture
def deployment(stack: Stack) -> Iterator[Deployment]:
    deployment = Deployment(stack)
    yield deployment
    deployment.cancel()


def test_the_old_job_ends_with_a_savepoint_and_can_be_restored_from_it(deployment: Deployment) -> None:
    old = deployment.submit(offset_ms=0)
    assert deployment.submit(offset_ms=0) == old
    assert deployment.restored_from(old) == ""
    new = deployment.submit(offset_ms=1_000)
    assert new != old
    assert (deployment.state(old), deployment.state(new)) == ("FINISHED", "RUNNING")
    assert deployment.restored_from(new) == ""
    (savepoint,) = deployment.savepoints()
    restored = deployment.submit(offset_ms=0)
    assert (deployment.state(new), deployment.state(restored)) == ("FINISHED", "RUNNING")
    assert deployment.restored_from(restored).endswith(str(savepoint))
