"""Keeps the stream job running: submits it when it is not there, from the newest checkpoint of the same SQL."""

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
    forget_checkpoints,
    newest_checkpoint,
    plan_of,
)
from apps.metrics.job_start import valid_from_ms
from core.errors import ServiceAway
from flink.sql import SETTINGS, JobConfig, statements

log = logging.getLogger(__name__)

START_TIMEOUT_S = 180


class StreamJob:
    """One job on one cluster, by name."""

    def __init__(self, cluster: FlinkCluster, name: str, stop: Callable[[], bool]) -> None:
        self._cluster = cluster
        self._name = name
        self._stop = stop
        self._tidied: str | None = None

    def ensure(self) -> str | None:
        """Return the id of the running job, submitted first if need be; None when told to stop.

        Raises: ServiceAway while the cluster cannot take it; SubmitFailed when it runs neither with nor
        without its last state.
        """
        job_id = self._one_of_them()
        if job_id is not None and not self._is_replaced(job_id):
            if self._tidied != job_id and forget_checkpoints(settings.FLINK_CHECKPOINTS, job_id):
                self._tidied = job_id
            return job_id
        if not self._cluster.has_slots():
            raise ServiceAway("Flink has no task manager yet")
        return self._go_on() or (None if self._stop() else self._start_anew())

    def _one_of_them(self) -> str | None:
        """Return the job that is there; of several, a running one, and cancel the others."""
        jobs = sorted(self._cluster.jobs(self._name), key=lambda job: not job.is_running)
        for extra in jobs[1:]:
            # Who submitted it was killed before it could see the job, and its successor submitted another.
            log.warning("job %s (%s) runs beside %s and is cancelled", extra.id, extra.state, jobs[0].id)
            self._cluster.cancel(extra.id)
        return jobs[0].id if jobs else None

    def _go_on(self) -> str | None:
        """Restore the newest checkpoint of this very plan; None when there is none, or it cannot be restored."""
        found = newest_checkpoint(settings.FLINK_CHECKPOINTS, plan_digest())
        if found is None:
            return None
        plan, checkpoint = found
        try:
            job_id = self._cluster.submit(self._name, plan=plan, checkpoint=checkpoint)
            if not self._runs(job_id):
                return None
        except SubmitFailed as error:
            if not self._cluster.has_slots():
                raise ServiceAway(f"Flink went away while the job was restored: {error}") from error
            log.error("checkpoint %s cannot be restored: %s", checkpoint, error)
            return None
        log.info("job %s goes on from checkpoint %s", job_id, checkpoint)
        return job_id

    def _is_replaced(self, job_id: str) -> bool:
        """End a job that computes something else, by a savepoint for the case that it is wanted again."""
        plan = plan_of(settings.FLINK_CHECKPOINTS, job_id)
        if plan is None or plan.digest == plan_digest():
            return False
        log.warning("job %s computes plan %s and is replaced by plan %s", job_id, plan.digest, plan_digest())
        try:
            savepoint = self._cluster.stop_with_savepoint(job_id, plan)
            log.info("job %s ended with savepoint %s", job_id, savepoint)
        except SubmitFailed as error:
            log.error("job %s made no savepoint and is cancelled: %s", job_id, error)
            self._cluster.cancel(job_id)
        return True

    def _start_anew(self) -> str | None:
        plan = Plan(plan_digest(), valid_from_ms())
        job_id = self._cluster.submit(self._name, plan=plan, checkpoint=None)
        if not self._runs(job_id):
            return None
        since = f"windows from {utc(plan.valid_from_ms)} on" if plan.valid_from_ms else "all windows that Kafka holds"
        log.warning("job %s starts without state: it computes %s", job_id, since)
        return job_id

    def _runs(self, job_id: str) -> bool:
        """Wait until every task runs. Raises: SubmitFailed when the job ends instead, or does not get there."""
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until and not self._stop():
            ours = [job for job in self._cluster.jobs(self._name) if job.id == job_id]
            if any(job.is_running for job in ours):
                return True
            if not ours and (state := self._cluster.state(job_id)) in ("FAILED", "CANCELED"):
                raise SubmitFailed(f"the job is {state}: {self._cluster.why_failed(job_id)}")
            if any(job.state == "RESTARTING" for job in ours):
                why = self._cluster.why_failed(job_id)
                self._cluster.cancel(job_id)
                raise SubmitFailed(f"the job does not start: {why}")
            time.sleep(0.5)
        if self._stop():
            return False
        self._cluster.cancel(job_id)
        raise SubmitFailed(f"job {job_id} did not run within {START_TIMEOUT_S} s")


def utc(ms: int) -> str:
    """Return a time for people to read."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat()


def plan_digest() -> str:
    """Return the digest of what the job computes, whatever it is called and wherever it starts."""
    definitions, inserts = statements(JobConfig("", clock_offset_ms=settings.CLOCK_OFFSET_MS))
    settled = [f"{key}={value}" for key, value in SETTINGS.items()]
    return hashlib.sha256("\n".join([*settled, *definitions, *inserts]).encode()).hexdigest()[:12]
