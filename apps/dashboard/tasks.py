"""Celery tasks for the pages."""

from __future__ import annotations

from celery import shared_task

from apps.accounts.security_cache import delete_expired
from apps.ingest.tasks import refresh_stats
from apps.status.services import record_sample
from apps.status.snapshot import take_snapshot
from core.contracts.heartbeats import WorkerHeartbeat
from twitchly import heartbeats
from twitchly.clock import now_ms


@shared_task
def record_status_sample() -> None:
    """Record a health snapshot, and write the worker's heartbeat."""
    snapshot = take_snapshot(now_ms())
    refresh_stats.incidents = record_sample(snapshot)
    heartbeat = WorkerHeartbeat(
        name="1",
        at_ms=snapshot.at_ms,
        done=refresh_stats.results["done"],
        failed=refresh_stats.results["failed"],
        live=None if refresh_stats.done_ms is None else refresh_stats.live,
    )
    heartbeats.write_heartbeat(heartbeat)


@shared_task
def delete_expired_security_records() -> None:
    """Delete expired security records, so that attackers cannot fill the table."""
    delete_expired()
