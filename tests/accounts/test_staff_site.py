"""The admin site opens to staff with a second factor, whatever is asked of it and however."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib import admin
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.channels.models import Tag
from tests.dashboard.conftest import EMAIL, PASSWORD
from tests.staff import SECRET, show_factor, staff_client, totp

pytestmark = pytest.mark.django_db
SET_UP = "/account/2fa/"


@pytest.fixture(autouse=True)
def no_earlier_tries(settings: Settings) -> None:
    cache.clear()
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def led_to(answer: Any) -> str:
    """Return the address at the end of redirects."""
    return str(answer.redirect_chain[-1][0])


@pytest.fixture
def staff() -> User:
    return User.objects.create_superuser(EMAIL, PASSWORD)


def with_password(client: Client) -> Client:
    client.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    return client


def test_staff_without_a_second_factor_are_led_to_set_one_up(client: Client, staff: User) -> None:
    with_password(client)
    for model in admin.site._registry:
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert led_to(client.get(address, follow=True)) == SET_UP
    answer = client.get("/admin/", follow=True)
    assert led_to(answer) == SET_UP
    assert "The admin needs a second factor" in answer.content.decode()
    for address in ("jsi18n/", "autocomplete/", "password_change/", "ingest/channel/import/", "audit/act/acts.csv"):
        assert client.get(f"/admin/{address}").status_code == 302, address


def test_a_form_that_is_sent_straight_away_changes_nothing(client: Client, staff: User) -> None:
    with_password(client)
    assert led_to(client.post("/admin/channels/tag/add/", {"name": "chess"}, follow=True)) == SET_UP
    fields = {"old_password": PASSWORD, "new_password1": "another password", "new_password2": "another password"}
    assert led_to(client.post("/admin/password_change/", fields, follow=True)) == SET_UP
    assert not Tag.objects.exists()
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)


def test_the_form_of_the_admin_signs_nobody_in(client: Client, staff: User) -> None:
    show_factor(Client(), staff)
    fields = {"username": EMAIL, "password": PASSWORD}
    assert client.post("/admin/login/", fields)["Location"].startswith("/account/login/")
    other = staff_client("support")
    other.post("/admin/login/", fields)
    assert other.session["_auth_user_id"] != str(staff.pk)


@pytest.mark.django_db(transaction=True)
def test_a_factor_is_set_up_and_the_admin_opens(client: Client, staff: User) -> None:
    with_password(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.get("/account/2fa/totp/activate/")
    secret = str(client.session["mfa.totp.secret"])
    client.post("/account/2fa/totp/activate/", {"code": totp(secret)})
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert led_to(client.get("/admin/", follow=True)) == SET_UP


def test_a_session_from_before_the_factor_has_to_show_it(client: Client, staff: User) -> None:
    with_password(client)
    TOTP.activate(staff, SECRET)
    answer = client.get("/admin/channels/tag/", follow=True)
    assert led_to(answer).startswith("/account/2fa/reauthenticate/?next=")
    shown = client.post(led_to(answer), {"code": totp(SECRET)})
    assert shown["Location"] == "/admin/channels/tag/"
    assert client.get("/admin/channels/tag/").status_code == 200


def test_who_signs_in_with_a_factor_is_asked_for_it_once(client: Client, staff: User) -> None:
    TOTP.activate(staff, SECRET)
    asked = client.post("/account/login/?next=/admin/", {"login": EMAIL, "password": PASSWORD})
    assert asked["Location"].startswith("/account/2fa/authenticate/")
    assert client.post(asked["Location"], {"code": totp(SECRET)})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_passkey_alone_is_asked_for_as_such(client: Client, staff: User) -> None:
    with_password(client)
    Authenticator.objects.create(user=staff, type=Authenticator.Type.WEBAUTHN, data={"name": "key"})
    assert client.get("/admin/login/")["Location"].startswith("/account/2fa/webauthn/reauthenticate/")


def test_who_is_no_staff_gets_in_with_no_factor(client: Client) -> None:
    user = User.objects.create_user(EMAIL, PASSWORD)
    client.force_login(user)
    show_factor(client, user)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.post("/admin/login/", {"username": EMAIL, "password": PASSWORD}).status_code == 403


def test_the_way_in_leads_to_our_own_pages_alone() -> None:
    assert staff_client().get("/admin/login/?next=https://elsewhere.example/")["Location"] == "/admin/"
