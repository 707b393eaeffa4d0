"""Channel list refresh: writes to the database, Redis and Kafka. Also opt-outs and hash keys."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
import redis
from confluent_kafka import Consumer, Producer
from pytest_django import Settings

from apps.channels.models import Channel
from apps.curation.models import Bot, OptOut
from apps.curation.queries import rules
from apps.ingest import channel_list
from apps.ingest.channel_list import ChannelList
from apps.ingest.event_sender import EventSender
from apps.ingest.models import HashKey
from apps.ingest.services import (
    delete_expired_hash_keys,
    erase_opted_out_profiles,
    find_user,
    hash_key,
    publish_opt_outs,
    refresh_channel_list,
)
from core.contracts import redis_keys
from core.errors import NotFound, ServiceUnavailable
from core.irc.hashing import user_hash
from core.pipeline.records import EventRecord, read_event
from core.times import HOUR_MS
from tests.ingest.twitch_api import Live, row
from tests.valkey import Valkey
from twitchly import kafka

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
NOW_MS = round(NOW.timestamp() * 1000)
MINUTE = 60_000
FRESH = "2026-11-23T11:59:30Z"


@pytest.fixture
def store(valkey_server: Valkey, settings: Settings) -> redis.Redis:
    """An empty Redis server configured in the settings."""
    settings.REDIS_STREAMS_URL = f"{valkey_server.url}/3"
    settings.CHANNELS_WANTED = 10
    client = valkey_server.client(3)
    client.flushall()
    return client


def read_list(store: redis.Redis) -> ChannelList:
    result = channel_list.read_sync(store)
    assert result is not None
    return result


def refresh(twitch: Live, broker: Producer, minute: int = 0) -> bool:
    sender = EventSender(broker)
    return refresh_channel_list(now_ms=NOW_MS + minute * MINUTE, helix_client=twitch.helix(), sender=sender) is not None


@pytest.mark.django_db
def test_a_refresh_updates_the_table_and_the_channel_list(store: redis.Redis, broker: Producer) -> None:
    twitch = Live(row(7, 900), row(8, 50))
    Channel.objects.create(id="7", login="old_name", name="Old", note="kept", pinned=True)
    assert refresh(twitch, broker)
    result = read_list(store)
    assert result.fetched_ms == NOW_MS
    assert [(item.login, item.viewers, item.live) for item in result.streams.values()] == [
        ("channel7", 900, True),
        ("channel8", 50, True),
    ]
    channel = Channel.objects.get(pk="7")
    assert (channel.login, channel.note, channel.pinned, channel.is_wanted) == ("channel7", "kept", True, True)
    assert channel.last_seen_at == NOW


@pytest.mark.django_db
def test_pinned_and_listed_channels_outside_the_pages_are_looked_up_by_id(
    store: redis.Redis, broker: Producer, settings: Settings
) -> None:
    settings.CHANNELS_WANTED = 70
    twitch = Live(*(row(n, 1000 - n) for n in range(200)))
    Channel.objects.create(id="150", login="pinned", name="Pinned", pinned=True)
    Channel.objects.create(id="160", login="followed", name="Followed", is_wanted=True)
    Channel.objects.create(id="170", login="blocked", name="Blocked", is_wanted=True, blocked=True)
    assert refresh(twitch, broker)
    assert twitch.requests[-1].url.params.get_list("user_id") == ["150", "160"]
    listed = read_list(store).streams
    assert listed["150"].viewers == 850
    assert "160" not in listed
    assert len(listed) == 71
    assert not Channel.objects.get(pk="160").is_wanted
    assert not Channel.objects.get(pk="170").is_wanted


@pytest.mark.django_db
def test_blocked_and_opted_out_channels_are_not_listed(store: redis.Redis, broker: Producer) -> None:
    Channel.objects.create(id="7", login="a", name="A", blocked=True)
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="8", login="b")
    OptOut.objects.create(kind=OptOut.Kind.USER, twitch_id="9", login="c")
    assert refresh(Live(row(7, 900), row(8, 50), row(9, 10)), broker)
    assert list(read_list(store).streams) == ["9"]


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [httpx.Response(500), httpx.Response(200, json={"data": []}), httpx.ReadTimeout("")])
def test_nothing_is_written_while_helix_is_unavailable(
    store: redis.Redis, broker: Producer, fault: httpx.Response | Exception
) -> None:
    twitch = Live(row(7, 900))
    refresh(twitch, broker)
    twitch.fault = fault
    with pytest.raises(ServiceUnavailable):
        refresh(twitch, broker, minute=1)
    assert read_list(store).fetched_ms == NOW_MS
    assert Channel.objects.get().last_seen_at == NOW
    twitch.fault = None
    assert refresh(twitch, broker, minute=2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "started_at", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", ""]
)
def test_an_implausible_start_does_not_stop_a_refresh(store: redis.Redis, broker: Producer, started_at: str) -> None:
    twitch = Live(row(7, 900, started_at=FRESH), row(8, 50, started_at=started_at))
    assert refresh(twitch, broker)
    assert [(item.id, item.started_at) for item in read_list(store).streams.values()] == [("7", FRESH), ("8", "")]
    assert Channel.objects.get(pk="8").started_at is None


class Broken(Live):
    """A Helix that rejects requests for pages after the first, or returns them without rows."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        super().__init__(*rows)
        self.later_page: httpx.Response | None = None

    def respond(self, request: httpx.Request) -> httpx.Response:
        if self.later_page is not None and "after" in request.url.params:
            return self.later_page
        return super().respond(request)


@pytest.mark.django_db
def test_known_channels_stay_listed_if_cursors_are_refused(
    store: redis.Redis, broker: Producer, settings: Settings
) -> None:
    settings.CHANNELS_WANTED = 150
    twitch = Broken(*(row(n, 1000 - n) for n in range(300)))
    assert refresh(twitch, broker)
    listed = read_list(store).streams.keys()
    twitch.later_page = httpx.Response(400, json={"message": "invalid cursor"})
    assert refresh(twitch, broker, minute=1)
    assert read_list(store).fetched_ms == NOW_MS + MINUTE
    assert read_list(store).streams.keys() == listed
    assert len(listed) == 150
    assert not Channel.objects.exclude(offline_since=None).exists()


@pytest.mark.django_db
def test_incomplete_pages_keep_the_previous_list(store: redis.Redis, broker: Producer, settings: Settings) -> None:
    settings.CHANNELS_WANTED = 150
    twitch = Broken(*(row(n, 1000 - n) for n in range(300)))
    assert refresh(twitch, broker)
    twitch.later_page = httpx.Response(200, json={"data": [], "pagination": {}})
    with pytest.raises(ServiceUnavailable, match="100 of 150 streams"):
        refresh(twitch, broker, minute=1)
    assert read_list(store).fetched_ms == NOW_MS
    assert len(read_list(store).streams) == 150


@pytest.mark.django_db
def test_the_error_names_an_unavailable_redis(settings: Settings, broker: Producer) -> None:
    settings.REDIS_STREAMS_URL = "redis://127.0.0.1:1/3"
    with pytest.raises(ServiceUnavailable, match="Redis"):
        refresh(Live(row(7, 900)), broker)
    assert not Channel.objects.exists()


@pytest.mark.django_db
def test_two_refreshes_never_overlap(store: redis.Redis, broker: Producer) -> None:
    twitch = Live(row(7, 900))
    with store.lock(redis_keys.CHANNEL_LIST_LOCK, timeout=60):
        assert not refresh(twitch, broker)
    assert twitch.requests == []
    assert refresh(twitch, broker)
    assert refresh(twitch, broker)


@pytest.mark.django_db
def test_events_reach_kafka_before_the_table_is_updated(store: redis.Redis, broker: Producer) -> None:
    twitch = Live(row(7, 900, started_at=FRESH, title="hello"), row(8, 50))
    refresh(twitch, broker)
    twitch.streams["8"]["game_name"] = "Go"
    del twitch.streams["7"]
    for minute in (1, 2, 3):
        refresh(twitch, broker, minute)
    events = events_on(broker, 6)
    assert [(event.kind, event.channel_id, event.text) for event in events] == [
        ("stream_start", "8", "a title"),
        ("stream_start", "7", "hello"),
        ("category", "8", "Chess"),
        ("category", "7", "Chess"),
        ("category", "8", "Go"),
        ("stream_end", "7", ""),
    ]
    assert [event.at_ms - NOW_MS for event in events] == [-12 * HOUR_MS, -30_000, 0, 0, MINUTE, MINUTE]


@pytest.mark.django_db
def test_an_older_response_changes_neither_title_nor_login(store: redis.Redis, broker: Producer) -> None:
    twitch = Live(row(8, 50))
    old, new = {"title": "a title", "user_login": "eight"}, {"title": "new", "user_login": "new_eight"}
    for minute, texts in enumerate((old, new, old, new, old)):
        twitch.streams["8"].update(texts)
        refresh(twitch, broker, minute)
    channel = Channel.objects.get()
    assert (channel.title, channel.login) == ("new", "new_eight")
    assert [former.login for former in channel.former_logins.all()] == ["eight"]
    refresh(twitch, broker, minute=5)
    assert Channel.objects.get().title == "a title"


def events_on(broker: Producer, count: int) -> list[EventRecord]:
    (address,) = [f"{item.host}:{item.port}" for item in broker.list_topics(timeout=5).brokers.values()]
    reader: Consumer = kafka.consumer("test", **{"bootstrap.servers": address})
    reader.subscribe(["channel-events"])
    records: list[EventRecord] = []
    while len(records) < count:
        message = reader.poll(10)
        assert message is not None, "no further event arrived within 10 s"
        records.append(read_event(message.value(), NOW_MS + 10 * MINUTE))
    reader.close()
    return sorted(records, key=lambda event: (event.at_ms, event.channel_id != "8"))


@pytest.mark.django_db
def test_a_kafka_outage_delays_events_but_not_the_list(store: redis.Redis, broker: Producer) -> None:
    twitch = Live(row(7, 900), row(8, 50))
    refresh(twitch, broker)
    twitch.streams["7"]["title"] = "new"
    nowhere = kafka.producer(
        **{"bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": 200, "request.timeout.ms": 100}
    )
    assert refresh(twitch, nowhere, minute=1)
    assert read_list(store).streams["7"].title == "new"
    assert Channel.objects.get(pk="7").title == "a title"
    assert Channel.objects.get(pk="8").last_seen_at == NOW + dt.timedelta(minutes=1)
    assert refresh(twitch, broker, minute=2)
    assert Channel.objects.get(pk="7").title == "new"


@pytest.mark.django_db
def test_an_account_is_found_or_reported_missing() -> None:
    twitch = Live(row(7, 900))
    assert find_user(login="channel7", helix_client=twitch.helix()).id == "7"
    assert find_user(user_id="7", helix_client=twitch.helix()).login == "channel7"
    with pytest.raises(NotFound, match="no account with the login ghost"):
        find_user(login="ghost", helix_client=twitch.helix())


@pytest.mark.django_db
def test_the_curation_rules_match_the_admin_site() -> None:
    Bot.objects.filter(login="nightbot").update(is_counted_out=False)
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="8")
    OptOut.objects.create(kind=OptOut.Kind.USER, twitch_id="9")
    result = rules()
    assert result.opted_out_channels == {"8"}
    assert result.opted_out_users == {"9"}
    assert "streamelements" in result.bots
    assert "nightbot" not in result.bots


@pytest.mark.django_db
def test_an_opt_out_is_published_once(broker: Producer) -> None:
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="66")
    OptOut.objects.create(kind=OptOut.Kind.USER, twitch_id="13")
    nowhere = kafka.producer(**{"bootstrap.servers": "127.0.0.1:9", "message.timeout.ms": 300})
    assert publish_opt_outs(now_ms=NOW_MS, sender=EventSender(nowhere)) == 0
    assert publish_opt_outs(now_ms=NOW_MS, sender=EventSender(broker)) == 1
    assert publish_opt_outs(now_ms=NOW_MS, sender=EventSender(broker)) == 0
    assert [item.twitch_id for item in OptOut.objects.exclude(told_at=None)] == ["66"]


@pytest.mark.django_db
def test_an_opted_out_channel_keeps_only_its_identity() -> None:
    previous = {"title": ["an earlier title", NOW_MS, None]}
    seven = {"login": "seven", "name": "Seven", "title": "a title", "category": "Chess", "last_seen_at": NOW}
    Channel.objects.create(id="7", previous_texts=previous, **seven)
    Channel.objects.create(id="8", login="eight", name="Eight", title="a title", is_wanted=True)
    Channel.objects.get(pk="7").former_logins.create(login="six")
    for channel_id in ("7", "8"):
        OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id=channel_id)
    assert erase_opted_out_profiles() == 1
    assert erase_opted_out_profiles() == 0
    erased = Channel.objects.get(pk="7")
    assert (erased.login, erased.title, erased.category, erased.last_seen_at) == ("seven", "", "", None)
    assert erased.previous_texts is None
    assert not erased.former_logins.exists()
    assert Channel.objects.get(pk="8").title == "a title"


@pytest.mark.django_db
def test_a_hash_key_is_created_once_and_deleted_after_48_hours() -> None:
    today = NOW.date()
    key = hash_key(today)
    assert hash_key(today) == key
    assert len(key) == 32
    hash_key(today - dt.timedelta(days=2))
    hash_key(today - dt.timedelta(days=3))
    assert delete_expired_hash_keys(today=today) == 1
    assert HashKey.objects.count() == 2


def test_a_user_hash_depends_on_the_key() -> None:
    assert user_hash("42", b"a" * 32) == user_hash("42", b"a" * 32)
    assert user_hash("42", b"a" * 32) != user_hash("42", b"b" * 32)
    assert user_hash("42", b"a" * 32) != user_hash("43", b"a" * 32)
    assert -(2**63) <= user_hash("42", b"a" * 32) < 2**63
