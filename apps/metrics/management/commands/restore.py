"""Restore a backup, each value with its write time and remaining time to live, after verifying every file.

Stop all Twitchly processes first. Writing history again changes nothing, so an interrupted restore can be repeated with
--onto-data.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from apps.curation.carry import was_imported
from apps.curation.queries import opted_out_channels
from apps.metrics.backup import history, relational
from apps.metrics.backup.folder import BadBackup, Manifest, read_backup
from core.errors import ServiceUnavailable


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--only", choices=["relational", "history"])
        parser.add_argument("--check", action="store_true", help="only verify the files of the backup")
        parser.add_argument(
            "--onto-data",
            action="store_true",
            help="replace a relational database that is not empty; newer values in history are kept",
        )

    def handle(
        self, *_args: Any, folder: Path, only: str | None, check: bool, onto_data: bool, **_options: Any
    ) -> None:
        try:
            manifest = read_backup(folder)
            self._report(f"{folder}: made at {manifest.made_at}, {len(manifest.files)} files verified")
            if not check:
                self._restore(folder, manifest, only, onto_data=onto_data)
        except BadBackup as error:
            raise CommandError(str(error)) from error
        except ServiceUnavailable as error:
            raise CommandError(f"{error}. Run the command again with --onto-data to resume") from error

    def _restore(self, folder: Path, manifest: Manifest, only: str | None, *, onto_data: bool) -> None:
        wants_history = only != "relational" and bool(manifest.tables)
        if manifest.is_from_0_3:
            _check_0_3_restore(only)
        if wants_history and not onto_data and not history.is_empty():
            raise BadBackup(
                "Cassandra is not empty: pass --onto-data to merge the backup into the existing data (newer values win)"
            )
        if only != "history" and manifest.engine:
            relational.load(folder, manifest, onto_data=onto_data)
            self._report(f"relational: {manifest.engine} restored")
        if wants_history:
            # Read after the relational database is restored, because it contains the opt-outs.
            rows = history.load(folder, manifest, self._report, without=_opted_out())
            self._report(
                f"history: {rows:,} of {sum(manifest.tables.values()):,} rows;"
                " the others have expired or belong to channels that opted out"
            )

    def _report(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _opted_out() -> frozenset[str]:
    """Return the channels whose history is not restored. Raises: BadBackup if the opt-outs cannot be read."""
    try:
        return opted_out_channels()
    except DatabaseError as error:
        raise BadBackup(f"cannot read the opt-outs ({error}): run manage.py migrate first") from error


def _check_0_3_restore(only: str | None) -> None:
    """Allow only history, and only after the opt-outs were imported. Raises: BadBackup."""
    if only != "history":
        raise BadBackup("Twitchly 0.3 made this backup: restore its history alone, with --only history")
    if not was_imported():
        raise BadBackup("import the opt-outs of 0.3 first: manage.py carry import FILE, see docs/operation.md")
