"""Whether a web process can serve: what it needs is reached, and the tables are those of this version."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from apps.metrics.cassandra import answers
from core.errors import ServiceAway

WITHIN_S = 2.0
# A load balancer asks every few seconds; whoever asks more often is told the same.
KEPT_S = 1.0


class Readiness:
    """Looks at most once in KEPT_S, at all parts at once."""

    def __init__(self, parts: Mapping[str, Callable[[], bool]]) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(len(parts), thread_name_prefix="ready")
        self._asked: dict[str, Future[bool]] = {}
        self._at_s: float | None = None
        self._missing: list[str] = []

    def read(self) -> list[str]:
        """Return the names of what is missing; a part that has not answered in time is."""
        with self._lock:
            if self._at_s is None or time.monotonic() - self._at_s > KEPT_S:
                self._missing = self._look()
                self._at_s = time.monotonic()
            return self._missing

    def forget(self) -> None:
        """Look anew the next time."""
        self._at_s = None

    def _look(self) -> list[str]:
        until_s = time.monotonic() + WITHIN_S
        for name, look in self._parts.items():
            # One that still waits for its answer is not asked a second time.
            if name not in self._asked or self._asked[name].done():
                self._asked[name] = self._workers.submit(look)
        return [name for name, answer in self._asked.items() if not _is_there(answer, until_s)]


def _is_there(answer: Future[bool], until_s: float) -> bool:
    try:
        return answer.result(timeout=max(0.0, until_s - time.monotonic()))
    except TooLate:
        return False


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except DatabaseError:
        return False
    finally:
        connection.close()


def _migrations() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False
    finally:
        connection.close()


def _redis() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_BOARDS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _cassandra() -> bool:
    if not settings.CASSANDRA_HOSTS:
        return True
    try:
        return answers(1.0)
    except ServiceAway:
        return False


readiness = Readiness({"database": _database, "migrations": _migrations, "redis": _redis, "cassandra": _cassandra})
