"""A damaged SQLite file is explained instead of a traceback: what to do about it is not in one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

# SQLITE_CORRUPT and SQLITE_NOTADB, as SQLite words them.
DAMAGED = ("malformed", "file is not a database")


@contextmanager
def damage_explained() -> Iterator[None]:
    """Exit with a hint at the backup where the relational database turns out to be damaged."""
    try:
        yield
    except DatabaseError as error:
        if connection.vendor != "sqlite" or not any(words in str(error) for words in DAMAGED):
            raise
        name = connection.settings_dict["NAME"]
        sys.exit(
            f"{name} is damaged: {error}. Stop everything, move the file away together with {name}-wal and "
            f"{name}-shm, and restore a backup with `manage.py restore FOLDER`: see docs/operation.md, Restore. "
            "History in Cassandra is not affected."
        )
