"""Recompute stored windows from raw chat, while Kafka still has it, and correct differences."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.metrics.chat_range import ChatRange
from apps.metrics.rebuild import Rebuild, RebuildResult
from apps.metrics.store import WindowStore
from core.errors import TwitchlyError
from core.inputs.timestamps import iso_utc, parse_timestamp
from core.times import ms_of

TIME_HELP = "for example 2026-11-23T14:00, in UTC unless it has an offset"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        since_help, until_help = f"start of the first windows; {TIME_HELP}", f"end of the last windows; {TIME_HELP}"
        parser.add_argument("--from", dest="since", type=time_ms, required=True, help=since_help)
        parser.add_argument("--to", dest="until", type=time_ms, required=True, help=until_help)

    def handle(self, *_args: Any, since: int, until: int, **_options: Any) -> None:
        if since >= until:
            raise CommandError("--from is not before --to")
        try:
            chat = ChatRange()
            try:
                hours = [self._report(hour) for hour in Rebuild(chat, WindowStore()).run(since, until)]
            finally:
                chat.close()
        except TwitchlyError as error:
            raise CommandError(str(error)) from error
        windows = sum(hour.windows for hour in hours)
        corrected = sum(hour.added + hour.changed + hour.removed for hour in hours)
        self.stdout.write(f"{windows:,} windows computed, {corrected:,} rows corrected")

    def _report(self, hour: RebuildResult) -> RebuildResult:
        """Print the result of one hour."""
        corrections = f"{hour.added} added, {hour.changed} changed, {hour.removed} removed"
        span = f"{iso_utc(hour.from_ms)} to {iso_utc(hour.until_ms)}"
        self.stdout.write(f"{span}: {hour.windows:,} windows, {corrections}")
        self.stdout.flush()
        return hour


def time_ms(text: str) -> int:
    """Return a time in ms since the epoch. Raises: argparse.ArgumentTypeError."""
    at = parse_timestamp(text, zone=dt.UTC)
    if at is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: use the form 2026-11-23T14:00")
    return ms_of(at)
