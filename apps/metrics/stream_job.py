"""Keeps the stream job running: if it is missing, submits it from the newest checkpoint of the same SQL."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Callable

from django.conf import settings

from apps.metrics.flink_cluster import (
    FlinkCluster,
    Plan,
    SubmitFailed,
    delete_other_checkpoints,
    newest_checkpoint,
    plan_of,
)
from apps.metrics.job_start import valid_from_ms
from core.errors import ServiceUnavailable
from flink.sql import SETTINGS, JobConfig, statements

log = logging.getLogger(__name__)

START_TIMEOUT_S = 180


class StreamJob:
    """The stream job on a cluster, identified by its name."""

    def __init__(self, cluster: FlinkCluster, name: str, stop: Callable[[], bool]) -> None:
        self._cluster = cluster
        self._name = name
        self._stop = stop
        self._cleaned_up_for: str | None = None

    def ensure(self) -> str | None:
        """Return the id of the running job, and submit it first if it is missing. Return None if stopped.

        Raises: ServiceUnavailable while the cluster cannot accept the job; SubmitFailed if it starts neither from a
        checkpoint nor without state.
        """
        job_id = self._current_job()
        if job_id is not None and not self._stop_if_outdated(job_id):
            if self._cleaned_up_for != job_id and delete_other_checkpoints(settings.FLINK_CHECKPOINTS, job_id):
                self._cleaned_up_for = job_id
            return job_id
        if not self._cluster.has_slots():
            raise ServiceUnavailable("Flink has no task manager yet")
        return self._resume() or (None if self._stop() else self._start_without_state())

    def _current_job(self) -> str | None:
        """Return the current job, preferably a running one, and cancel duplicates."""
        jobs = sorted(self._cluster.jobs(self._name), key=lambda job: not job.is_running)
        for extra in jobs[1:]:
            # A submitter was killed before it could see its job, and its successor submitted another one.
            log.warning("canceling job %s (%s), a duplicate of %s", extra.id, extra.state, jobs[0].id)
            self._cluster.cancel(extra.id)
        return jobs[0].id if jobs else None

    def _resume(self) -> str | None:
        """Submit the job from its plan's newest checkpoint. Return None if there is none or if restoring it fails."""
        newest = newest_checkpoint(settings.FLINK_CHECKPOINTS, plan_digest())
        if newest is None:
            return None
        plan, checkpoint = newest
        try:
            job_id = self._cluster.submit(self._name, plan=plan, checkpoint=checkpoint)
            if not self._wait_until_running(job_id):
                return None
        except SubmitFailed as error:
            if not self._cluster.has_slots():
                raise ServiceUnavailable(f"Flink became unavailable while it restored the job: {error}") from error
            log.error("checkpoint %s not restored: %s", checkpoint, error)
            return None
        log.info("job %s resumed from checkpoint %s", job_id, checkpoint)
        return job_id

    def _stop_if_outdated(self, job_id: str) -> bool:
        """If a job has a different plan, stop it with a savepoint for a rollback. Return whether the plan differs."""
        plan = plan_of(settings.FLINK_CHECKPOINTS, job_id)
        if plan is None or plan.digest == plan_digest():
            return False
        log.warning("replacing job %s: plan %s is outdated, the current one is %s", job_id, plan.digest, plan_digest())
        try:
            savepoint = self._cluster.stop_with_savepoint(job_id, plan)
            log.info("job %s stopped with savepoint %s", job_id, savepoint)
        except SubmitFailed as error:
            log.error("canceling job %s without a savepoint: %s", job_id, error)
            self._cluster.cancel(job_id)
        return True

    def _start_without_state(self) -> str | None:
        plan = Plan(plan_digest(), valid_from_ms())
        job_id = self._cluster.submit(self._name, plan=plan, checkpoint=None)
        if not self._wait_until_running(job_id):
            return None
        windows = f"from {utc(plan.valid_from_ms)}" if plan.valid_from_ms else "from all stored chat"
        log.warning("job %s started without state: computing windows %s", job_id, windows)
        return job_id

    def _wait_until_running(self, job_id: str) -> bool:
        """Wait until all tasks are running. Raises: SubmitFailed if the job ends or does not start in time."""
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s and not self._stop():
            jobs = [job for job in self._cluster.jobs(self._name) if job.id == job_id]
            if any(job.is_running for job in jobs):
                return True
            if not jobs and (state := self._cluster.state(job_id)) in ("FAILED", "CANCELED"):
                raise SubmitFailed(f"the job is {state}: {self._cluster.failure_reason(job_id)}")
            if any(job.state == "RESTARTING" for job in jobs):
                reason = self._cluster.failure_reason(job_id)
                self._cluster.cancel(job_id)
                raise SubmitFailed(f"the job does not start: {reason}")
            time.sleep(0.5)
        if self._stop():
            return False
        self._cluster.cancel(job_id)
        raise SubmitFailed(f"job {job_id} did not start within {START_TIMEOUT_S} s")


def utc(ms: int) -> str:
    """Return a time as ISO 8601 in UTC."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat()


def plan_digest() -> str:
    """Return the digest of the job's SQL with its topics. It does not depend on the job's name, servers and start."""
    config = JobConfig("", settings.KAFKA_TOPIC_PREFIX, clock_offset_ms=settings.CLOCK_OFFSET_MS)
    definitions, inserts = statements(config)
    options = [f"{key}={value}" for key, value in SETTINGS.items()]
    return hashlib.sha256("\n".join([*options, *definitions, *inserts]).encode()).hexdigest()[:12]
