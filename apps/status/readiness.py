"""Readiness of a web process: its dependencies respond, and all migrations are applied."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from apps.metrics.cassandra import ping
from core.errors import ServiceUnavailable

TIMEOUT_S = 2.0
# Load balancers probe every few seconds; more frequent probes get the cached result.
CACHE_S = 1.0


class Readiness:
    """Checks all dependencies concurrently, at most once per CACHE_S."""

    def __init__(self, checks: Mapping[str, Callable[[], bool]]) -> None:
        self._checks = checks
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(len(checks), thread_name_prefix="ready")
        self._pending: dict[str, Future[bool]] = {}
        self._at_s: float | None = None
        self._failed: list[str] = []

    def read(self) -> list[str]:
        """Return the names of the failed checks; a check that times out counts as failed."""
        with self._lock:
            if self._at_s is None or time.monotonic() - self._at_s > CACHE_S:
                self._failed = self._check_all()
                self._at_s = time.monotonic()
            return self._failed

    def clear(self) -> None:
        """Drop the cached result."""
        self._at_s = None

    def _check_all(self) -> list[str]:
        deadline_s = time.monotonic() + TIMEOUT_S
        for name, check in self._checks.items():
            # A check that still hangs is not started a second time.
            if name not in self._pending or self._pending[name].done():
                self._pending[name] = self._workers.submit(check)
        return [name for name, result in self._pending.items() if not _succeeds(result, deadline_s)]


def _succeeds(result: Future[bool], deadline_s: float) -> bool:
    try:
        return result.result(timeout=max(0.0, deadline_s - time.monotonic()))
    except FutureTimeoutError:
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
        return ping(1.0)
    except ServiceUnavailable:
        return False


readiness = Readiness({"database": _database, "migrations": _migrations, "redis": _redis, "cassandra": _cassandra})
