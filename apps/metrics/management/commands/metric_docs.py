"""Generate docs/metrics.md from the metric table; with --check, verify that it is up to date."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.metrics.docs import markdown
from twitchly.env import ROOT


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when the file differs")
        parser.add_argument("--file", type=Path, default=ROOT / "docs" / "metrics.md", help="the file to write")

    def handle(self, *_args: Any, check: bool, file: Path, **_options: Any) -> None:
        if not check:
            file.write_text(markdown(), encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != markdown():
            raise CommandError(f"{file} differs from core/metrics/table.py and columns.py: run manage.py metric_docs")
