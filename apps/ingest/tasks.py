"""Celery's callers of the services. A task that fails says why; the next minute tries again."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import redis
from celery import shared_task
from celery.signals import worker_process_init
from django.conf import settings

from apps.curation.decisions import expire_decisions
from apps.ingest import channel_list, services
from apps.ingest.worker_telemetry import Refreshes, WorkerCollector
from core.errors import TwitchlyError
from twitchly.clock import now_ms
from twitchly.telemetry import try_to_serve

log = logging.getLogger(__name__)

refreshes = Refreshes()


@shared_task
def refresh_streams() -> None:
    """Refresh the list of wanted channels."""
    started_ms = now_ms()
    try:
        followed = services.refresh_streams(now_ms=started_ms)
    except TwitchlyError as error:
        refreshes.results["failed"] += 1
        log.error("the last list of streams stays: %s", error)
        return
    if followed is None:
        refreshes.results["skipped"] += 1
        log.warning("another refresh is under way: this one is left out")
        return
    refreshes.done(followed.streams, started_ms)
    log.info("%d channels live, %d kept offline, %d events", refreshes.live, refreshes.offline, len(followed.records))


@shared_task
def follow_curation() -> None:
    """End what was decided for a time, and let whatever was decided take effect at once."""
    now = dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC)
    if ended := expire_decisions(now=now):
        log.info("%d pins and blocks ended by themselves", ended)
    try:
        is_behind = services.is_behind()
    except TwitchlyError as error:
        log.error("what was decided is not followed: %s", error)
        return
    if is_behind:
        refresh_streams()


@shared_task
def tell_opt_outs() -> None:
    """Let history forget the channels that opted out."""
    if told := services.tell_opt_outs(now_ms=now_ms()):
        log.info("history was told to forget %d channels", told)
    services.forget_profiles()


@shared_task
def forget_hash_keys() -> None:
    """Delete hash keys after 48 h."""
    today = dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC).date()
    log.info("%d hash keys deleted", services.forget_hash_keys(today=today))


@worker_process_init.connect
def serve_measures(**_kwargs: Any) -> None:
    """Answer Prometheus."""
    collector = WorkerCollector(refreshes, lambda: services.helix().results, _fetched_ms, now_ms)
    try_to_serve(collector, settings.WORKER_METRICS_PORT)


def _fetched_ms() -> int | None:
    try:
        with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=2) as client:
            current = channel_list.read_now(client)
    except (redis.RedisError, ValueError, KeyError, TypeError):
        return None
    return current.fetched_ms if current else None
