"""A real Valkey on a free port, and boards written by the product's own writer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping

import pytest
from asgiref.sync import async_to_sync
from channels.layers import channel_layers
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from apps.accounts.services import ensure_user
from apps.ingest import channel_list
from apps.live.readings import LiveBoards, open_boards
from apps.metrics.boards import BoardWriter
from core.channels.stream import Stream
from core.contracts import group, redis_keys
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import WindowRecord
from tests.valkey import Valkey

EMAIL, PASSWORD = "buyer@example.com", "a long password for tests"


@pytest.fixture(autouse=True, scope="session")
def imported_views() -> None:
    """Import all views, because a view first imported while a function is patched would keep the patched function."""
    assert get_resolver().url_patterns


@pytest.fixture
def valkey(valkey_server: Valkey, settings: Settings) -> Valkey:
    """An empty Valkey server, configured in the settings."""
    if valkey_server.process is None or valkey_server.process.poll() is not None:
        valkey_server.start()
    valkey_server.client().flushall()
    use_redis(settings, valkey_server.url)
    return valkey_server


def use_redis(settings: Settings, url: str) -> None:
    settings.REDIS_BOARDS_URL = f"{url}/0"
    settings.REDIS_STREAMS_URL = f"{url}/3"
    settings.REDIS_STATUS_URL = f"{url}/5"
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": {"hosts": [f"{url}/2"], "prefix": "twitchly"}}}
    channel_layers.backends.clear()


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings) -> None:
    """Use plain static file names and fast password hashes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


class Boards:
    """Writes boards and the channel list, as the sink and Celery do."""

    def __init__(self, valkey: Valkey) -> None:
        self.valkey = valkey
        self.end_ms = time.time_ns() // 1_000_000

    def list_channel(
        self,
        channel_id: str,
        name: str,
        *,
        title: str = "",
        category: str = "Chess",
        live: bool = True,
        started_at: str = "2026-11-18T17:29:30Z",
        age_ms: int = 0,
    ) -> None:
        """Put a channel on the channel list, fetched `age_ms` ago."""
        client = self.valkey.client(3)
        known = client.get(redis_keys.CHANNEL_LIST)
        streams = dict(channel_list.decode(known).streams) if isinstance(known, bytes) else {}
        viewers, started_at = (1, started_at) if live else (None, "")
        streams[channel_id] = Stream(channel_id, name.lower(), name, viewers, category, "en", title, started_at, live)
        channel_list.write(client, streams.values(), self.end_ms - age_ms)

    def block(self, *channel_ids: str) -> None:
        """Remove channels from the list, as blocking them does; their live values remain."""
        client = self.valkey.client(3)
        known = client.get(redis_keys.CHANNEL_LIST)
        streams = dict(channel_list.decode(known).streams) if isinstance(known, bytes) else {}
        listed = [stream for stream in streams.values() if stream.id not in channel_ids]
        channel_list.write(client, listed, self.end_ms, excluded=channel_ids)

    def write_viewers(
        self,
        viewers: Mapping[str, int | None],
        *,
        behind_ms: int = 0,
        observed_ms: int = 30_000,
        messages: int = 60,
        **extra_columns: int,
    ) -> None:
        """Write a live window for each channel, and add `extra_columns` to it; None means an unknown viewer count."""
        end_ms = self.end_ms - behind_ms
        columns = {"messages": messages, "words": messages * 4, "observed_ms": observed_ms, **extra_columns}
        windows = [
            WindowRecord(
                channel_id,
                "live",
                end_ms - 30_000,
                end_ms,
                columns if count is None else columns | {"viewers": count},
            )
            for channel_id, count in viewers.items()
        ]
        BoardWriter(self.valkey.client(), RankingThresholds()).apply("live", windows)

    def write_chatters(self, chatters: Mapping[str, int], *, behind_ms: int = 0, observed_ms: int = 30_000) -> None:
        """Write a window of distinct counts for each channel, with twice as many messages as chatters."""
        end_ms = self.end_ms - behind_ms
        windows = [
            WindowRecord(
                channel_id,
                "live_distinct",
                end_ms - 30_000,
                end_ms,
                {"messages": 2 * count, "observed_ms": observed_ms, "chatters": count, "texts": count},
            )
            for channel_id, count in chatters.items()
        ]
        BoardWriter(self.valkey.client(), RankingThresholds()).apply("live_distinct", windows)

    def write_five_minutes(self, columns: Mapping[str, Mapping[str, int]]) -> None:
        """Write the sums of a channel's live windows of the past 5 min."""
        windows = [
            WindowRecord(i, "live", self.end_ms - 300_000, self.end_ms, {"observed_ms": 300_000, **sums})
            for i, sums in columns.items()
        ]
        BoardWriter(self.valkey.client(), RankingThresholds()).apply("live", windows, over="5m")

    def tick(self) -> None:
        async_to_sync(self.send_tick)()

    async def send_tick(self) -> None:
        await channel_layers["default"].group_send(group.NAME, group.Tick({"live": self.end_ms}).to_message())


@pytest.fixture
def boards(valkey: Valkey) -> Boards:
    """Three named channels with viewers."""
    boards = Boards(valkey)
    for channel_id, name in (("1", "Alpha"), ("2", "Beta"), ("3", "Gamma")):
        boards.list_channel(channel_id, name)
    boards.write_viewers({"1": 1_000, "2": 12_418, "3": 500})
    return boards


def content_of(response: HttpResponseBase) -> str:
    """Return the content of a streamed response."""

    async def collect() -> bytes:
        assert isinstance(response, StreamingHttpResponse)
        return b"".join([piece async for piece in response])

    return async_to_sync(collect)().decode()


@pytest.fixture
async def live(boards: Boards) -> AsyncIterator[LiveBoards]:
    async with open_boards() as live:
        yield live


@pytest.fixture
def signed_in(client: Client, db: None) -> Client:
    ensure_user(email=EMAIL, password=PASSWORD)
    assert client.login(username=EMAIL, password=PASSWORD)
    return client
