"""pytest plugin for tests that need Django: settings without servers, and database fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator

import django
import pytest
from django.conf import settings

from tests.postgres import VARIABLE
from tests.valkey import Valkey

USES_DATABASE = {"db", "transactional_db"}

os.environ["DJANGO_SETTINGS_MODULE"] = "twitchly.settings"
os.environ["SECRET_KEY"] = "a-key-for-tests-only-a-key-for-tests-only-a-key-for-tests"
os.environ["TWITCHLY_VAR"] = "/nonexistent/twitchly-tests"
os.environ["DATABASE_URL"] = os.environ.get(VARIABLE, "sqlite://:memory:")
os.environ["CASSANDRA_HOSTS"] = ""
# Tests connect to servers on this machine only.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
django.setup()
settings.MIDDLEWARE = ["tests.page_services.with_page_services", *settings.MIDDLEWARE]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use the relational database; these also run on PostgreSQL."""
    for item in items:
        if item.get_closest_marker("django_db") or USES_DATABASE.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(autouse=True)
def keep_connection_open(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the connection of a test's transaction open, as Django's test client does."""
    if "transactional_db" not in request.fixturenames:
        monkeypatch.setattr("channels.db.close_old_connections", lambda: None)


@pytest.fixture(autouse=True)
def reset_page_services() -> None:
    """Give each test live services with empty caches."""
    from tests.page_services import page_services

    page_services.reset()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    yield server
    server.kill()
