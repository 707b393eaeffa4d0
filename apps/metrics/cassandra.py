"""Cassandra: the one session of a process, prepared statements, and what it means when it does not answer.

The session is django-cassandra-engine's; its driver has no types.
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

from core.errors import ServiceAway

# A prepared statement and what it is bound to.
Statement = tuple[Any, Sequence[Any]]

# Cassandra warns of batches over more partitions.
TOGETHER = 10

# A day of live windows comes in one piece: each further one waits for the one before.
ROWS_AT_ONCE = 10_000

_CONNECTING = threading.Lock()


@contextmanager
def away() -> Iterator[None]:
    """Turn what the driver raises into ServiceAway."""
    try:
        yield
    except (DriverException, NoHostAvailable, CQLEngineException) as error:
        raise ServiceAway(f"Cassandra does not answer: {error}") from error


def open_session() -> Any:
    """Return the session, connected first if need be. Raises: ServiceAway."""
    connection = connections["cassandra"]
    # The first ones to ask connect it, and a thread must not take what another has only half made.
    with _CONNECTING:
        connection.ensure_connection()
        session = connection.connection.session
    if session is None:
        raise ServiceAway("Cassandra is not connected yet")
    if session.keyspace != connection.settings_dict["NAME"]:
        session.set_keyspace(connection.settings_dict["NAME"])
    session.default_fetch_size = ROWS_AT_ONCE
    return session


def answers(within_s: float) -> bool:
    """Say whether Cassandra answers in time. Raises: ServiceAway when it does not."""
    with away():
        open_session().execute("SELECT key FROM system.local", timeout=within_s)
    return True


@cache
def prepare(session: Any, query: str) -> Any:
    """Return a prepared statement; each is prepared once."""
    return session.prepare(query)


def rows(session: Any, reads: Sequence[Statement]) -> list[dict[str, Any]]:
    """Return the rows of all these reads, by column name."""
    results = execute_concurrent(session, reads, concurrency=16, raise_on_first_error=True)
    return [row for _, result in results for row in result]


def write(session: Any, statements: Sequence[Statement]) -> None:
    """Carry statements out, and return when all are.

    A few travel together, as a request costs the driver ten times what binding a row does. Each stands for itself:
    the batches are unlogged, and every statement has a timestamp of its own.
    """
    batches = [_batch(statements[at : at + TOGETHER]) for at in range(0, len(statements), TOGETHER)]
    execute_concurrent(session, batches, concurrency=16, raise_on_first_error=True)


def _batch(statements: Sequence[Statement]) -> tuple[BatchStatement, Sequence[Any]]:
    batch = BatchStatement(BatchType.UNLOGGED)
    for statement, values in statements:
        batch.add(statement, values)
    return batch, ()
