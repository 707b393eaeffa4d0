"""Reports a damaged SQLite file with instructions instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

# Messages of SQLITE_CORRUPT and SQLITE_NOTADB.
DAMAGED = ("malformed", "file is not a database")


@contextmanager
def explain_database_damage() -> Iterator[None]:
    """Exit with instructions if the relational database turns out to be damaged."""
    try:
        yield
    except DatabaseError as error:
        if connection.vendor != "sqlite" or not any(words in str(error) for words in DAMAGED):
            raise
        name = connection.settings_dict["NAME"]
        sys.exit(
            f"{name} is damaged: {error}. Stop everything, move the file away together with {name}-wal and "
            f"{name}-shm, and restore a backup with `manage.py restore FOLDER`: see docs/operation.md. "
            "History in Cassandra is not affected."
        )
