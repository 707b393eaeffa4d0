"""Move opt-outs, pins, blocks, bots and the audit log from Twitchly 0.3 into this version.

`carry export FILE` only reads the 0.3 database. `carry import FILE` adds missing rows to the new database, and can
be run again. See "Upgrading from 0.3" in docs/operation.md.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.curation.carry import CarryError, export_lines, import_lines


class Command(BaseCommand):
    help = __doc__
    # The tables of 0.3 differ from the models.
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("direction", choices=["export", "import"])
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, direction: str, file: Path, **_options: Any) -> None:
        try:
            if direction == "export":
                self._export(file)
            else:
                with file.open("rb") as lines:
                    added = import_lines(lines)
                self.stdout.write(
                    ", ".join(f"{kind.replace('_', ' ')}: {count:,} added" for kind, count in added.items())
                )
        except (CarryError, OSError) as error:
            raise CommandError(str(error)) from error

    def _export(self, file: Path) -> None:
        unfinished = file.with_name(f"{file.name}.part")
        # The file contains email addresses from opt-out requests.
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        lines = 0
        with os.fdopen(descriptor, "wb") as output:
            for line in export_lines():
                output.write(line)
                lines += 1
            output.flush()
            os.fsync(output.fileno())
        unfinished.replace(file)
        self.stdout.write(f"{file}: {lines - 2:,} rows")
