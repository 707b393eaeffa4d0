"""Celery task that rolls up the days that have ended."""

from __future__ import annotations

import datetime as dt
import logging

from celery import shared_task

from apps.channels.queries import ids_seen_since
from apps.metrics.days import roll_up
from core.errors import ServiceAway
from core.times import DAY_MS
from twitchly.clock import now_ms

log = logging.getLogger(__name__)

# Earlier days are computed only for channels without a row, in case the worker was down.
DAYS = 7


@shared_task
def roll_up_days() -> None:
    """Roll up the day that ended last, and what is missing of the DAYS days up to then."""
    now = now_ms()
    today_ms = now // DAY_MS * DAY_MS
    for number in range(1, DAYS + 1):
        start_ms = today_ms - number * DAY_MS
        try:
            changed = roll_up(ids_seen_since(start_ms), start_ms, now, only_missing=number > 1)
        except ServiceAway as error:
            log.error("days not rolled up, trying again in an hour: %s", error)
            return
        if changed:
            log.info("%s: %d channels rolled up", dt.datetime.fromtimestamp(start_ms / 1000, dt.UTC).date(), changed)
