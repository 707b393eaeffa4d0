"""Celery task that rolls up completed days."""

from __future__ import annotations

import logging

from celery import shared_task

from apps.channels.queries import ids_seen_since
from apps.metrics.days import roll_up
from core.errors import ServiceUnavailable
from core.times import DAY_MS, day_of
from twitchly.clock import now_ms

log = logging.getLogger(__name__)

# Number of completed days that each roll-up covers. All but the last one are computed only for channels without a row,
# in case the worker was down.
DAYS = 7
# Channels per run. The worker has one process, and the refresh of the channel list must not wait long.
BATCH_SIZE = 25


@shared_task
def roll_up_days(days_ago: int = 1, after: str = "") -> None:
    """Roll up the most recently completed day, and compute missing rows of earlier ones: DAYS days in all.

    Each run computes the next BATCH_SIZE channels whose ids follow `after`, and then schedules the next run.
    """
    now = now_ms()
    start_ms = now // DAY_MS * DAY_MS - days_ago * DAY_MS
    channels = ids_seen_since(start_ms, after, BATCH_SIZE)
    try:
        changed = roll_up(channels, start_ms, now, only_missing=days_ago > 1)
    except ServiceUnavailable as error:
        log.error("days not rolled up, trying again in an hour: %s", error)
        return
    if changed:
        log.info("rolled up %s: %d of %d channels changed", day_of(start_ms), changed, len(channels))
    if len(channels) == BATCH_SIZE:
        roll_up_days.delay(days_ago, channels[-1])
    elif days_ago < DAYS:
        roll_up_days.delay(days_ago + 1)
