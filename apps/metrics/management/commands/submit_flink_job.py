"""Submit the stream job to Flink if it is not running; with --watch, keep it running."""

from __future__ import annotations

import argparse
import logging
import time
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.metrics.boards import write_late_dropped
from apps.metrics.checkpoint_watch import CheckpointWatch
from apps.metrics.flink_cluster import FlinkCluster, SubmitFailed, rest_client
from apps.metrics.late_drops import LateDrops
from apps.metrics.stream_job import StreamJob
from apps.metrics.stream_telemetry import StreamCollector, StreamHeartbeatSource, StreamState
from core.errors import ServiceUnavailable
from twitchly import heartbeats, kafka
from twitchly.clock import now_ms
from twitchly.shutdown import Stop
from twitchly.telemetry import try_to_serve

log = logging.getLogger(__name__)

# In rounds of one second.
COUNT_ROUNDS = 10
REPORT_ROUNDS = 30


class Command(BaseCommand):
    help = __doc__

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._state = StreamState()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="submit the job again whenever it is missing")
        parser.add_argument("--name", default=f"{settings.KAFKA_TOPIC_PREFIX}twitchly")

    def handle(self, *_args: Any, watch: bool, name: str, **_options: Any) -> None:
        stop = Stop()
        if watch:
            try_to_serve(StreamCollector(self._state, now_ms), settings.STREAM_METRICS_PORT)
            heartbeats.start_heartbeat(StreamHeartbeatSource(name, self._state, now_ms))
        kafka.wait_for_topic("chat", stop)
        if stop():
            return
        with rest_client() as client:
            cluster = FlinkCluster(client)
            job = StreamJob(cluster, name, stop)
            if watch:
                self._watch(cluster, job, name, stop)
            else:
                try:
                    self.stdout.write(f"job {job.ensure()} is running")
                except (ServiceUnavailable, SubmitFailed) as error:
                    raise CommandError(str(error)) from error

    def _report(self, job_id: str) -> None:
        """Log the counters of the job, and write the number of late drops for the pages."""
        state = self._state
        if counters := state.counters:
            text = "job %s: %d records read, %d waiting, %d not JSON, %d dropped as late since the watcher started"
            log.info(text, job_id, counters.records_read, counters.waiting, counters.not_json, state.late_dropped)
        try:
            with redis.Redis.from_url(settings.REDIS_BOARDS_URL, socket_timeout=5) as client:
                write_late_dropped(client, state.late_dropped)
        except redis.RedisError as error:
            log.warning("late drops not written: %s", error)

    def _watch(self, cluster: FlinkCluster, job: StreamJob, name: str, stop: Stop) -> None:
        rounds, checkpoints, late = 0, CheckpointWatch(), LateDrops()
        while not stop():
            try:
                # Read before ensure(), which may take minutes to restore a job.
                self._state.runs = any(known.is_running for known in cluster.jobs(name))
                self._state.answers = True
                job_id = job.ensure()
                if job_id is not None:
                    self._check_checkpoints(cluster, job_id, checkpoints)
                    if rounds % COUNT_ROUNDS == 0:
                        self._count(cluster, job_id, late)
                    if rounds % REPORT_ROUNDS == 0:
                        self._report(job_id)
                rounds += 1
            except ServiceUnavailable as error:
                self._state.answers = self._state.runs = False
                log.warning("waiting: %s", error)
            except SubmitFailed as error:
                self._state.runs = False
                log.error("job not running, retrying in 5 s: %s", error)
                stop.wait(5)
            stop.wait(1)

    def _check_checkpoints(self, cluster: FlinkCluster, job_id: str, checkpoints: CheckpointWatch) -> None:
        self._state.checkpoints = cluster.checkpoints(job_id)
        change = checkpoints.update(job_id, self._state.checkpoints, time.monotonic())
        if change is not None:
            log.log(logging.INFO if checkpoints.is_healthy else logging.WARNING, "job %s: %s", job_id, change)

    def _count(self, cluster: FlinkCluster, job_id: str, late: LateDrops) -> None:
        self._state.counters = counters = cluster.counters(job_id)
        self._state.restarts = cluster.restarts(job_id)
        late.update(job_id, counters.late_dropped)
        self._state.late_dropped = late.total
