"""Celery tasks for chat ingest. A failed task logs the reason and runs again at its next interval."""

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
from apps.ingest.worker_telemetry import RefreshStats, WorkerCollector
from core.errors import TwitchlyError
from core.times import day_of
from twitchly.clock import now_ms
from twitchly.telemetry import try_to_serve

log = logging.getLogger(__name__)

refresh_stats = RefreshStats()


@shared_task
def refresh_channel_list() -> None:
    """Refresh the channel list."""
    started_ms = now_ms()
    try:
        update = services.refresh_channel_list(now_ms=started_ms)
    except TwitchlyError as error:
        refresh_stats.results["failed"] += 1
        log.error("channel list refresh failed, keeping the previous list: %s", error)
        return
    if update is None:
        refresh_stats.results["skipped"] += 1
        log.warning("channel list refresh skipped: another one is running")
        return
    refresh_stats.done(update.streams, started_ms)
    log.info(
        "%d live channels, %d offline ones kept, %d events",
        refresh_stats.live,
        refresh_stats.offline,
        len(update.records),
    )


@shared_task
def apply_curation() -> None:
    """End expired pins and blocks, and refresh the channel list if curation has changed."""
    now = dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC)
    if ended := expire_decisions(now=now):
        log.info("%d pins and blocks expired", ended)
    try:
        is_outdated = services.is_outdated()
    except TwitchlyError as error:
        log.error("curation not applied: %s", error)
        return
    if is_outdated:
        refresh_channel_list()


@shared_task
def publish_opt_outs() -> None:
    """Publish opt-outs and erase the channels' data."""
    if count := services.publish_opt_outs(now_ms=now_ms()):
        log.info("%d opt-outs published", count)
    services.erase_opted_out_profiles()


@shared_task
def delete_expired_hash_keys() -> None:
    """Delete hash keys after 48 h."""
    today = day_of(now_ms())
    log.info("%d hash keys deleted", services.delete_expired_hash_keys(today=today))


@worker_process_init.connect
def serve_metrics(**_kwargs: Any) -> None:
    """Serve Prometheus metrics."""
    collector = WorkerCollector(refresh_stats, lambda: services.helix().results, _fetched_ms, now_ms)
    try_to_serve(collector, settings.WORKER_METRICS_PORT)


def _fetched_ms() -> int | None:
    try:
        with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=2) as client:
            current = channel_list.read_sync(client)
    except (redis.RedisError, ValueError, KeyError, TypeError):
        return None
    return current.fetched_ms if current else None
