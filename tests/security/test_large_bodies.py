"""Bodies beyond the limit are answered 413 before Django sees them, at every address and for everybody."""

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
from twitchly.entry.asgi import application
from twitchly.http_limits import PromptProtocol
from twitchly.request_bodies import BODY_MAX_BYTES, DISCARDED_MAX_BYTES

ADDRESSES = ("/", "/account/login/", "/opt-out", "/admin/", "/nowhere", "/live", "/api/v1/watchlists")
IMPORT = "/admin/channels/channel/import/"

pytestmark = pytest.mark.django_db(transaction=True)


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 8_192):
        yield b"a" * 8_192
    yield b"a" * (size % 8_192)


async def post(address: str, content: bytes | AsyncIterator[bytes], **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return await client.post(address, content=content, headers=form | headers)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_body_beyond_the_limit_is_refused_before_django_reads_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", None)
    for content in (b"a" * (BODY_MAX_BYTES + 1), pieces(BODY_MAX_BYTES + 1), pieces(4_000_000)):
        response = await post(address, content)
        assert response.status_code == 413
        assert response.headers["connection"].lower() == "close"


@pytest.mark.parametrize("address", ADDRESSES[:-1])
async def test_a_body_within_the_limit_is_read(address: str) -> None:
    for content in (b"a" * BODY_MAX_BYTES, pieces(BODY_MAX_BYTES)):
        status = (await post(address, content)).status_code
        assert status < 500
        assert status != 413


async def test_a_refused_body_is_read_no_further_than_an_answer_needs() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 100_000
            yield b"a" * 100_000

    assert (await post("/account/login/", endless())).status_code == 413
    assert taken <= BODY_MAX_BYTES + DISCARDED_MAX_BYTES + 200_000


async def test_an_import_may_be_larger_for_staff_and_nobody_else(settings: Settings) -> None:
    content = b"text=" + b"a" * 500_000
    assert (await post(IMPORT, content)).status_code == 413
    staff = await sync_to_async(staff_client)()
    cookie = staff.cookies[settings.SESSION_COOKIE_NAME].value
    # Past the limit, where Django asks for the form's token.
    assert (await post(IMPORT, content, cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}")).status_code == 403
    too_large = b"a" * (IMPORT_MAX_BYTES + 1)
    assert (await post(IMPORT, too_large, cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}")).status_code == 413
    assert (await post("/admin/", content, cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}")).status_code == 413
    assert (await post(IMPORT, content, cookie=f"{settings.SESSION_COOKIE_NAME}=made-up")).status_code == 413


@pytest.mark.parametrize("length", [b"content-length: 900000000", b"transfer-encoding: chunked"])
async def test_a_server_answers_413_to_a_body_without_end(length: bytes) -> None:
    async with serving(application, http=PromptProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /account/login/ HTTP/1.1\r\nhost: localhost\r\n" + length + b"\r\n\r\n")
        sending = asyncio.create_task(send_on(writer, length.endswith(b"chunked")))
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        sending.cancel()
        writer.close()


async def send_on(writer: asyncio.StreamWriter, is_chunked: bool) -> None:
    piece = b"a" * 100_000
    for _ in range(30):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece)
        await writer.drain()
