"""Celery's callers of the services. A task that fails says why; the next minute tries again."""

from __future__ import annotations

import datetime as dt
import logging

from celery import shared_task

from apps.ingest import services
from core.errors import TwitchlyError
from twitchly.clock import now_ms

log = logging.getLogger(__name__)


@shared_task
def refresh_streams() -> None:
    """Refresh the list of wanted channels."""
    try:
        log.info("%d streams", services.refresh_streams(now_ms=now_ms()))
    except TwitchlyError as error:
        log.error("the last list of streams stays: %s", error)


@shared_task
def forget_hash_keys() -> None:
    """Delete hash keys after 48 h."""
    today = dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC).date()
    log.info("%d hash keys deleted", services.forget_hash_keys(today=today))
