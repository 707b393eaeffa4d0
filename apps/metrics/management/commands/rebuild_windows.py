"""Recompute stored windows from chat, while Kafka still holds it, and correct those that are not right."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.metrics.chat_range import ChatRange
from apps.metrics.rebuild import Rebuild, Rebuilt
from apps.metrics.store import WindowStore
from core.errors import TwitchlyError
from core.inputs.moments import read_moment, utc

MOMENT = "UTC unless it says otherwise: 2026-11-23T14:00"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--from", dest="since", type=moment, required=True, help=f"first windows begin; {MOMENT}")
        parser.add_argument("--to", dest="until", type=moment, required=True, help=f"last windows end; {MOMENT}")

    def handle(self, *_args: Any, since: int, until: int, **_options: Any) -> None:
        if since >= until:
            raise CommandError("--from lies after --to: give the earlier time first")
        try:
            chat = ChatRange()
            try:
                hours = [self._told(hour) for hour in Rebuild(chat, WindowStore()).run(since, until)]
            finally:
                chat.close()
        except TwitchlyError as error:
            raise CommandError(str(error)) from error
        windows = sum(hour.windows for hour in hours)
        wrong = sum(hour.added + hour.changed + hour.removed for hour in hours)
        self.stdout.write(f"{windows:,} windows computed, {wrong:,} rows corrected")

    def _told(self, hour: Rebuilt) -> Rebuilt:
        """Say what became of one hour."""
        wrong = f"{hour.added} added, {hour.changed} changed, {hour.removed} removed"
        self.stdout.write(f"{utc(hour.from_ms)} to {utc(hour.until_ms)}: {hour.windows:,} windows, {wrong}")
        self.stdout.flush()
        return hour


def moment(text: str) -> int:
    """Return a time in ms since the epoch. Raises: argparse.ArgumentTypeError."""
    at = read_moment(text, zone=dt.UTC)
    if at is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: use the form 2026-11-23T14:00")
    return round(at.timestamp() * 1000)
