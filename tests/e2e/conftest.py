"""One running instance for all tests in this folder, removed before the tests of tests/instance start."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator

import pytest
from django.conf import settings as django_settings
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import DjangoDbBlocker, Settings

from core.errors import ServiceUnavailable
from core.pipeline.topics import TOPIC
from deploy.local.browser import find_browser
from drills.stack import Stack, wait_until
from simulator.broadcasts import ALWAYS_ON, Broadcasts
from tests.e2e.every_visit import open_visitors, prepare_paths
from twitchly import kafka

CHANNELS, SEED = 60, 7
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


LOG_TAIL = 8_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of the web process's log to a failure report, because pages do not show the cause."""
    report = yield
    instance = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(instance, Stack):
        report.sections.append(("log of the web process", instance.log("web")[-LOG_TAIL:]))
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    instance = Stack()
    try:
        instance.start("--channels", str(CHANNELS), "--rate", "150", "--seed", str(SEED))
        yield instance
    finally:
        instance.remove()


@pytest.fixture(scope="package")
def lasting_channels(stack: Stack) -> list[str]:
    """Covered channels whose simulated broadcast does not end; other channels go off air at some time of day."""
    lasting = {streamer.channel.id for streamer in Broadcasts(CHANNELS, SEED).streamers[:ALWAYS_ON]}
    wait_until(lambda: lasting <= stack.covered(), 90, "covered channels")
    return sorted(lasting)


@pytest.fixture
def topics(stack: Stack, settings: Settings) -> str:
    """Create empty topics on the running instance's Kafka; return the prefix of their names."""
    settings.KAFKA_BOOTSTRAP = stack.kafka
    settings.KAFKA_TOPIC_PREFIX = f"test-{uuid.uuid4().hex[:8]}."
    kafka.create_topics()
    wait_until(_have_leaders, 30, "leaders for the partitions of the topics")
    return kafka.topic_name("")


def _have_leaders() -> bool:
    reader = kafka.consumer("test")
    try:
        return all(
            kafka.ends_of(reader, partition) == (0, 0)
            for name in TOPIC
            for partition in kafka.partitions_of(reader, name)
        )
    except ServiceUnavailable:
        return False
    finally:
        reader.close()


@pytest.fixture(scope="package")
def cassandra(stack: Stack, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Connect this process to the running instance's Cassandra."""
    options = {"connection": {"port": stack.port + 3, "lazy_connect": True, "retry_connect": True}}
    database = {"ENGINE": "django_cassandra_engine", "NAME": django_settings.CASSANDRA_KEYSPACE, "HOST": "127.0.0.1"}
    connections.databases["cassandra"] = connections.databases["default"] | database | {"OPTIONS": options}
    with django_db_blocker.unblock():
        yield
    connections["cassandra"].connection.unregister()
    del connections["cassandra"], connections.databases["cassandra"]


@pytest.fixture(scope="module")
def visitors(browser: Browser, stack: Stack) -> Iterator[dict[str, Page]]:
    """A page for each visitor in `every_page.py`."""
    pages = open_visitors(browser, stack)
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.fixture(scope="module")
def paths(visitors: dict[str, Page], stack: Stack, cassandra: None) -> dict[str, str]:
    """Values for the placeholders in the paths of `every_page.py`."""
    return prepare_paths(visitors["account"].context, stack)
