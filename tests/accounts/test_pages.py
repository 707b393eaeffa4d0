"""Accounts as their owners meet them: signing up, second factors, sessions, data, the end."""

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
from tests.staff import totp

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_earlier_tries() -> None:
    cache.clear()


@pytest.fixture
def client(client: Client, settings: Settings) -> Client:
    """Without Redis: nobody waits for live sockets here."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    return client


@pytest.fixture
def owner(client: Client) -> Client:
    """One who has just confirmed the password, as what matters asks for."""
    confirm_password(signed_in(client))
    return client


def signed_in(client: Client, **headers: str) -> Client:
    ensure_user(email=EMAIL, password=PASSWORD)
    answer = client.post("/account/login/", {"login": EMAIL, "password": PASSWORD}, headers=headers)
    assert answer["Location"] == "/"
    return client


def confirm_password(client: Client) -> None:
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302


def code_in(message: Any) -> str:
    """Return the code that a mail tells on a line of its own."""
    found = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", str(message.body), re.MULTILINE)
    assert found, message.body
    return found[1]


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_signing_up_ends_on_the_board_once_the_code_of_the_mail_is_typed(client: Client) -> None:
    answer = client.post("/account/signup/", {"email": "New@Example.com", "password1": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/account/confirm-email/"
    assert client.get("/account/")["Location"].startswith("/account/login/")
    (message,) = mail.outbox
    assert message.to == ["new@example.com"]
    assert "http" not in message.body
    wrong = client.post("/account/confirm-email/", {"code": "WRONG1"})
    assert "Incorrect code" in text_of(wrong)
    assert client.post("/account/confirm-email/", {"code": code_in(message)})["Location"] == "/"
    assert client.get("/")["Location"] == "/welcome"
    assert "new@example.com" in text_of(client.get("/account/"))


class BrokenMail(BaseEmailBackend):
    def send_messages(self, _messages: object) -> int:
        raise ConnectionRefusedError("nobody takes mail")


def test_a_mail_that_cannot_be_sent_is_said_and_can_be_asked_for_again(client: Client, settings: Settings) -> None:
    works, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.BrokenMail"
    answer = client.post("/account/signup/", {"email": "new@example.com", "password1": PASSWORD}, follow=True)
    assert "could not be sent" in text_of(answer)
    settings.EMAIL_BACKEND = works
    # Minutes later: a code is sent once in three of them.
    cache.clear()
    client = Client()
    again = client.post("/account/login/", {"login": "new@example.com", "password": PASSWORD})
    assert again["Location"] == "/account/confirm-email/"
    assert client.post("/account/confirm-email/", {"code": code_in(mail.outbox[-1])})["Location"] == "/"


def test_a_weak_password_is_refused_with_the_reason(client: Client) -> None:
    answer = client.post("/account/signup/", {"email": "new@example.com", "password1": "12345"})
    assert "too short" in text_of(answer)
    assert not User.objects.exists()


def test_nobody_learns_who_has_an_account(client: Client) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    for path, fields in (("signup", {"password1": PASSWORD}), ("password/reset", {})):
        known = Client().post(f"/account/{path}/", {"email": EMAIL, **fields})
        unknown = Client().post(f"/account/{path}/", {"email": "nobody@example.com", **fields})
        assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    refused = [text_of(client.post("/account/login/", {"login": who, "password": "x"})) for who in (EMAIL, "a@b.org")]
    assert all("not correct" in page for page in refused)


def test_a_forgotten_password_is_chosen_anew_with_a_code(client: Client) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    answer = client.post("/account/password/reset/", {"email": EMAIL})
    client.post(answer["Location"], {"code": code_in(mail.outbox[-1])})
    new = "a new and long password"
    client.post("/account/password/reset/complete/", {"password1": new, "password2": new})
    assert User.objects.get().check_password(new)


def test_too_many_tries_are_stopped_for_a_while(client: Client) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    for _ in range(12):
        answer = client.post("/account/login/", {"login": EMAIL, "password": "wrong"})
    assert "Too many failed login attempts" in text_of(answer)
    assert "_auth_user_id" not in client.session


def test_a_second_factor_is_asked_for_and_kept_encrypted(owner: Client) -> None:
    owner.get("/account/2fa/totp/activate/")
    secret = str(owner.session["mfa.totp.secret"])
    activated = owner.post("/account/2fa/totp/activate/", {"code": totp(secret)})
    assert activated.status_code == 302, text_of(activated)
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in stored
    assert MFAAdapter().decrypt(stored) == secret
    other = Client()
    asked = other.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    assert asked["Location"] == "/account/2fa/authenticate/"
    assert "_auth_user_id" not in other.session


def test_the_code_of_the_set_up_opens_no_session(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # The code stays valid, so that nothing but its use refuses it.
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


def test_a_second_factor_outlives_the_key_it_was_encrypted_with(settings: Settings) -> None:
    stored = MFAAdapter().encrypt("of today")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert MFAAdapter().decrypt(stored) == "of today"
    newer = MFAAdapter().encrypt("of tomorrow")
    settings.SECRET_KEY_FALLBACKS = []
    assert MFAAdapter().decrypt(newer) == "of tomorrow"
    with pytest.raises(InvalidToken):
        MFAAdapter().decrypt(stored)


def test_passkeys_are_offered_and_no_script_is_inline(owner: Client, client: Client) -> None:
    page = text_of(owner.get("/account/2fa/webauthn/add/"))
    assert "webauthn.js" in page
    scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page)
    assert scripts
    assert all('type="application/json"' in one for one in scripts)


def test_sessions_are_listed_and_the_others_signed_out(owner: Client) -> None:
    other = signed_in(Client(), user_agent="Another browser")
    page = text_of(owner.get("/account/sessions/"))
    assert "Another browser" in page
    owner.post("/account/sessions/")
    assert UserSession.objects.count() == 1
    assert other.get("/account/").status_code == 302
    assert owner.get("/account/").status_code == 200


def test_the_overview_says_what_the_account_has(owner: Client) -> None:
    page = text_of(owner.get("/account/"))
    assert EMAIL in page
    assert "1 device<" in page
    assert "none yet: add one" in page


def test_ones_data_comes_as_a_file_without_secrets(owner: Client) -> None:
    answer = owner.get("/account/data.json")
    assert answer["Content-Disposition"] == 'attachment; filename="twitchly-account.json"'
    found = answer.json()
    assert found["account"]["email"] == EMAIL
    assert found["email_addresses"] == [{"email": EMAIL, "verified": True, "primary": True}]
    assert [one["ip"] for one in found["sessions"]] == ["127.0.0.1"]
    assert User.objects.get().password not in text_of(answer)
    assert str(owner.session.session_key) not in text_of(answer)


def test_an_account_is_deleted_once_its_address_is_typed(owner: Client) -> None:
    refused = owner.post("/account/delete", {"email": "other@example.com"})
    assert refused.status_code == 400
    assert "Nothing was deleted" in text_of(refused)
    gone = owner.post("/account/delete", {"email": EMAIL.upper()}, follow=True)
    assert "are deleted" in text_of(gone)
    assert not User.objects.exists()
    assert not UserSession.objects.exists()


def test_a_member_of_staff_does_not_delete_their_own_account(owner: Client) -> None:
    User.objects.update(is_staff=True)
    assert "one of the staff" in text_of(owner.post("/account/delete", {"email": EMAIL}))
    assert User.objects.exists()


def test_the_admin_has_the_same_way_in(client: Client) -> None:
    assert client.get("/admin/login/")["Location"].startswith("/account/login/")
    User.objects.create_superuser("boss@example.com", PASSWORD)
    client.post("/account/login/", {"login": "boss@example.com", "password": PASSWORD})
    assert client.get("/admin/", follow=True).redirect_chain[-1] == ("/account/2fa/", 302)


@pytest.mark.parametrize("path", ["data.json", "delete", "2fa/totp/activate/", "2fa/webauthn/add/"])
def test_what_matters_asks_for_the_password_again(client: Client, path: str) -> None:
    answer = signed_in(client).get(f"/account/{path}")
    assert answer["Location"].startswith("/account/reauthenticate/?next=")
    assert "Enter your password" in text_of(client.get(answer["Location"]))


@pytest.mark.parametrize(
    "path", ["", "email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/add/", "sessions/", "delete"]
)
def test_every_page_has_its_place_among_the_sections_and_nothing_inline(owner: Client, path: str) -> None:
    page = text_of(owner.get(f"/account/{path}"))
    assert '<nav class="sections"' in page
    assert " style=" not in page
    assert "onclick" not in page
