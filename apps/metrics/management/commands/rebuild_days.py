"""Recompute the days of all channels from stored minutes and hours, and correct differences."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.channels.models import Channel
from apps.metrics.days import roll_up
from core.errors import TwitchlyError
from core.times import DAY_MS, day_of, midnight_ms
from twitchly.clock import now_ms


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        since_help = "first UTC day, such as 2026-11-23"
        parser.add_argument("--from", dest="since", type=first_ms, required=True, help=since_help)
        until_help = "last UTC day (default: yesterday)"
        parser.add_argument("--to", dest="until", type=first_ms, help=until_help)

    def handle(self, *_args: Any, since: int, until: int | None, **_options: Any) -> None:
        now = now_ms()
        yesterday_ms = now // DAY_MS * DAY_MS - DAY_MS
        last_ms = yesterday_ms if until is None else until
        if last_ms > yesterday_ms:
            raise CommandError("--to is a day that has not ended (UTC)")
        if since > last_ms:
            raise CommandError("--from is after --to")
        channel_ids, total = list(Channel.objects.values_list("pk", flat=True)), 0
        try:
            for start_ms in range(since, last_ms + DAY_MS, DAY_MS):
                changed = roll_up(channel_ids, start_ms, now)
                total += changed
                self.stdout.write(f"{day_of(start_ms)}: {changed:,} of {len(channel_ids):,} channels corrected")
                self.stdout.flush()
        except TwitchlyError as error:
            raise CommandError(
                f"{error}. The days computed so far are stored; run the command again for the rest"
            ) from error
        self.stdout.write(f"{total:,} rows corrected")


def first_ms(text: str) -> int:
    """Return the start of a UTC day in ms since the epoch. Raises: argparse.ArgumentTypeError."""
    try:
        return midnight_ms(dt.datetime.strptime(text, "%Y-%m-%d").date())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: use the form 2026-11-23") from error
