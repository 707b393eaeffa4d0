"""Backup and restore of the relational database as one file, with SQLite's backup API or PostgreSQL's tools."""

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
# Tables whose rows a backup excludes. Keys for user hashes are destroyed after 48 h, and a backup must not preserve
# them. Sessions would let anyone who can read the backup sign in, and a restore would revive ended sessions.
EXCLUDED_TABLES = ("ingest_hashkey", "django_session", "usersessions_usersession")


def engine() -> str:
    """Return the database engine of this instance, a key of `FILES`. Raises: BadBackup."""
    if connection.vendor not in FILES:
        raise BadBackup(f"the database is {connection.vendor}: expected {' or '.join(FILES)}")
    return connection.vendor


def dump(backup: NewBackup) -> None:
    """Write a consistent snapshot of the database, without rows of EXCLUDED_TABLES. Raises: BadBackup."""
    name = FILES[engine()]
    path = backup.temporary_path(name)
    if engine() == "sqlite":
        _copy_sqlite(path)
    else:
        without = [f"--exclude-table-data={table}" for table in EXCLUDED_TABLES]
        _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", *without, f"--file={path}"])
    backup.keep(name)


def load(folder: Path, manifest: Manifest, *, onto_data: bool) -> None:
    """Restore the database. Raises: BadBackup, before any change if the problem can be detected then."""
    if manifest.engine != engine():
        raise BadBackup(f"the backup is from {manifest.engine}, but this instance uses {engine()}: change DATABASE_URL")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or ()}
    if newer := manifest.migrations.keys() - known:
        raise BadBackup(
            f"the backup is from a newer version, with {', '.join(sorted(newer))}: restore it with that version"
        )
    if connection.introspection.table_names() and not onto_data:
        raise BadBackup("the database is not empty: pass --onto-data to replace all of its data")
    source = folder / FILES[engine()]
    if engine() == "sqlite":
        _restore_sqlite(source)
    else:
        replace = ["--clean", "--if-exists"] if onto_data else []
        options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        _run(["pg_restore", *replace, *options], str(source))


def applied_migrations() -> dict[str, str]:
    """Return the time at which each migration, as `app.name`, was applied to the database."""
    recorder = MigrationRecorder(connection)
    migrations = recorder.applied_migrations() if recorder.has_table() else {}
    return {f"{app}.{name}": migration.applied.isoformat() for (app, name), migration in migrations.items()}


def _copy_sqlite(path: Path) -> None:
    connection.ensure_connection()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copied = Path(folder) / "copy.sqlite3"
        copy = sqlite3.connect(copied)
        connection.connection.backup(copy)
        (state,) = copy.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            copy.close()
            raise BadBackup(f"the database itself is damaged: {state}")
        _delete_excluded(copy)  # defense: backup-secrets
        copy.close()
        with copied.open("rb") as source, gzip.open(path, "wb", 6) as target:
            shutil.copyfileobj(source, target)


def _delete_excluded(copy: sqlite3.Connection) -> None:
    """Delete the rows of EXCLUDED_TABLES, and the remains of deleted rows in free pages."""
    existing = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in existing.intersection(EXCLUDED_TABLES):
        copy.execute(f"DELETE FROM {table}")  # noqa: S608  fixed table names
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
            raise BadBackup(f"cannot write the database ({error}): stop all Twitchly processes first") from error
        finally:
            copy.close()
    connection.close()


def _run(command: Sequence[str], *words: str) -> None:
    """Run a PostgreSQL tool on the configured database; the password is passed in the environment."""
    arguments, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    _, *options, database = arguments
    target = [*options, "--dbname", database]
    try:
        process = subprocess.run(  # noqa: S603  fixed arguments, no shell
            [*command, *target, *words], env={**os.environ, **(environment or {})}, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise BadBackup(f"{command[0]} is missing: install it (Debian: apt-get install postgresql-client)") from error
    if process.returncode:
        raise BadBackup(f"{command[0]} exited with {process.returncode}: {process.stderr.strip()}")
