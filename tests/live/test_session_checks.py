"""Sessions of open sockets are read again together."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from apps.accounts.models import User
from apps.live.session_checks import SessionChecks

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


async def test_sessions_asked_for_together_are_read_in_one_batch() -> None:
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


async def test_a_check_that_starts_during_another_reads_again() -> None:
    client, key = await sync_to_async(sign_in)("buyer@example.com")
    checks = CountedChecks()
    first = asyncio.create_task(checks.is_signed_in(key))
    await checks.started.wait()
    await sync_to_async(client.logout)()
    assert not await checks.is_signed_in(key)
    await first
    assert checks.batches == 2
