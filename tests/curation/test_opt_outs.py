"""Opting out without the curators' admin: by a request, or at once where Twitch says who somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.audit.models import Act
from apps.curation.models import OptOut, OptOutRequest
from apps.ingest import services
from tests.dashboard.conftest import EMAIL
from tests.ingest.conftest import use
from tests.ingest.twitch_api import Live, row, served
from tests.staff import staff_client

pytestmark = pytest.mark.django_db
ADMIN = "/admin/curation/optoutrequest/"


@pytest.fixture(autouse=True)
def no_earlier_tries() -> None:
    cache.clear()


@pytest.fixture
def twitch(settings: Settings) -> Iterator[Live]:
    live = Live(row(7, 900))
    with served(live) as url:
        use(settings, url)
        yield live
    services.helix.cache_clear()


def ask(client: Client, login: str = "channel7", **fields: str) -> Any:
    return client.post("/opt-out", {"kind": "channel", "login": login, **fields}, follow=True)


def confirmed(page: str) -> str:
    """Return which account the form of the admin asks about."""
    found = re.search(r'name="account" value="(\d+)"', page)
    return found[1] if found else ""


def test_the_answer_is_the_same_whoever_is_named_and_however_often(twitch: Live) -> None:
    OptOut.objects.create(kind="channel", twitch_id="8", login="channel8")
    answers = [ask(Client(), login) for login in ("channel7", "channel8", "nobody", "channel7")]
    said = [(one.status_code, tuple(map(str, one.context["messages"]))) for one in answers]
    assert said == [
        (200, (f"A curator checks the request for {login}. Nothing more is needed from you.",))
        for login in ("channel7", "channel8", "nobody", "channel7")
    ]
    assert twitch.requests == []
    assert OptOutRequest.objects.count() == 3


@pytest.mark.parametrize(("login", "contact"), [("two words", ""), ("", ""), ("x" * 26, ""), ("ada", "no address")])
def test_what_cannot_be_is_said_at_its_field(client: Client, login: str, contact: str) -> None:
    answer = ask(client, login, contact=contact)
    assert answer.status_code == 400
    assert 'class="xs bad"' in answer.content.decode()
    assert not OptOutRequest.objects.exists()


def test_only_so_many_requests_come_from_one_network(client: Client) -> None:
    answers = [ask(client, f"channel{number}").status_code for number in range(7)]
    assert answers == [200] * 5 + [429] * 2
    assert OptOutRequest.objects.count() == 5


def test_a_curator_accepts_and_what_was_written_is_forgotten(client: Client, twitch: Live) -> None:
    ask(client, "@Channel7", contact="ada@example.com", note="it is on my channel page")
    request = OptOutRequest.objects.get()
    curator = staff_client("curator")
    assert "it is on my channel page" in curator.get(f"{ADMIN}{request.pk}/change/").content.decode()
    page = curator.post(f"{ADMIN}{request.pk}/change/", {"decision": "accept"}).content.decode()
    assert "This is Channel7: login channel7, Twitch id 7. Its history will be deleted" in page
    assert not OptOut.objects.exists()
    accepted = {"decision": "accept", "account": confirmed(page)}
    assert curator.post(f"{ADMIN}{request.pk}/change/", accepted).status_code == 302
    found = OptOut.objects.get()
    assert (found.kind, found.twitch_id, found.login) == ("channel", "7", "channel7")
    request.refresh_from_db()
    assert (request.state, request.contact, request.note, bool(request.closed_at)) == ("accepted", "", "", True)
    assert {(act.act, act.by) for act in Act.objects.all()} == {
        ("accepted", "curator@example.com"),
        ("added", "curator@example.com"),
    }
    assert curator.post(f"{ADMIN}{request.pk}/change/", {"decision": "decline"}).status_code == 403


def test_a_curator_declines_and_it_can_be_asked_again(client: Client) -> None:
    ask(client)
    curator, request = staff_client("curator"), OptOutRequest.objects.get()
    curator.post(f"{ADMIN}{request.pk}/change/", {"decision": "decline"})
    assert not OptOut.objects.exists()
    ask(client)
    assert OptOutRequest.objects.filter(closed_at=None).count() == 1


def test_a_name_that_twitch_does_not_know_is_not_accepted(client: Client, twitch: Live) -> None:
    ask(client, "ghost")
    request = OptOutRequest.objects.get()
    page = staff_client("curator").post(f"{ADMIN}{request.pk}/change/", {"decision": "accept"}).content.decode()
    assert "knows nobody with the login ghost" in page
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("kind", ["channel", "user"])
def test_whom_twitch_names_opts_out_at_once(signed_in: Client, kind: str) -> None:
    user = User.objects.get(email=EMAIL)
    SocialAccount.objects.create(user=user, provider="twitch", uid="42", extra_data={"login": "ada"})
    assert "Twitch says that you are ada (id 42)." in signed_in.get("/opt-out").content.decode()
    answer = signed_in.post("/opt-out/by-twitch", {"kind": kind}, follow=True)
    assert "Receipt of an opt-out" in answer.content.decode()
    found = OptOut.objects.get()
    assert (found.kind, found.twitch_id, found.login) == (kind, "42", "ada")
    signed_in.post("/opt-out/by-twitch", {"kind": kind})
    assert [(act.act, act.by) for act in Act.objects.all()] == [("added", f"account {user.pk}")]


def test_nobody_opts_out_in_another_s_name(signed_in: Client) -> None:
    other = User.objects.create_user("other@example.com", "a long password")
    SocialAccount.objects.create(user=other, provider="twitch", uid="42", extra_data={})
    signed_in.post("/opt-out/by-twitch", {"kind": "channel", "twitch_id": "42", "uid": "42"})
    assert Client().post("/opt-out/by-twitch", {"kind": "channel"})["Location"].startswith("/account/login/")
    assert not OptOut.objects.exists()


def test_twitch_is_offered_where_it_can_be_asked(client: Client, settings: Settings) -> None:
    assert "Sign in with Twitch" not in client.get("/opt-out").content.decode()
    app = {"client_id": "id", "secret": "s"}
    settings.SOCIALACCOUNT_PROVIDERS = {"twitch": {"APPS": [app], "SCOPE": []}}
    assert "Sign in with Twitch" in client.get("/opt-out").content.decode()
