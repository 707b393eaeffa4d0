"""What every test shares: settings without servers; tests that need servers start their own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import django
import pytest
from pytest import TerminalReporter

from tests.postgres import VARIABLE
from tests.valkey import Valkey

LACKS_DATA = "recorded data is absent"
USES_DATABASE = {"db", "transactional_db"}

os.environ["DJANGO_SETTINGS_MODULE"] = "twitchly.settings"
os.environ["SECRET_KEY"] = "a-key-for-tests-only-a-key-for-tests-only-a-key-for-tests"
os.environ["TWITCHLY_VAR"] = "/nonexistent/twitchly-tests"
os.environ["DATABASE_URL"] = os.environ.get(VARIABLE, "sqlite://:memory:")
os.environ["CASSANDRA_HOSTS"] = ""
# Everything that tests ask is on this machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
django.setup()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what touches the relational database: it is to work on PostgreSQL as on SQLite."""
    for item in items:
        if item.get_closest_marker("django_db") or USES_DATABASE.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(autouse=True)
def one_connection(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the connection that a test's transaction is open on, as Django's own test client does."""
    if "transactional_db" not in request.fixturenames:
        monkeypatch.setattr("channels.db.close_old_connections", lambda: None)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    yield server
    server.kill()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say how many tests of each set ran, and how many could not for lack of recorded data."""
    sets: Counter[str] = Counter()
    for report in (*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])):
        if report.when == "call":
            sets[set_of(report.nodeid)] += 1
    lacking = [report for report in terminalreporter.stats.get("skipped", []) if LACKS_DATA in str(report.longrepr)]
    ran = ", ".join(f"{name} {count}" for name, count in sorted(sets.items()))
    terminalreporter.write_line(f"tests run: {ran or 'none'}; skipped for lack of recorded data: {len(lacking)}")


def set_of(nodeid: str) -> str:
    """Return the set a test belongs to: the folder or file under tests/."""
    parts = nodeid.split("::")[0].split("/")
    return "browser" if parts[-1] == "test_browser.py" else parts[1].removesuffix(".py")
