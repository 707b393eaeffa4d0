"""Every request to the admin site requires a staff account with a verified second factor."""

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
from tests.pages import read_page
from tests.staff import SECRET, staff_client, totp, verify_second_factor

pytestmark = pytest.mark.django_db
SET_UP = "/account/2fa/"


@pytest.fixture(autouse=True)
def no_earlier_attempts(settings: Settings) -> None:
    cache.clear()
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def final_url(response: Any) -> str:
    """Return the URL after all redirects."""
    return str(response.redirect_chain[-1][0])


@pytest.fixture
def staff() -> User:
    return User.objects.create_superuser(EMAIL, PASSWORD)


def with_password(client: Client) -> Client:
    client.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    return client


def test_staff_without_a_second_factor_are_redirected_to_its_setup(client: Client, staff: User) -> None:
    with_password(client)
    for model in admin.site._registry:
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert final_url(client.get(url, follow=True)) == SET_UP
    response = client.get("/admin/", follow=True)
    assert final_url(response) == SET_UP
    assert "The admin site requires a second factor" in read_page(response)
    for url in ("jsi18n/", "autocomplete/", "password_change/", "ingest/channel/import/", "audit/act/acts.csv"):
        assert client.get(f"/admin/{url}").status_code == 302, url


def test_direct_posts_without_a_second_factor_change_nothing(client: Client, staff: User) -> None:
    with_password(client)
    assert final_url(client.post("/admin/channels/tag/add/", {"name": "chess"}, follow=True)) == SET_UP
    fields = {"old_password": PASSWORD, "new_password1": "another password", "new_password2": "another password"}
    assert final_url(client.post("/admin/password_change/", fields, follow=True)) == SET_UP
    assert not Tag.objects.exists()
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)


def test_the_admin_login_form_signs_nobody_in(client: Client, staff: User) -> None:
    verify_second_factor(Client(), staff)
    fields = {"username": EMAIL, "password": PASSWORD}
    assert client.post("/admin/login/", fields)["Location"].startswith("/account/login/")
    other = staff_client("support")
    other.post("/admin/login/", fields)
    assert other.session["_auth_user_id"] != str(staff.pk)


@pytest.mark.django_db(transaction=True)
def test_the_admin_site_opens_after_a_second_factor_is_set_up(client: Client, staff: User) -> None:
    with_password(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.get("/account/2fa/totp/activate/")
    secret = str(client.session["mfa.totp.secret"])
    client.post("/account/2fa/totp/activate/", {"code": totp(secret)})
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert final_url(client.get("/admin/", follow=True)) == SET_UP


def test_older_sessions_must_verify_the_new_factor(client: Client, staff: User) -> None:
    with_password(client)
    TOTP.activate(staff, SECRET)
    redirected = client.get("/admin/channels/tag/", follow=True)
    assert final_url(redirected).startswith("/account/2fa/reauthenticate/?next=")
    response = client.post(final_url(redirected), {"code": totp(SECRET)})
    assert response["Location"] == "/admin/channels/tag/"
    assert client.get("/admin/channels/tag/").status_code == 200


def test_a_second_factor_is_verified_once_per_session(client: Client, staff: User) -> None:
    TOTP.activate(staff, SECRET)
    response = client.post("/account/login/?next=/admin/", {"login": EMAIL, "password": PASSWORD})
    assert response["Location"].startswith("/account/2fa/authenticate/")
    assert client.post(response["Location"], {"code": totp(SECRET)})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_passkey_is_accepted_as_the_only_second_factor(client: Client, staff: User) -> None:
    with_password(client)
    Authenticator.objects.create(user=staff, type=Authenticator.Type.WEBAUTHN, data={"name": "key"})
    assert client.get("/admin/login/")["Location"].startswith("/account/2fa/webauthn/reauthenticate/")


def test_non_staff_cannot_open_the_admin(client: Client) -> None:
    user = User.objects.create_user(EMAIL, PASSWORD)
    client.force_login(user)
    verify_second_factor(client, user)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.post("/admin/login/", {"username": EMAIL, "password": PASSWORD}).status_code == 403


def test_sign_in_redirects_only_to_pages_of_this_site() -> None:
    assert staff_client().get("/admin/login/?next=https://elsewhere.example/")["Location"] == "/admin/"
