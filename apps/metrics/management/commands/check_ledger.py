"""Verify against the simulator's ledger that every message was heard once and counted in the right windows."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.metrics.chat_log import KafkaChatLog
from apps.metrics.day_comparison import DaySources
from apps.metrics.day_store import DayStore
from apps.metrics.ledger import Check, Ledger, Report
from apps.metrics.store import WindowStore
from core.errors import TwitchlyError
from core.proof.comparison import Fault
from twitchly.arguments import positive

DIFFERENCES_SHOWN = 20
FAULT = "[from_ms, until_ms] or [from_ms, until_ms, [channel ids]]"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
        parser.add_argument("--listening", action="store_true", help="check reception only, without Cassandra")
        parser.add_argument("--ledger", type=Path, default=settings.VAR_DIR / "ledger", help="the ledger's folder")
        parser.add_argument(
            "--faults",
            type=Path,
            help=f"JSON list of {FAULT}; gaps outside these intervals are reported as differences",
        )
        parser.add_argument("--timeout", type=positive, default=120.0, help="seconds to wait for data in flight")

    def handle(self, *_args: Any, **options: Any) -> None:
        listening: bool = options["listening"]
        try:
            chat = KafkaChatLog(windows=not listening)
            try:
                ledger, faults = Ledger(options["ledger"]), read_faults(options["faults"])
                store = None if listening else WindowStore()
                days = DaySources(DayStore(), store) if store else None
                report = Check(chat, store, ledger, options["timeout"], faults, days).run()
            finally:
                chat.close()
        except TwitchlyError as error:
            raise CommandError(str(error)) from error
        self._print(report, as_json=options["json"])
        if not report.is_ok:
            raise SystemExit(1)

    def _print(self, report: Report, *, as_json: bool) -> None:
        figures = report.figures()
        if as_json:
            explained = {"faults": report.of_faults(), "explanations": report.differences[:DIFFERENCES_SHOWN]}
            self.stdout.write(json.dumps({**figures, **explained}))
        else:
            for name, value in figures.items():
                self.stdout.write(f"{name:<12}{value:>10}")
        for note in report.notes:
            self.stderr.write(note)
        for difference in report.differences[:DIFFERENCES_SHOWN]:
            self.stderr.write(difference)
        if not figures["sent"] or report.windows == 0:
            self.stderr.write("nothing to compare: the ledger is empty, or no windows have closed")


def read_faults(path: Path | None) -> list[Fault] | None:
    """Return the faults in a file, or None if there is no file. Raises: CommandError."""
    if path is None:
        return None
    try:
        return [_fault(*fields) for fields in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(f"{path} is not a JSON list of {FAULT}: {error}") from error


def _fault(from_ms: float, until_ms: float, channels: Any = None) -> Fault:
    """Return the fault that one entry of the file describes. Raises: ValueError, TypeError."""
    if channels is None:
        return Fault(int(from_ms), int(until_ms))
    if not isinstance(channels, list) or not all(isinstance(channel_id, str) for channel_id in channels):
        raise ValueError(f"invalid channels {channels!r}: expected a list of string ids")
    return Fault(int(from_ms), int(until_ms), frozenset(channels))
