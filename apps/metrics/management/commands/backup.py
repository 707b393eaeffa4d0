"""Back up the relational database and history to a new folder, which gets its final name once it is complete.

After an interruption, the same command resumes; the relational database is then backed up again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.metrics.backup import history, relational
from apps.metrics.backup.folder import BadBackup, NewBackup
from core.errors import ServiceUnavailable


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--only", choices=["relational", "history"])

    def handle(self, *_args: Any, folder: Path, only: str | None, **_options: Any) -> None:
        try:
            self._backup(folder.absolute(), only)
        except BadBackup as error:
            raise CommandError(str(error)) from error
        except ServiceUnavailable as error:
            raise CommandError(f"{error}. Run the command again to resume") from error

    def _backup(self, folder: Path, only: str | None) -> None:
        backup, counted, engine, migrations = NewBackup(folder), {}, None, {}
        if only != "history":
            relational.dump(backup)
            engine, migrations = relational.engine(), relational.applied_migrations()
            self._report(f"relational: {engine} written")
        if only != "relational":
            counted = history.dump(backup, self._report)
        manifest = backup.finish(engine, migrations, counted)
        size = sum(int(described["bytes"]) for described in manifest.files.values())
        tables = ", ".join(f"{table} {rows:,}" for table, rows in manifest.tables.items())
        self._report(f"{folder}: complete, {size:,} bytes{f'; rows: {tables}' if tables else ''}")

    def _report(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
