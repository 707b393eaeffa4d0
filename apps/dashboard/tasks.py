"""Celery tasks of the pages."""

from __future__ import annotations

from celery import shared_task

from apps.accounts.security_cache import delete_expired
from apps.ingest.tasks import refreshes
from apps.status.services import write_down
from apps.status.snapshot import look
from core.ops.health import Sign
from twitchly import heartbeats
from twitchly.clock import now_ms


@shared_task
def look_at_status() -> None:
    """Write down how the whole does; a look that fails is made up for by the next one."""
    seen = look(now_ms())
    refreshes.incidents = write_down(seen)
    facts = {"done": refreshes.results["done"], "failed": refreshes.results["failed"], "live": refreshes.live}
    heartbeats.tell_once(Sign("worker", "1", seen.at_ms, facts))


@shared_task
def delete_expired_security_records() -> None:
    """Delete expired security records: anybody can cause new ones."""
    delete_expired()
