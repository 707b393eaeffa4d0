"""One running copy for all tests of this folder; it is gone before tests/replay starts another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections
from pytest_django import DjangoDbBlocker

from drills.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    copy = Stack()
    try:
        copy.start("--channels", "60", "--rate", "150", "--seed", "7")
        yield copy
    finally:
        copy.remove()


@pytest.fixture(scope="package")
def cassandra(stack: Stack, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let this process use the running copy's Cassandra."""
    options = {"connection": {"port": stack.port + 3, "lazy_connect": True, "retry_connect": True}}
    database = {"ENGINE": "django_cassandra_engine", "NAME": settings.CASSANDRA_KEYSPACE, "HOST": "127.0.0.1"}
    connections.databases["cassandra"] = connections.databases["default"] | database | {"OPTIONS": options}
    with django_db_blocker.unblock():
        yield
    connections["cassandra"].connection.unregister()
    del connections["cassandra"], connections.databases["cassandra"]
