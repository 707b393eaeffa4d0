"""Channel requests: decided by curators, read and withdrawn by their authors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.services import ensure_user
from apps.audit.models import Act
from apps.channels.models import Channel
from apps.curation.models import CurationRequest, OptOut
from apps.curation.requests import request_channel
from apps.ingest import services
from tests.dashboard.conftest import EMAIL
from tests.ingest.conftest import use
from tests.ingest.twitch_api import Live, row, served
from tests.pages import read_page
from tests.staff import staff_client

pytestmark = pytest.mark.django_db
ADMIN = "/admin/curation/curationrequest/"


@pytest.fixture
def twitch(settings: Settings) -> Iterator[Live]:
    live = Live(row(7, 900))
    with served(live) as url:
        use(settings, url)
        yield live
    services.helix.cache_clear()


@pytest.fixture
def curator(signed_in: Client) -> Client:
    return staff_client()


@pytest.fixture
def request_of(signed_in: Client) -> CurationRequest:
    request_channel(user=User.objects.get(email=EMAIL), login="channel7", note="please")
    return CurationRequest.objects.get()


def submit_decision(curator: Client, request: CurationRequest, decision: str, text: str = "") -> str:
    """Submit the admin form; return the page with its errors, or "" on success."""
    sent = curator.post(f"{ADMIN}{request.pk}/change/", {"decision": decision, "answer": text})
    return "" if sent.status_code == 302 else read_page(sent)


def test_an_accepted_request_pins_the_channel(
    curator: Client, signed_in: Client, request_of: CurationRequest, twitch: Live
) -> None:
    assert "please" in read_page(curator.get(f"{ADMIN}{request_of.pk}/change/"))
    assert submit_decision(curator, request_of, "accept", "With pleasure.") == ""
    channel = Channel.objects.get()
    assert (channel.id, channel.pinned, channel.reason) == ("7", True, "requested")
    page = read_page(signed_in.get("/requests"))
    assert "accepted" in page
    assert "With pleasure." in page
    assert "Withdraw channel7" not in page
    assert {(act.act, act.by) for act in Act.objects.all()} == {
        ("accepted", "curator@example.com"),
        ("pinned", "curator@example.com"),
    }


def test_an_already_pinned_channel_keeps_its_reason(curator: Client, request_of: CurationRequest, twitch: Live) -> None:
    Channel.objects.create(id="7", login="channel7", name="Seven", pinned=True, reason="partner")
    assert submit_decision(curator, request_of, "accept") == ""
    assert Channel.objects.get().reason == "partner"


def test_declining_a_request_requires_an_answer(
    curator: Client, signed_in: Client, request_of: CurationRequest, twitch: Live
) -> None:
    assert "Write an answer" in submit_decision(curator, request_of, "decline")
    assert submit_decision(curator, request_of, "decline", "It is <i>too</i> small.") == ""
    assert "It is &lt;i&gt;too&lt;/i&gt; small." in read_page(signed_in.get("/requests"))
    assert not Channel.objects.exists()
    closed = curator.post(f"{ADMIN}{request_of.pk}/change/", {"decision": "accept"})
    assert closed.status_code == 403


def test_a_request_that_cannot_be_accepted_stays_open(
    curator: Client, request_of: CurationRequest, settings: Settings, twitch: Live
) -> None:
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="7")
    assert "has opted out" in submit_decision(curator, request_of, "accept")
    twitch.accounts.clear()
    assert "has no account with the login channel7" in submit_decision(curator, request_of, "accept")
    use(settings, "http://127.0.0.1:1")
    assert "is not responding" in submit_decision(curator, request_of, "accept")
    assert CurationRequest.objects.get().closed_at is None


def test_only_the_requester_can_withdraw_a_request(signed_in: Client, request_of: CurationRequest) -> None:
    ensure_user(email="other@example.com", password="x" * 20)
    other = Client()
    other.force_login(User.objects.get(email="other@example.com"))
    assert "channel7" not in read_page(other.get("/requests"))
    assert other.post(f"/requests/{request_of.pk}/withdraw").status_code == 404
    assert Client().post(f"/requests/{request_of.pk}/withdraw").status_code == 302
    page = read_page(signed_in.post(f"/requests/{request_of.pk}/withdraw", follow=True))
    assert "Withdrawn: channel7" in page
    assert CurationRequest.objects.get().state == "withdrawn"
    assert signed_in.post(f"/requests/{request_of.pk}/withdraw").status_code == 404
    (act,) = Act.objects.all()
    assert act.by == f"account {request_of.user_id}"


def test_the_requests_page_says_that_there_are_no_requests(signed_in: Client) -> None:
    assert "You have not requested any channels." in read_page(signed_in.get("/requests"))


def test_role_changes_are_audited_without_the_email_address(curator: Client) -> None:
    user = User.objects.get(email=EMAIL)
    page = curator.get(f"/admin/accounts/user/{user.pk}/change/").context["adminform"].form.initial
    fields = {"email": EMAIL, "is_active": "on", "is_superuser": "on", "date_joined_0": "2026-01-01"}
    assert page["email"] == EMAIL
    sent = curator.post(f"/admin/accounts/user/{user.pk}/change/", fields | {"date_joined_1": "00:00"})
    assert sent.status_code == 302
    (act,) = Act.objects.all()
    assert (act.label, act.before, act.after) == (
        f"account {user.pk}",
        {"is_superuser": False},
        {"is_superuser": True},
    )
