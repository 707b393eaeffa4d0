"""The tasks as Celery runs them: what goes wrong is said and counted, and never raised."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from pytest_django import Settings

from apps.ingest import services, tasks
from tests.ingest.twitch_api import Live, row, served
from tests.valkey import Valkey


@pytest.fixture
def twitch(settings: Settings) -> Iterator[Live]:
    """A Twitch and a Redis that the settings name."""
    live, store = Live(row(7, 900), row(8, 50)), Valkey()
    store.start()
    with served(live) as url:
        settings.TWITCH_HELIX_URL, settings.TWITCH_TOKEN_URL = f"{url}/helix", f"{url}/oauth2/token"
        settings.REDIS_STREAMS_URL = f"{store.url}/3"
        services.helix.cache_clear()
        yield live
    services.helix.cache_clear()
    store.kill()


@pytest.mark.django_db
def test_a_refresh_is_counted_whether_it_succeeds_or_not(
    twitch: Live, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    before = tasks.refreshes.results.copy()
    tasks.refresh_streams()
    assert tasks.refreshes.live == 2
    twitch.fault = httpx.Response(400, json={})
    tasks.refresh_streams()
    assert tasks.refreshes.results - before == {"done": 1, "failed": 1}
    assert "the last list of streams stays: Twitch refused" in caplog.text
    assert services.helix().results["400"] == 1


@pytest.mark.django_db
def test_a_worker_serves_its_measures_and_goes_on_where_the_port_is_taken(
    twitch: Live, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.WORKER_METRICS_PORT = probe.getsockname()[1]
    tasks.serve_measures()
    tasks.refresh_streams()
    page = httpx.get(f"http://127.0.0.1:{settings.WORKER_METRICS_PORT}/metrics").text
    age = re.search(r"^twitchly_snapshot_age_seconds (\S+)$", page, re.MULTILINE)
    assert age is not None
    assert 0 <= float(age[1]) < 60
    assert 'twitchly_helix_calls_total{result="200"} 2.0' in page
    tasks.serve_measures()
    assert "no page for Prometheus" in caplog.text
