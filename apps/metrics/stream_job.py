"""Keeps the stream job running: submits it when it is not there, from its newest checkpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings

from apps.metrics.flink_cluster import FlinkCluster, SubmitFailed, newest_checkpoint
from core.errors import ServiceAway
from twitchly import kafka

log = logging.getLogger(__name__)

START_TIMEOUT_S = 90
CLOCKS_DIFFER_MS = 1_000


class StreamJob:
    """One job on one cluster, by name."""

    def __init__(self, cluster: FlinkCluster, name: str, stop: Callable[[], bool]) -> None:
        self._cluster = cluster
        self._name = name
        self._stop = stop

    def ensure(self) -> str | None:
        """Return the id of the running job, submitted first if need be; None when told to stop.

        Raises: ServiceAway while the cluster has no task manager; SubmitFailed when it runs neither with
        nor without its last state.
        """
        jobs = self._cluster.jobs(self._name)
        for extra in jobs[1:]:
            # Who submitted it was killed before it could see the job, and its successor submitted another.
            log.warning("job %s runs beside %s and is cancelled", extra.id, jobs[0].id)
            self._cluster.cancel(extra.id)
        if jobs:
            return jobs[0].id
        if not self._cluster.has_slots():
            raise ServiceAway("Flink has no task manager yet")
        checkpoint = newest_checkpoint(settings.FLINK_CHECKPOINTS)
        if checkpoint is not None:
            try:
                job_id = self._cluster.submit(self._name, checkpoint=checkpoint, valid_from_ms=0)
                if self._runs(job_id):
                    log.info("job %s goes on from checkpoint %s", job_id, checkpoint)
                    return job_id
            except SubmitFailed as error:
                log.error("checkpoint %s cannot be restored: %s", checkpoint, error)
            if self._stop():
                return None
        return self._start_anew()

    def _start_anew(self) -> str | None:
        valid_from_ms = first_whole_ms()
        job_id = self._cluster.submit(self._name, checkpoint=None, valid_from_ms=valid_from_ms)
        if not self._runs(job_id):
            return None
        since = f"windows from {valid_from_ms} ms on" if valid_from_ms else "all windows that Kafka still holds"
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
            time.sleep(0.5)
        if self._stop():
            return False
        raise SubmitFailed(f"job {job_id} did not run within {START_TIMEOUT_S} s")


def first_whole_ms() -> int:
    """Return from when on `chat` holds every record: 0 while Kafka has deleted none of it. Raises: ServiceAway."""
    reader = kafka.consumer("flink-submit")
    first_ms = 0
    try:
        for partition in kafka.partitions_of(reader, "chat"):
            low, high = reader.get_watermark_offsets(partition, timeout=10)
            if low:
                partition.offset = low
                reader.assign([partition])
                message = reader.poll(10) if high > low else None
                oldest_ms = message.timestamp()[1] if message is not None else int(time.time() * 1000)
                first_ms = max(first_ms, oldest_ms + settings.CLOCK_OFFSET_MS + CLOCKS_DIFFER_MS)
    finally:
        reader.close()
    return first_ms
