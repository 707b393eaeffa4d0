"""Security records, such as locks and used codes, are kept until they expire, regardless of how many others exist."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import SecurityRecord, User
from apps.accounts.security_cache import SecurityCache
from apps.accounts.services import ensure_user
from apps.dashboard.tasks import delete_expired_security_records
from tests.dashboard.conftest import EMAIL, PASSWORD
from tests.staff import SECRET
from twitchly.celery import app

pytestmark = pytest.mark.django_db
OTHER_RECORDS = 10_000


def write_other_records() -> None:
    """Write records as requests from other addresses and for other accounts would."""
    for number in range(OTHER_RECORDS):
        cache.set(f"allauth:rl:allauth.account:signup:20/60/ip:ip:10.0.{number}", [1.0], 300)


def sign_in(client: Client, password: str) -> bool:
    client.post("/account/login/", {"login": EMAIL, "password": password})
    return "_auth_user_id" in client.session


def test_the_lock_of_an_account_survives_10_000_other_records() -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    assert [sign_in(Client(), "a wrong password") for _ in range(5)] == [False] * 5
    assert not sign_in(Client(), PASSWORD)
    write_other_records()
    assert not sign_in(Client(), PASSWORD)


def test_a_used_code_survives_10_000_other_records(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # The code's record must not expire on a slow machine while the other records are written.
    settings.MFA_TOTP_PERIOD = 3_600
    # The code stays valid, so that only its record can cause its rejection.
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([1]))
    factor = TOTP.activate(User.objects.create_user(EMAIL, PASSWORD), SECRET)
    code = format_hotp_value(hotp_value(SECRET, 1))
    assert factor.validate_code(code)
    write_other_records()
    assert not factor.validate_code(code)


def test_only_expired_records_are_deleted() -> None:
    for key, timeout in (("expired", -1), ("living", 60), ("unlimited", None)):
        cache.set(key, 1, timeout)
    delete_expired_security_records()
    assert sorted(SecurityRecord.objects.values_list("key", flat=True)) == [":1:living", ":1:unlimited"]


def test_expired_records_are_deleted_every_few_minutes() -> None:
    task = app.conf.beat_schedule["delete-expired-security-records"]
    assert task["task"] == delete_expired_security_records.name
    assert task["schedule"] <= 600


def test_a_value_can_be_added_again_only_after_it_has_expired() -> None:
    assert cache.add("used", "y", 60)
    assert not cache.add("used", "z", 60)
    assert cache.get("used") == "y"
    SecurityRecord.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert cache.get("used", "nothing") == "nothing"
    assert cache.add("used", "z", 60)
    assert cache.get("used") == "z"


def test_a_counter_keeps_its_expiry_time() -> None:
    store = SecurityCache("", {})
    with pytest.raises(ValueError, match="not found"):
        store.incr("tries")
    store.add("tries", 0, 60)
    ends_at = store.expires_at("tries")
    assert [store.incr("tries"), store.incr("tries")] == [1, 2]
    assert store.expires_at("tries") == ends_at
    assert store.touch("tries", 600)
    assert store.delete("tries")
    assert store.expires_at("tries") is None
    assert not store.touch("tries", 600)


def test_a_failed_addition_leaves_the_transaction_usable() -> None:
    assert connection.in_atomic_block
    cache.add("key", 1)
    assert not cache.add("key", 2)
    assert SecurityRecord.objects.count() == 1
    cache.clear()
    assert SecurityRecord.objects.count() == 0
