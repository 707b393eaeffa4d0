"""Bring back what `backup` wrote: each value with its age and what is left of its life. Every file is checked first.

Stop all processes of Twitchly before. History that is written again changes nothing, so a restore that broke off is
made again with --onto-data.
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
from core.errors import ServiceAway


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--only", choices=["relational", "history"])
        parser.add_argument(
            "--check", action="store_true", help="look whether the backup is as it was written, no more"
        )
        parser.add_argument(
            "--onto-data",
            action="store_true",
            help="replace a relational database that is not empty; of history, what is there and newer stays",
        )

    def handle(
        self, *_args: Any, folder: Path, only: str | None, check: bool, onto_data: bool, **_options: Any
    ) -> None:
        try:
            manifest = read_backup(folder)
            self._say(f"{folder}: of {manifest.made_at}, {len(manifest.files)} files are as they were written")
            if not check:
                self._restore(folder, manifest, only, onto_data=onto_data)
        except BadBackup as error:
            raise CommandError(str(error)) from error
        except ServiceAway as error:
            raise CommandError(f"{error}. Run it again with --onto-data: nothing is written twice") from error

    def _restore(self, folder: Path, manifest: Manifest, only: str | None, *, onto_data: bool) -> None:
        wants_history = only != "relational" and bool(manifest.tables)
        if manifest.is_of_0_3:
            _check_of_0_3(only)
        if wants_history and not onto_data and not history.is_empty():
            raise BadBackup("Cassandra is not empty: --onto-data writes beside what is there, and newer values stay")
        if only != "history" and manifest.engine:
            relational.load(folder, manifest, onto_data=onto_data)
            self._say(f"relational: {manifest.engine} is as it was")
        if wants_history:
            # Read after the relational database is back: it knows who has opted out.
            rows = history.load(folder, manifest, self._say, without=_opted_out())
            self._say(f"history: {rows:,} of {sum(manifest.tables.values()):,} rows; the others expired or opted out")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _opted_out() -> frozenset[str]:
    """Return the channels whose history is not restored. Raises: BadBackup when opt-outs cannot be read."""
    try:
        return opted_out_channels()
    except DatabaseError as error:
        raise BadBackup(f"the database cannot say who has opted out ({error}): run manage.py migrate first") from error


def _check_of_0_3(only: str | None) -> None:
    """Allow history alone, and only once opt-outs are there to be applied to it. Raises: BadBackup."""
    if only != "history":
        raise BadBackup("Twitchly 0.3 made this backup: restore its history alone, with --only history")
    if not was_imported():
        raise BadBackup("import the opt-outs of 0.3 first: manage.py carry import FILE, see docs/operation.md")
