"""Bodies above the limit are rejected with 413 before Django reads them, at every URL."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator

import httpx
import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.accounts.staff.uploads import IMPORT_MAX_BYTES
from tests.security.serving import serving
from tests.staff import staff_client
from tests.web import web
from twitchly.http_limits import PromptProtocol
from twitchly.request_bodies import BODY_MAX_BYTES, DISCARDED_MAX_BYTES

URLS = ("/", "/account/login/", "/opt-out", "/admin/", "/nowhere", "/live", "/api/v1/watchlists")
IMPORT = "/admin/channels/channel/import/"

pytestmark = pytest.mark.django_db(transaction=True)


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 8_192):
        yield b"a" * 8_192
    yield b"a" * (size % 8_192)


@pytest.fixture(autouse=True)
async def running() -> AsyncIterator[None]:
    async with web.run():
        yield


async def post(url: str, content: bytes | AsyncIterator[bytes], **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(web)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return await client.post(url, content=content, headers=form | headers)


@pytest.mark.parametrize("url", URLS)
async def test_an_oversized_body_is_rejected_before_django_reads_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", None)
    for content in (b"a" * (BODY_MAX_BYTES + 1), chunks(BODY_MAX_BYTES + 1), chunks(4_000_000)):
        response = await post(url, content)
        assert response.status_code == 413
        assert response.headers["connection"].lower() == "close"


@pytest.mark.parametrize("url", URLS[:-1])
async def test_a_body_within_the_limit_is_read(url: str) -> None:
    for content in (b"a" * BODY_MAX_BYTES, chunks(BODY_MAX_BYTES)):
        status = (await post(url, content)).status_code
        assert status < 500
        assert status != 413


async def test_a_rejected_body_is_read_only_up_to_a_limit() -> None:
    sent_bytes = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent_bytes
        while True:
            sent_bytes += 100_000
            yield b"a" * 100_000

    assert (await post("/account/login/", endless())).status_code == 413
    assert sent_bytes <= BODY_MAX_BYTES + DISCARDED_MAX_BYTES + 200_000


async def test_only_staff_may_upload_a_larger_import(settings: Settings) -> None:
    content = b"text=" + b"a" * 500_000
    assert (await post(IMPORT, content)).status_code == 413
    staff = await sync_to_async(staff_client)()
    cookie = staff.cookies[settings.SESSION_COOKIE_NAME].value
    # The request passes the size limit and fails Django's CSRF check.
    assert (await post(IMPORT, content, cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}")).status_code == 403
    too_large = b"a" * (IMPORT_MAX_BYTES + 1)
    assert (await post(IMPORT, too_large, cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}")).status_code == 413
    assert (await post("/admin/", content, cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}")).status_code == 413
    assert (await post(IMPORT, content, cookie=f"{settings.SESSION_COOKIE_NAME}=made-up")).status_code == 413


@pytest.mark.parametrize("length", [b"content-length: 900000000", b"transfer-encoding: chunked"])
async def test_the_server_answers_an_endless_body_with_413(length: bytes) -> None:
    async with serving(web, http=PromptProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /account/login/ HTTP/1.1\r\nhost: localhost\r\n" + length + b"\r\n\r\n")
        sending = asyncio.create_task(send_endlessly(writer, length.endswith(b"chunked")))
        async with asyncio.timeout(60):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        sending.cancel()
        writer.close()


async def send_endlessly(writer: asyncio.StreamWriter, is_chunked: bool) -> None:
    chunk = b"a" * 100_000
    for _ in range(30):
        writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if is_chunked else chunk)
        await writer.drain()
