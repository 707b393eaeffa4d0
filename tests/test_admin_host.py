"""The admin site on its own host."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pytest_django import Settings

from twitchly.admin_host import AdminHost, is_served

ADMIN = "admin.example"
SHARED = ["/static/css/base.css", "/account/login/", "/account/2fa/totp/activate/", "/healthz", "/readyz"]
PAGES = ["/find", "/account/", "/account/email/", "/account/signup/", "/api/v1/boards", "/healthzz", "/adminx", "/s/x"]


@pytest.mark.parametrize("path", ["/admin/", "/admin", "/admin/channels/channel/"])
def test_the_admin_site_is_served_on_its_host_only(path: str) -> None:
    assert is_served(ADMIN, path, ADMIN)
    assert not is_served("www.example", path, ADMIN)
    assert not is_served("", path, ADMIN)


@pytest.mark.parametrize("path", PAGES)
def test_pages_and_the_api_are_served_on_other_hosts_only(path: str) -> None:
    assert not is_served(ADMIN, path, ADMIN)
    assert is_served("www.example", path, ADMIN)


@pytest.mark.parametrize("path", SHARED)
def test_sign_in_and_static_files_are_served_on_both_hosts(path: str) -> None:
    assert is_served(ADMIN, path, ADMIN)
    assert is_served("www.example", path, ADMIN)


def test_everything_is_served_everywhere_without_an_admin_host() -> None:
    assert all(is_served("www.example", path, "") for path in ("/admin/", *SHARED, *PAGES))


async def respond(scope: Any, receive: Any, send: Any) -> None:
    kind = "websocket.accept" if scope["type"] == "websocket" else "http.response.start"
    await send({"type": kind, "status": 200, "headers": []})


async def request(path: str, *hosts: str, kind: str = "http") -> dict[str, Any]:
    """Return the first message of the response to a request with these Host headers."""
    scope = {"type": kind, "path": path, "headers": [(b"host", host.encode()) for host in hosts], "query_string": b""}
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await AdminHost(respond)(scope, None, send)
    return messages[0]


@pytest.fixture(autouse=True)
def host(settings: Settings) -> None:
    settings.ADMIN_HOST = ADMIN


@pytest.mark.parametrize("host_header", [ADMIN, "ADMIN.example:8443", "admin.example."])
async def test_the_port_and_case_of_a_host_header_are_ignored(host_header: str) -> None:
    assert (await request("/admin/", host_header))["status"] == 200
    assert (await request("/find", host_header))["status"] == 404


async def test_the_root_path_redirects_to_the_admin_site() -> None:
    response = await request("/", ADMIN)
    assert (response["status"], dict(response["headers"])[b"location"]) == (302, b"/admin/")
    assert (await request("/", "www.example"))["status"] == 200


async def test_the_admin_host_requires_exactly_one_valid_host_header() -> None:
    for hosts in ((), (ADMIN, "www.example"), ("www.example", ADMIN), ("admin.example/x",)):
        assert (await request("/admin/", *hosts))["status"] == 404


async def test_websockets_are_rejected_on_the_admin_host() -> None:
    assert (await request("/live", "www.example", kind="websocket"))["type"] == "websocket.accept"
    assert (await request("/live", ADMIN, kind="websocket"))["type"] == "websocket.close"


async def test_the_asgi_application_applies_the_admin_host(settings: Settings) -> None:
    from twitchly.entry.asgi import application

    settings.ADMIN_HOST = ADMIN
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/admin/")).status_code == 404
