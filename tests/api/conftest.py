"""Accounts with keys, boards, and a client that validates every response against the OpenAPI description."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.accounts.models import User
from apps.api.keys.services import create_key
from apps.api.models import ApiKey
from apps.api.scopes import Scope
from core.contracts import redis_keys
from tests.api.contract import check_response
from tests.dashboard.conftest import Boards, boards, quick_settings, valkey
from tests.valkey import Valkey
from tests.web import web

__all__ = ["Boards", "boards", "quick_settings", "valkey"]


class Api:
    """An API client with or without a key."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def request(self, method: str, path: str, *, address: str = "10.0.0.1", **options: Any) -> httpx.Response:
        """Send a request from an IP address, and validate the response."""
        transport = httpx.ASGITransport(web, client=(address, 1), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        headers |= options.pop("headers", {})
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            response = await client.request(method, f"/api/v1/{path}", headers=headers, **options)
        check_response(method, f"/api/v1/{path}", response)
        return response


def fill_bucket_in(valkey: Valkey, bucket: str, seconds: int) -> None:
    """Make a bucket take `seconds` to fill, so that its level does not depend on the machine's speed."""
    with valkey.client(4) as client:
        now_s, _ = client.time()
        client.set(redis_keys.RATE_LIMIT + bucket, now_s + seconds)


def user_of(email: str) -> User:
    return User.objects.filter(email=email).first() or User.objects.create_user(email, "a long password")


def new_key(
    email: str = "buyer@example.com", scopes: Collection[str] = tuple(Scope), days: int | None = None
) -> tuple[ApiKey, str]:
    return create_key(owner=user_of(email), name="tests", scopes=scopes, days=days)


@pytest.fixture(autouse=True)
def use_rate_limits(valkey: Valkey, settings: Settings) -> None:
    settings.REDIS_LIMITS_URL = f"{valkey.url}/4"


@pytest.fixture
async def api(boards: Boards, transactional_db: None) -> AsyncIterator[Api]:
    """A client whose key has all scopes."""
    _, secret = await sync_to_async(new_key)()
    async with web.run():
        yield Api(secret)
