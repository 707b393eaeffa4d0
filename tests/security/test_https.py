"""HTTPS_ONLY applies to WebSockets too, and every HTTPS response has an HSTS header."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from pytest_django import Settings

from tests.dashboard.browser_socket import BrowserSocket
from tests.web import web

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def running() -> AsyncIterator[None]:
    async with web.run():
        yield


@pytest.fixture(autouse=True)
def https_only(settings: Settings) -> None:
    settings.HTTPS_ONLY = settings.PUBLIC_BOARD = settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_HSTS_SECONDS = 3_600
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.mark.parametrize(
    ("path", "scheme", "origin", "is_accepted"),
    [
        ("/live", "wss", "https://localhost", True),
        ("/live", "ws", "https://localhost", False),
        ("/live", "wss", "http://localhost", False),
        ("/live", "ws", "http://localhost", False),
        ("/api/v1/socket", "ws", "", False),
    ],
)
async def test_websockets_require_tls_and_an_https_origin(
    path: str, scheme: str, origin: str, is_accepted: bool
) -> None:
    headers = [(b"host", b"localhost"), (b"origin", origin.encode())]
    socket = BrowserSocket(web, path, headers, scheme=scheme)
    assert await socket.connect() is is_accepted
    await socket.disconnect()


@pytest.mark.parametrize("path", ["/", "/nowhere", "/account/login/", "/api/v1/metrics", "/api/v1/nowhere", "/admin"])
async def test_every_response_over_https_has_hsts(path: str) -> None:
    assert await hsts_of("https", path) == "max-age=3600; includeSubDomains"


@pytest.mark.parametrize("path", ["/", "/api/v1/metrics"])
async def test_responses_without_tls_have_no_hsts(path: str) -> None:
    # RFC 6797, 7.2: HSTS is never sent over an insecure connection.
    assert await hsts_of("http", path) is None


async def test_the_response_to_an_oversized_body_has_hsts() -> None:
    assert await hsts_of("https", "/account/login/", b"a" * 100_000) == "max-age=3600; includeSubDomains"


async def test_the_admin_host_sends_hsts(settings: Settings) -> None:
    settings.ADMIN_HOST = "admin.localhost"
    assert await hsts_of("https", "/admin/") == "max-age=3600; includeSubDomains"


async def hsts_of(scheme: str, path: str, content: bytes = b"") -> str | None:
    transport = httpx.ASGITransport(web)
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://localhost") as client:
        response = await client.request("POST" if content else "GET", path, content=content)
    policies = response.headers.get_list("strict-transport-security")
    assert len(policies) <= 1
    return policies[0] if policies else None
