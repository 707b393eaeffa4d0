"""Response times do not reveal whether an email address has an account: all addresses cause the same work."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.services import ensure_user
from tests.dashboard.conftest import EMAIL, PASSWORD

NEW = "nobody@example.com"
hashed: list[str] = []

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    """Records each computed hash, whether computed to store a password or to compare one."""

    algorithm = "counting"

    def encode(self, password: str, salt: str) -> str:
        hashed.append(password)
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def accounts(settings: Settings) -> None:
    cache.clear()
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    ensure_user(email=EMAIL, password=PASSWORD)
    ensure_user(email="inactive@example.com", password=PASSWORD)
    User.objects.filter(email="inactive@example.com").update(is_active=False)
    # This account has no password, like accounts that only sign in with Twitch.
    User.objects.create_user("twitch@example.com")


def work_for(path: str, **form: str) -> tuple[int, int, int]:
    """Return the status of a form's response, the number of computed hashes, and the number of sent emails."""
    hashed.clear()
    mail.outbox.clear()
    status = Client().post(path, form).status_code
    return status, len(hashed), len(mail.outbox)


@pytest.mark.parametrize("email", [EMAIL, "inactive@example.com", "twitch@example.com"])
def test_a_sign_up_does_the_same_work_for_a_known_address(email: str) -> None:
    known = work_for("/account/signup/", email=email, password1="another long password")
    assert known == work_for("/account/signup/", email=NEW, password1="another long password") == (302, 1, 1)


@pytest.mark.parametrize("email", [EMAIL, "inactive@example.com", "twitch@example.com"])
def test_a_sign_up_with_a_weak_password_reveals_nothing(email: str) -> None:
    known = work_for("/account/signup/", email=email, password1="12345678")
    assert known == work_for("/account/signup/", email=NEW, password1="12345678") == (200, 0, 0)


@pytest.mark.parametrize("email", [EMAIL, "inactive@example.com", "twitch@example.com"])
def test_a_password_reset_does_the_same_work_for_a_known_address(email: str) -> None:
    assert work_for("/account/password/reset/", email=email) == work_for("/account/password/reset/", email=NEW)


@pytest.mark.parametrize("email", [EMAIL, "inactive@example.com", "twitch@example.com"])
def test_a_sign_in_does_the_same_work_for_a_known_address(email: str) -> None:
    known = work_for("/account/login/", login=email, password="a wrong password")
    assert known == work_for("/account/login/", login=NEW, password="a wrong password") == (200, 1, 0)


def test_parallel_sign_ups_with_one_address_create_one_account(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if every request passed the check before the first one saved its account.
    monkeypatch.setattr(
        "allauth.account.internal.flows.manage_email.email_already_exists", lambda email: (email, False)
    )
    form = {"email": NEW, "password1": "another long password"}
    responses = [Client(REMOTE_ADDR=f"10.0.0.{number}").post("/account/signup/", form) for number in range(12)]
    # The first request sends an email; further ones to the same address are rate limited.
    assert [response.status_code for response in responses] == [302] + [429] * 11
    assert User.objects.filter(email=NEW).count() == 1
    assert len(mail.outbox) == 1
