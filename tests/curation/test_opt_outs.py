"""The opt-out page: requests to curators, and immediate opt-outs with a confirmed Twitch account."""

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
from tests.pages import read_page
from tests.staff import staff_client

pytestmark = pytest.mark.django_db
ADMIN = "/admin/curation/optoutrequest/"


@pytest.fixture(autouse=True)
def no_earlier_attempts() -> None:
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


def account_to_confirm(page: str) -> str:
    """Return the id of the account that the admin form asks to confirm."""
    match = re.search(r'name="account" value="(\d+)"', page)
    return match[1] if match else ""


def test_the_response_does_not_reveal_whether_an_account_exists(twitch: Live) -> None:
    OptOut.objects.create(kind="channel", twitch_id="8", login="channel8")
    responses = [ask(Client(), login) for login in ("channel7", "channel8", "nobody", "channel7")]
    results = [(response.status_code, tuple(map(str, response.context["messages"]))) for response in responses]
    assert results == [
        (200, (f"A curator will check the request for {login}. You do not need to do anything else.",))
        for login in ("channel7", "channel8", "nobody", "channel7")
    ]
    assert twitch.requests == []
    assert OptOutRequest.objects.count() == 3


@pytest.mark.parametrize(("login", "contact"), [("two words", ""), ("", ""), ("x" * 26, ""), ("ada", "no address")])
def test_invalid_input_is_reported_next_to_its_field(client: Client, login: str, contact: str) -> None:
    response = ask(client, login, contact=contact)
    assert response.status_code == 400
    assert 'class="xs bad"' in read_page(response)
    assert not OptOutRequest.objects.exists()


def test_opt_out_requests_are_limited_per_network(client: Client) -> None:
    responses = [ask(client, f"channel{number}").status_code for number in range(7)]
    assert responses == [200] * 5 + [429] * 2
    assert OptOutRequest.objects.count() == 5


def test_an_accepted_request_is_closed_and_its_texts_deleted(client: Client, twitch: Live) -> None:
    ask(client, "@Channel7", contact="ada@example.com", note="it is on my channel page")
    request = OptOutRequest.objects.get()
    curator = staff_client("curator")
    assert "it is on my channel page" in read_page(curator.get(f"{ADMIN}{request.pk}/change/"))
    page = read_page(curator.post(f"{ADMIN}{request.pk}/change/", {"decision": "accept"}))
    assert "This is Channel7: login channel7, Twitch ID 7. Its history will be deleted" in page
    assert not OptOut.objects.exists()
    accepted = {"decision": "accept", "account": account_to_confirm(page)}
    assert curator.post(f"{ADMIN}{request.pk}/change/", accepted).status_code == 302
    opt_out = OptOut.objects.get()
    assert (opt_out.kind, opt_out.twitch_id, opt_out.login) == ("channel", "7", "channel7")
    request.refresh_from_db()
    assert (request.state, request.contact, request.note, bool(request.closed_at)) == ("accepted", "", "", True)
    assert {(act.act, act.by) for act in Act.objects.all()} == {
        ("accepted", "curator@example.com"),
        ("added", "curator@example.com"),
    }
    assert curator.post(f"{ADMIN}{request.pk}/change/", {"decision": "decline"}).status_code == 403


def test_a_declined_request_can_be_filed_again(client: Client) -> None:
    ask(client)
    curator, request = staff_client("curator"), OptOutRequest.objects.get()
    curator.post(f"{ADMIN}{request.pk}/change/", {"decision": "decline"})
    assert not OptOut.objects.exists()
    ask(client)
    assert OptOutRequest.objects.filter(closed_at=None).count() == 1


def test_requests_for_logins_unknown_to_twitch_cannot_be_accepted(client: Client, twitch: Live) -> None:
    ask(client, "ghost")
    request = OptOutRequest.objects.get()
    page = read_page(staff_client("curator").post(f"{ADMIN}{request.pk}/change/", {"decision": "accept"}))
    assert "has no account with the login ghost" in page
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("kind", ["channel", "user"])
def test_a_confirmed_twitch_account_opts_out_immediately(signed_in: Client, kind: str) -> None:
    user = User.objects.get(email=EMAIL)
    SocialAccount.objects.create(user=user, provider="twitch", uid="42", extra_data={"login": "ada"})
    assert "Twitch confirmed that you are ada (id 42)." in read_page(signed_in.get("/opt-out"))
    response = signed_in.post("/opt-out/by-twitch", {"kind": kind}, follow=True)
    assert "Opt-out receipt" in read_page(response)
    opt_out = OptOut.objects.get()
    assert (opt_out.kind, opt_out.twitch_id, opt_out.login) == (kind, "42", "ada")
    signed_in.post("/opt-out/by-twitch", {"kind": kind})
    assert [(act.act, act.by) for act in Act.objects.all()] == [("added", f"account {user.pk}")]


def test_opting_out_another_account_is_impossible(signed_in: Client) -> None:
    other = User.objects.create_user("other@example.com", "a long password")
    SocialAccount.objects.create(user=other, provider="twitch", uid="42", extra_data={})
    signed_in.post("/opt-out/by-twitch", {"kind": "channel", "twitch_id": "42", "uid": "42"})
    assert Client().post("/opt-out/by-twitch", {"kind": "channel"})["Location"].startswith("/account/login/")
    assert not OptOut.objects.exists()


def test_twitch_sign_in_is_offered_if_configured(client: Client, settings: Settings) -> None:
    assert "Sign in with Twitch" not in read_page(client.get("/opt-out"))
    app = {"client_id": "id", "secret": "s"}
    settings.SOCIALACCOUNT_PROVIDERS = {"twitch": {"APPS": [app], "SCOPE": []}}
    assert "Sign in with Twitch" in read_page(client.get("/opt-out"))
