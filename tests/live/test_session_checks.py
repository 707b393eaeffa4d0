"""Sessions of open sockets are rechecked in batches."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from apps.accounts.models import User
from apps.live.session_checks import SessionChecks, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


class CountedChecks(SessionChecks):
    """Counts its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0
        self.started = asyncio.Event()

    async def _read(self) -> set[str]:
        self.batches += 1
        self.started.set()
        return await super()._read()


def sign_in(email: str) -> tuple[Client, str]:
    client = Client()
    client.force_login(User.objects.create_user(email, "a long password"))
    return client, str(client.session.session_key)


async def test_concurrent_session_checks_share_one_batch() -> None:
    (_, first), (second_client, second) = [await sync_to_async(sign_in)(f"{n}@example.com") for n in range(2)]
    checks = CountedChecks()
    keys = [first, second, first, "an-unknown-session", None]

    async def checked() -> list[bool]:
        return await asyncio.gather(*map(checks.is_signed_in, keys))

    assert await checked() == [True, True, True, False, False]
    assert checks.batches == 1
    await sync_to_async(second_client.logout)()
    assert await checked() == [True, False, True, False, False]
    assert checks.batches == 2


async def test_a_changed_password_ends_other_sessions() -> None:
    _, key = await sync_to_async(sign_in)("buyer@example.com")
    checks = SessionChecks()
    assert await checks.is_signed_in(key)
    user = await User.objects.aget(email="buyer@example.com")
    user.set_password("another long password")
    await user.asave()
    assert not await checks.is_signed_in(key)


async def test_a_check_that_starts_during_another_starts_a_new_batch() -> None:
    client, key = await sync_to_async(sign_in)("buyer@example.com")
    checks = CountedChecks()
    first = asyncio.create_task(checks.is_signed_in(key))
    await checks.started.wait()
    await sync_to_async(client.logout)()
    assert not await checks.is_signed_in(key)
    await first
    assert checks.batches == 2


@pytest.mark.parametrize("reason", ["expired", "inactive", "deleted account", "unknown backend", "without a user"])
def test_a_session_is_not_signed_in_if_its_user_may_not_sign_in(settings: Settings, reason: str) -> None:
    client, key = sign_in("buyer@example.com")
    assert signed_in([key]) == {key}
    match reason:
        case "expired":
            Session.objects.update(expire_date=datetime.now(UTC) - timedelta(seconds=1))
        case "inactive":
            User.objects.update(is_active=False)
        case "deleted account":
            User.objects.all().delete()
        case "unknown backend":
            settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
        case _:
            session = client.session
            session.clear()
            session["theme"] = "dark"
            session.save()
    assert signed_in([key]) == set()


def test_a_session_survives_a_new_secret_key_while_the_old_one_is_accepted(settings: Settings) -> None:
    _, key = sign_in("buyer@example.com")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key of some length", [settings.SECRET_KEY]
    assert signed_in([key]) == {key}
    settings.SECRET_KEY_FALLBACKS = []
    assert signed_in([key]) == set()


def test_many_sessions_are_checked_with_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    keys = {sign_in(f"{number}@example.com")[1] for number in range(5)}
    with django_assert_num_queries(2):
        assert signed_in(keys) == keys
