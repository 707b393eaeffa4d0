"""My channel: the last stream of the user's own channel."""

from __future__ import annotations

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.dashboard.channel import streams as streams_module
from tests.dashboard.conftest import EMAIL, Boards
from tests.dashboard.test_streams import Store, broadcast
from tests.pages import read_page


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, settings: Settings, boards: Boards, db: None) -> type[Store]:
    monkeypatch.setattr(streams_module, "BroadcastStore", Store)
    settings.CASSANDRA_HOSTS = ["reference"]
    Store.held = [broadcast(day) for day in range(3)]
    Channel.objects.create(id="1", login="alpha", name="Alpha")
    return Store


def own_channel() -> str:
    return User.objects.get(email=EMAIL).channel_id


def test_a_channel_is_entered_once_and_then_opens_its_last_stream(stored: type[Store], signed_in: Client) -> None:
    assert "Channel name or Twitch URL" in read_page(signed_in.get("/my-channel"))
    answer = signed_in.post("/my-channel", {"channel": " https://www.twitch.tv/ALPHA "})
    assert (answer["Location"], own_channel()) == ("/my-channel", "1")
    last = f"/channels/1/streams/{Store.held[0].started_ms}"
    assert signed_in.get("/my-channel")["Location"] == last


def test_without_a_finished_stream_the_list_of_streams_opens(stored: type[Store], signed_in: Client) -> None:
    Store.held = []
    signed_in.post("/my-channel", {"channel": "alpha"})
    assert signed_in.get("/my-channel")["Location"] == "/channels/1/streams"


@pytest.mark.parametrize("name", ["nobody_knows_it", "<b>x</b>", "https://example.com/alpha", "x" * 501])
def test_an_unknown_channel_is_rejected_with_a_reason(stored: type[Store], signed_in: Client, name: str) -> None:
    answer = signed_in.post("/my-channel", {"channel": name})
    assert answer.status_code == 400
    assert "own-channel_error" in read_page(answer)
    assert "<b>x</b>" not in read_page(answer)
    assert own_channel() == ""


def test_a_channel_can_be_removed(stored: type[Store], signed_in: Client) -> None:
    signed_in.post("/my-channel", {"channel": "alpha"})
    assert "Alpha" in read_page(signed_in.get("/my-channel?change"))
    answer = signed_in.post("/my-channel", {"channel": ""}, follow=True)
    assert "Your channel has been removed." in read_page(answer)
    assert own_channel() == ""


def test_the_connected_twitch_account_is_the_default(stored: type[Store], signed_in: Client) -> None:
    SocialAccount.objects.create(user=User.objects.get(email=EMAIL), provider="twitch", uid="1")
    last = f"/channels/1/streams/{Store.held[0].started_ms}"
    assert signed_in.get("/my-channel")["Location"] == last


def test_the_page_requires_sign_in(client: Client, db: None) -> None:
    assert client.get("/my-channel")["Location"] == "/account/login/?next=/my-channel"
