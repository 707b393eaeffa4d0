"""The relational database into one file and back: by SQLite's own copying, or by PostgreSQL's own tools."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from apps.metrics.backup.folder import BadBackup, Manifest, NewBackup

FILES = {"sqlite": "relational.sqlite3.gz", "postgresql": "relational.pgdump"}
# Tables whose rows a backup leaves out. Keys of user hashes are destroyed after 48 h, and what was counted by them must
# not be traceable from a backup. Sessions would let the backup's reader in, and ones ended since would come back.
LEFT_OUT = ("ingest_hashkey", "django_session", "usersessions_usersession")


def engine() -> str:
    """Return which database this copy has, by the name in `FILES`. Raises: BadBackup."""
    if connection.vendor not in FILES:
        raise BadBackup(f"the database is {connection.vendor}: expected {' or '.join(FILES)}")
    return connection.vendor


def dump(backup: NewBackup) -> None:
    """Write the database as it is at one moment, without the rows of `LEFT_OUT`. Raises: BadBackup."""
    name = FILES[engine()]
    place = backup.place(name)
    if engine() == "sqlite":
        _copy_sqlite(place)
    else:
        without = [f"--exclude-table-data={table}" for table in LEFT_OUT]
        _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", *without, f"--file={place}"])
    backup.keep(name)


def load(folder: Path, manifest: Manifest, *, onto_data: bool) -> None:
    """Make the database what it was. Raises: BadBackup, before anything is changed where that can be seen."""
    if manifest.engine != engine():
        raise BadBackup(f"the backup is of {manifest.engine}, and this copy has {engine()}: set DATABASE_URL to such")
    ours = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or ()}
    if newer := manifest.migrations.keys() - ours:
        raise BadBackup(f"a newer Twitchly made it, with {', '.join(sorted(newer))}: restore with that version")
    if connection.introspection.table_names() and not onto_data:
        raise BadBackup("the database is not empty: --onto-data replaces all that is in it")
    source = folder / FILES[engine()]
    if engine() == "sqlite":
        _restore_sqlite(source)
    else:
        replace = ["--clean", "--if-exists"] if onto_data else []
        whole = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        _run(["pg_restore", *replace, *whole], str(source))


def applied_migrations() -> dict[str, str]:
    """Return each app's migrations that the database has, as `app.name`, and when each was applied."""
    recorder = MigrationRecorder(connection)
    found = recorder.applied_migrations() if recorder.has_table() else {}
    return {f"{app}.{name}": one.applied.isoformat() for (app, name), one in found.items()}


def _copy_sqlite(place: Path) -> None:
    connection.ensure_connection()
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        copied = Path(folder) / "copy.sqlite3"
        copy = sqlite3.connect(copied)
        connection.connection.backup(copy)
        (state,) = copy.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            copy.close()
            raise BadBackup(f"the database itself is damaged: {state}")
        _leave_out(copy)  # defense: backup-secrets
        copy.close()
        with copied.open("rb") as source, gzip.open(place, "wb", 6) as target:
            shutil.copyfileobj(source, target)


def _leave_out(copy: sqlite3.Connection) -> None:
    """Remove the rows of `LEFT_OUT`, and what deleted rows have left in pages that are free."""
    there = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in there.intersection(LEFT_OUT):
        copy.execute(f"DELETE FROM {table}")  # noqa: S608  names of our own tables
    copy.commit()
    copy.execute("VACUUM")


def _restore_sqlite(source: Path) -> None:
    connection.ensure_connection()
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "copy.sqlite3"
        with gzip.open(source, "rb") as packed, plain.open("wb") as target:
            shutil.copyfileobj(packed, target)
        copy = sqlite3.connect(plain)
        try:
            copy.backup(connection.connection)
        except sqlite3.Error as error:
            raise BadBackup(
                f"the database cannot be written ({error}): stop all processes of Twitchly first"
            ) from error
        finally:
            copy.close()
    connection.close()


def _run(command: Sequence[str], *words: str) -> None:
    """Run one of PostgreSQL's tools on our database; the password goes by the environment."""
    arguments, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    _, *where, database = arguments
    target = [*where, "--dbname", database]
    try:
        done = subprocess.run(  # noqa: S603  our own words, no shell
            [*command, *target, *words], env={**os.environ, **(environment or {})}, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise BadBackup(f"{command[0]} is missing: install it (Debian: apt-get install postgresql-client)") from error
    if done.returncode:
        raise BadBackup(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
