"""Write the history of the simulated Twitch to Cassandra, newest first; run the command again to resume."""

from __future__ import annotations

import argparse
import logging
import os
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.curation.queries import opted_out_channels
from apps.dashboard.demo import add_demo_content
from apps.metrics.past_progress import Progress, new_fill, read_progress
from apps.metrics.simulated_past import Fill, add_channels, recorded_from
from core.errors import ServiceUnavailable
from simulator.history import History
from twitchly.arguments import add_audience_arguments, count
from twitchly.clock import now_ms

log = logging.getLogger(__name__)

DAYS = 35
# Added to this command's niceness, so that all other background programs have priority over it.
NICENESS = 5
LOG_EVERY_S = 30.0
POLL_S = 1.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_audience_arguments(parser)
        parser.add_argument("--days", type=count, default=DAYS, help="whole UTC days before today")
        parser.add_argument("--demo-email", default="", help="account that gets a watchlist, a segment and notes")

    def handle(
        self, *_args: Any, channels: int, rate: float, seed: int, days: int, demo_email: str, **_options: Any
    ) -> None:
        if not settings.TWITCH_IS_SIMULATED:
            raise CommandError("this instance uses the real Twitch; only the simulated Twitch has a simulated past")
        os.nice(NICENESS)
        history = History(channels=channels, rate=rate, seed=seed)
        start = read_progress(settings.VAR_DIR) or _begin(history, days)
        opted_out, logged_s = opted_out_channels(), 0.0
        add_channels(history, start, opted_out)
        if start.hours == 0 and (user := User.objects.filter(email=demo_email).first()):
            add_demo_content(user, history, start.until_ms)
        try:
            for progress in Fill(history, start, opted_out).run():
                progress.save(settings.VAR_DIR)
                if time.monotonic() - logged_s >= LOG_EVERY_S:
                    logged_s = time.monotonic()
                    log.info("simulated past: %d%%, %d of %d hours", progress.percent, progress.hours, progress.total)
        except ServiceUnavailable as error:
            raise CommandError(f"{error}; the hours written so far are stored, so run the command again") from error
        log.info("simulated past: complete, %d hours of %d channels", start.total, channels)


def _begin(history: History, days: int) -> Progress:
    """Wait until the instance has recorded a window, and return the progress of a new fill up to that window."""
    ids = [channel.id for channel in history.channels]
    while (until_ms := recorded_from(ids, now_ms())) is None:
        log.info("waiting for the first recorded window")
        time.sleep(POLL_S)
    return new_fill(until_ms, days)
