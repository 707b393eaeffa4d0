"""Live channels outside the channel list, published by each refresh."""

from __future__ import annotations

import pytest
import redis
from confluent_kafka import Producer
from pytest_django import Settings

from apps.channels.models import Channel
from apps.ingest import outside_list
from apps.ingest.event_sender import EventSender
from apps.ingest.services import read_outside_list, refresh_channel_list
from core.channels.outside import OutsideChannel
from core.contracts import redis_keys
from core.errors import ServiceUnavailable
from tests.ingest.twitch_api import Live, row
from tests.valkey import Valkey

T0 = 1_795_400_000_000
MINUTE = 60_000
ADA = OutsideChannel("7", "ada", "Ada <b>", "Chess", 90, T0, 40)


@pytest.fixture
def store(valkey_server: Valkey, settings: Settings) -> redis.Redis:
    """An empty Redis configured in the settings."""
    settings.REDIS_STREAMS_URL = f"{valkey_server.url}/3"
    settings.CHANNELS_WANTED = 2
    client = valkey_server.client(3)
    client.flushall()
    return client


def refresh(twitch: Live, broker: Producer, at_ms: int) -> outside_list.OutsideList:
    refresh_channel_list(now_ms=at_ms, helix_client=twitch.helix(), sender=EventSender(broker))
    result = read_outside_list()
    assert result
    return result


def test_a_list_round_trips_and_expires(store: redis.Redis) -> None:
    outside_list.write(store, [ADA], T0)
    assert outside_list.read(store) == outside_list.OutsideList(T0, (ADA,))
    assert 0 < int(str(store.ttl(redis_keys.OUTSIDE_LIST))) <= outside_list.TTL_S


@pytest.mark.parametrize("raw", ["", "[]", "{}", '{"fetched_ms": 1, "channels": [{"id": "7"}]}', "\x00"])
def test_an_unreadable_list_counts_as_missing(store: redis.Redis, raw: str) -> None:
    assert outside_list.read(store) is None
    store.set(redis_keys.OUTSIDE_LIST, raw)
    assert outside_list.read(store) is None


@pytest.mark.django_db
def test_a_refresh_publishes_the_live_channels_outside_the_list(store: redis.Redis, broker: Producer) -> None:
    Channel.objects.create(id="4", login="blocked", name="Blocked", blocked=True)
    Channel.objects.create(id="5", login="pinned", name="Pinned", pinned=True)
    rows = {number: row(number, 1000 - number) for number in range(1, 7)}
    first = refresh(Live(*rows.values()), broker, T0)
    assert (first.fetched_ms, [channel.id for channel in first.channels]) == (T0, ["3", "6"])
    rows[6]["viewer_count"] = 996
    second = refresh(Live(*rows.values()), broker, T0 + MINUTE)
    assert [(channel.login, channel.gained, channel.since_ms) for channel in second.channels] == [
        ("channel3", 0, T0),
        ("channel6", 2, T0),
    ]


def test_the_error_names_an_unavailable_redis(settings: Settings) -> None:
    settings.REDIS_STREAMS_URL = "redis://127.0.0.1:1/3"
    with pytest.raises(ServiceUnavailable, match="Redis"):
        read_outside_list()
