"""The Celery tasks: failures are logged and counted, never raised."""

from __future__ import annotations

import datetime as dt
import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
import redis
from confluent_kafka import Producer
from django.conf import settings
from pytest_django import Settings

from apps.channels.models import Channel
from apps.curation.decisions import BLOCK, Decision, decide
from apps.ingest import channel_list, services, tasks
from apps.ingest.event_sender import EventSender
from tests.ingest.twitch_api import Live, row, served
from tests.valkey import Valkey

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def twitch(settings: Settings, broker: Producer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """A Twitch server and a Redis server configured in the settings, and a mock of Kafka."""
    sender = EventSender(broker)
    monkeypatch.setattr(services, "event_sender", lambda: sender)
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
    before = tasks.refresh_stats.results.copy()
    tasks.refresh_channel_list()
    assert tasks.refresh_stats.live == 2
    twitch.fault = httpx.Response(400, json={})
    tasks.refresh_channel_list()
    assert tasks.refresh_stats.results - before == {"done": 1, "failed": 1}
    assert "channel list refresh failed, keeping the previous list: Twitch refused" in caplog.text
    assert services.helix().results["400"] == 1


@pytest.mark.django_db
def test_a_worker_serves_metrics_and_keeps_running_if_the_port_is_taken(
    twitch: Live, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.WORKER_METRICS_PORT = probe.getsockname()[1]
    settings.CHANNELS_WANTED = 2
    tasks.serve_metrics()
    began_s = time.time()
    tasks.refresh_channel_list()
    page = httpx.get(f"http://127.0.0.1:{settings.WORKER_METRICS_PORT}/metrics").text
    age = re.search(r"^twitchly_snapshot_age_seconds (\S+)$", page, re.MULTILINE)
    assert age is not None
    assert 0 <= float(age[1]) <= time.time() - began_s
    assert 'twitchly_helix_calls_total{result="200"} 2.0' in page
    tasks.serve_metrics()
    assert "Prometheus endpoint on port" in caplog.text


@pytest.mark.django_db
def test_curation_is_applied_immediately_and_only_once(twitch: Live) -> None:
    def listed() -> list[str]:
        with redis.Redis.from_url(settings.REDIS_STREAMS_URL) as store:
            current = channel_list.read_sync(store)
            return sorted(current.streams) if current else []

    tasks.apply_curation()
    assert listed() == ["7", "8"]
    requests = len(twitch.requests)
    tasks.apply_curation()
    assert len(twitch.requests) == requests
    channel = Channel.objects.get(pk="8")
    decide(channel, Decision(BLOCK, "law", NOW + dt.timedelta(hours=1)), by="a@example.com", now=NOW)
    tasks.apply_curation()
    assert listed() == ["7"]
    Channel.objects.update(decided_until=NOW)
    tasks.apply_curation()
    assert listed() == ["7", "8"]
    assert not Channel.objects.filter(blocked=True).exists()


@pytest.mark.django_db
def test_a_renamed_channel_keeps_its_curation(twitch: Live) -> None:
    Channel.objects.create(id="8", login="old_name", name="Old", blocked=True, reason="law")
    tasks.refresh_channel_list()
    channel = Channel.objects.get(pk="8")
    assert (channel.login, channel.blocked) == ("channel8", True)
    assert [former.login for former in channel.former_logins.all()] == ["old_name"]


@pytest.mark.django_db
def test_curation_waits_for_redis(twitch: Live, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_STREAMS_URL = "redis://127.0.0.1:1"
    tasks.apply_curation()
    assert "curation not applied" in caplog.text
