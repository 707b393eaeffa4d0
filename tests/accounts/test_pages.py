"""Account pages: sign-up, second factors, sessions, data export, deletion."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.usersessions.models import UserSession
from cryptography.fernet import InvalidToken
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from pytest_django import Settings

from apps.accounts.adapter import MFAAdapter
from apps.accounts.models import User
from apps.accounts.services import ensure_user
from tests.dashboard.conftest import EMAIL, PASSWORD
from tests.pages import read_page
from tests.staff import totp

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_earlier_attempts() -> None:
    cache.clear()


@pytest.fixture
def client(client: Client, settings: Settings) -> Client:
    """Use an in-memory channel layer, because these tests have no live sockets."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    return client


@pytest.fixture
def owner(client: Client) -> Client:
    """A client that has just confirmed the password, as sensitive pages require."""
    confirm_password(signed_in(client))
    return client


def signed_in(client: Client, **headers: str) -> Client:
    ensure_user(email=EMAIL, password=PASSWORD)
    response = client.post("/account/login/", {"login": EMAIL, "password": PASSWORD}, headers=headers)
    assert response["Location"] == "/"
    return client


def confirm_password(client: Client) -> None:
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302


def code_in(message: Any) -> str:
    """Return the code from an email that has it on a line of its own."""
    match = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", str(message.body), re.MULTILINE)
    assert match, message.body
    return match[1]


def text_of(response: Any) -> str:
    return str(read_page(response))


def test_sign_up_with_the_emailed_code_leads_to_the_board(client: Client) -> None:
    response = client.post("/account/signup/", {"email": "New@Example.com", "password1": PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == "/account/confirm-email/"
    assert client.get("/account/")["Location"].startswith("/account/login/")
    (message,) = mail.outbox
    assert message.to == ["new@example.com"]
    assert "http" not in message.body
    invalid = client.post("/account/confirm-email/", {"code": "WRONG1"})
    assert "Incorrect code" in text_of(invalid)
    assert client.post("/account/confirm-email/", {"code": code_in(message)})["Location"] == "/"
    assert client.get("/")["Location"] == "/welcome"
    assert "new@example.com" in text_of(client.get("/account/"))


class BrokenMail(BaseEmailBackend):
    def send_messages(self, _messages: object) -> int:
        raise ConnectionRefusedError("the mail server is down")


def test_mail_errors_are_reported_and_the_code_can_be_requested_again(client: Client, settings: Settings) -> None:
    working_backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.BrokenMail"
    response = client.post("/account/signup/", {"email": "new@example.com", "password1": PASSWORD}, follow=True)
    assert "could not be sent" in text_of(response)
    settings.EMAIL_BACKEND = working_backend
    # Simulate that three minutes have passed, because a code is sent at most every three minutes.
    cache.clear()
    client = Client()
    sign_in = client.post("/account/login/", {"login": "new@example.com", "password": PASSWORD})
    assert sign_in["Location"] == "/account/confirm-email/"
    assert client.post("/account/confirm-email/", {"code": code_in(mail.outbox[-1])})["Location"] == "/"


def test_weak_passwords_are_rejected_with_a_reason(client: Client) -> None:
    response = client.post("/account/signup/", {"email": "new@example.com", "password1": "12345"})
    assert "too short" in text_of(response)
    assert not User.objects.exists()


def test_accounts_cannot_be_enumerated(client: Client) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    for path, fields in (("signup", {"password1": PASSWORD}), ("password/reset", {})):
        known = Client().post(f"/account/{path}/", {"email": EMAIL, **fields})
        unknown = Client().post(f"/account/{path}/", {"email": "nobody@example.com", **fields})
        assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    logins = ({"login": email, "password": "x"} for email in (EMAIL, "a@b.org"))
    refused = [text_of(client.post("/account/login/", login)) for login in logins]
    assert all("not correct" in page for page in refused)


def test_a_forgotten_password_is_reset_with_a_code(client: Client) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    response = client.post("/account/password/reset/", {"email": EMAIL})
    client.post(response["Location"], {"code": code_in(mail.outbox[-1])})
    new = "a new and long password"
    client.post("/account/password/reset/complete/", {"password1": new, "password2": new})
    assert User.objects.get().check_password(new)


def test_too_many_sign_in_attempts_are_blocked(client: Client) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    for _ in range(12):
        response = client.post("/account/login/", {"login": EMAIL, "password": "wrong"})
    assert "Too many failed login attempts" in text_of(response)
    assert "_auth_user_id" not in client.session


def test_second_factors_are_required_and_stored_encrypted(owner: Client) -> None:
    owner.get("/account/2fa/totp/activate/")
    secret = str(owner.session["mfa.totp.secret"])
    activated = owner.post("/account/2fa/totp/activate/", {"code": totp(secret)})
    assert activated.status_code == 302, text_of(activated)
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in stored
    assert MFAAdapter().decrypt(stored) == secret
    other = Client()
    response = other.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    assert response["Location"] == "/account/2fa/authenticate/"
    assert "_auth_user_id" not in other.session


def test_the_setup_code_cannot_be_reused_to_sign_in(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # The code does not expire here, so it can be rejected only because it was used.
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([1]))
    owner.get("/account/2fa/totp/activate/")
    code = auth.format_hotp_value(auth.hotp_value(str(owner.session["mfa.totp.secret"]), 1))
    assert owner.post("/account/2fa/totp/activate/", {"code": code}).status_code == 302
    other = Client()
    other.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    other.post("/account/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" not in other.session
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([2]))
    secret = MFAAdapter().decrypt(Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"])
    other.post("/account/2fa/authenticate/", {"code": auth.format_hotp_value(auth.hotp_value(secret, 2))})
    assert "_auth_user_id" in other.session


def test_second_factors_survive_a_secret_key_rotation(settings: Settings) -> None:
    stored = MFAAdapter().encrypt("of today")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert MFAAdapter().decrypt(stored) == "of today"
    newer = MFAAdapter().encrypt("of tomorrow")
    settings.SECRET_KEY_FALLBACKS = []
    assert MFAAdapter().decrypt(newer) == "of tomorrow"
    with pytest.raises(InvalidToken):
        MFAAdapter().decrypt(stored)


def test_passkeys_are_offered_without_inline_scripts(owner: Client, client: Client) -> None:
    page = text_of(owner.get("/account/2fa/webauthn/add/"))
    assert "webauthn.js" in page
    scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page)
    assert scripts
    assert all('type="application/json"' in script for script in scripts)


def test_other_sessions_can_be_signed_out(owner: Client) -> None:
    other = signed_in(Client(), user_agent="Another browser")
    page = text_of(owner.get("/account/sessions/"))
    assert "Another browser" in page
    owner.post("/account/sessions/")
    assert UserSession.objects.count() == 1
    assert other.get("/account/").status_code == 302
    assert owner.get("/account/").status_code == 200


def test_the_overview_shows_the_email_address_second_factors_and_sessions(owner: Client) -> None:
    page = text_of(owner.get("/account/"))
    assert EMAIL in page
    assert "1 device<" in page
    assert "none yet; add one" in page


def test_the_data_export_has_no_secrets(owner: Client) -> None:
    response = owner.get("/account/data.json")
    assert response["Content-Disposition"] == 'attachment; filename="twitchly-account.json"'
    export = response.json()
    assert export["account"]["email"] == EMAIL
    assert export["email_addresses"] == [{"email": EMAIL, "verified": True, "primary": True}]
    assert [session["ip"] for session in export["sessions"]] == ["127.0.0.1"]
    assert User.objects.get().password not in text_of(response)
    assert str(owner.session.session_key) not in text_of(response)


def test_account_deletion_requires_the_email_address_of_the_account(owner: Client) -> None:
    refused = owner.post("/account/delete", {"email": "other@example.com"})
    assert refused.status_code == 400
    assert "Nothing was deleted" in text_of(refused)
    deleted = owner.post("/account/delete", {"email": EMAIL.upper()}, follow=True)
    assert "were deleted" in text_of(deleted)
    assert not User.objects.exists()
    assert not UserSession.objects.exists()


def test_staff_cannot_delete_their_own_account(owner: Client) -> None:
    User.objects.update(is_staff=True)
    assert "a staff account" in text_of(owner.post("/account/delete", {"email": EMAIL}))
    assert User.objects.exists()


def test_the_admin_site_uses_the_account_sign_in(client: Client) -> None:
    assert client.get("/admin/login/")["Location"].startswith("/account/login/")
    User.objects.create_superuser("boss@example.com", PASSWORD)
    client.post("/account/login/", {"login": "boss@example.com", "password": PASSWORD})
    assert client.get("/admin/", follow=True).redirect_chain[-1] == ("/account/2fa/", 302)


@pytest.mark.parametrize("path", ["data.json", "delete", "2fa/totp/activate/", "2fa/webauthn/add/"])
def test_sensitive_pages_require_reauthentication(client: Client, path: str) -> None:
    response = signed_in(client).get(f"/account/{path}")
    assert response["Location"].startswith("/account/reauthenticate/?next=")
    assert "Enter your password" in text_of(client.get(response["Location"]))


@pytest.mark.parametrize(
    "path", ["", "email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/add/", "sessions/", "delete"]
)
def test_every_page_is_in_the_navigation_and_has_no_inline_code(owner: Client, path: str) -> None:
    page = text_of(owner.get(f"/account/{path}"))
    assert '<nav class="sections"' in page
    assert " style=" not in page
    assert "onclick" not in page
