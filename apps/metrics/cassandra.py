"""Cassandra: the session of the process, prepared statements, and driver errors as ServiceUnavailable.

The session comes from django-cassandra-engine. The driver has no type annotations.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from cassandra import DriverException
from cassandra.cluster import NoHostAvailable
from cassandra.concurrent import execute_concurrent
from cassandra.cqlengine import CQLEngineException
from cassandra.query import BatchStatement, BatchType
from django.db import connections

from core.errors import ServiceUnavailable

# A prepared statement and its values.
Statement = tuple[Any, Sequence[Any]]

# Cassandra warns about batches that span more partitions than this.
BATCH_STATEMENTS = 10

# Rows per page. A day of live windows fits in one page; pages are fetched one after another.
FETCH_ROWS = 10_000

_CONNECT_LOCK = threading.Lock()


@contextmanager
def cassandra_errors() -> Iterator[None]:
    """Turn driver errors into ServiceUnavailable."""
    try:
        yield
    except (DriverException, NoHostAvailable, CQLEngineException) as error:
        raise ServiceUnavailable(f"Cassandra is not responding: {error}") from error


def open_session() -> Any:
    """Return the session, connecting first if necessary. Raises: ServiceUnavailable."""
    connection = connections["cassandra"]
    # The first callers may arrive concurrently. Without the lock, one could get a partially initialized session.
    with _CONNECT_LOCK:
        connection.ensure_connection()
        session = connection.connection.session
    if session is None:
        raise ServiceUnavailable("Cassandra is not connected yet")
    if session.keyspace != connection.settings_dict["NAME"]:
        session.set_keyspace(connection.settings_dict["NAME"])
    session.default_fetch_size = FETCH_ROWS
    return session


def ping(timeout_s: float) -> bool:
    """Return True if Cassandra responds in time. Raises: ServiceUnavailable otherwise."""
    with cassandra_errors():
        open_session().execute("SELECT key FROM system.local", timeout=timeout_s)
    return True


@cache
def prepare(session: Any, query: str) -> Any:
    """Return a prepared statement, prepared once per query."""
    return session.prepare(query)


def rows(session: Any, reads: Sequence[Statement]) -> list[dict[str, Any]]:
    """Return the rows from all reads, as dictionaries by column name."""
    results = execute_concurrent(session, reads, concurrency=16, raise_on_first_error=True)
    return [row for _, result in results for row in result]


def write(session: Any, statements: Sequence[Statement]) -> None:
    """Execute all statements, and return when all are done.

    They are sent in unlogged batches, because a request costs the driver ten times as much as binding a row. Batches
    are not atomic, and every statement has its own timestamp.
    """
    starts = range(0, len(statements), BATCH_STATEMENTS)
    batches = [_batch(statements[start : start + BATCH_STATEMENTS]) for start in starts]
    execute_concurrent(session, batches, concurrency=16, raise_on_first_error=True)


def _batch(statements: Sequence[Statement]) -> tuple[BatchStatement, Sequence[Any]]:
    batch = BatchStatement(BatchType.UNLOGGED)
    for statement, values in statements:
        batch.add(statement, values)
    return batch, ()
