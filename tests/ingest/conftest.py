"""Fixtures: the command's event loop, a Twitch server and a curator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop
from confluent_kafka import Producer
from django.test import Client
from pytest_django import Settings

from apps.ingest import services
from tests.ingest.twitch_api import Live, row, served
from tests.staff import staff_client
from twitchly import kafka


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run async tests on uvloop, as `run_producer` does."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def twitch(settings: Settings) -> Iterator[Live]:
    """A Twitch server configured in the settings."""
    live = Live(row(7, 900), row(8, 50))
    with served(live) as url:
        use(settings, url)
        yield live
    services.helix.cache_clear()


def use(settings: Settings, url: str) -> None:
    settings.TWITCH_HELIX_URL, settings.TWITCH_TOKEN_URL = f"{url}/helix", f"{url}/oauth2/token"
    services.helix.cache_clear()


@pytest.fixture
def broker() -> Producer:
    """A producer with librdkafka's mock broker."""
    return kafka.producer(**{"test.mock.num.brokers": 1, "bootstrap.servers": ""})


@pytest.fixture
def curator(settings: Settings) -> Client:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    return staff_client()
