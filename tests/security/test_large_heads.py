"""The size of request heads and the number of headers are limited; requests beyond a limit are rejected with 431."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from tests.security.serving import serving
from twitchly.http_limits import HEAD_MAX_BYTES, HEADERS_MAX, PromptProtocol

BEGINNING = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
USUAL_HEAD = b"POST /" + b"a" * 2_000 + b" HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"b" * (HEAD_MAX_BYTES - 3_000)
UPGRADE = (
    BEGINNING + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


class CountingApp:
    """An application that counts its requests and keeps the scope of the last one."""

    def __init__(self) -> None:
        self.requests = 0
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        self.scope = scope
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


@pytest.fixture
def application() -> CountingApp:
    return CountingApp()


@pytest.fixture
async def port(application: CountingApp) -> AsyncIterator[int]:
    async with serving(application, http=PromptProtocol) as port:
        yield port


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 64_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?" + b"a" * 64_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        BEGINNING + b"a: b\r\n" * 10_000 + b"\r\n",
        BEGINNING + b"a: b\r\n" * (HEADERS_MAX + 1) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: "
        + b"a" * 20_000
        + b"\r\nReferer: "
        + b"b" * 20_000
        + b"\r\n\r\n",
        BEGINNING + b"a" * 40_000 + b": b\r\n\r\n",
        UPGRADE + b"Origin: " + b"a" * 40_000 + b"\r\n\r\n",
    ],
    ids=["host", "path", "query", "10,000 headers", "headers", "together", "name", "websocket"],
)
async def test_an_oversized_head_is_answered_with_431(application: CountingApp, port: int, head: bytes) -> None:
    assert (await response_to(port, head)).startswith(b"HTTP/1.1 431 ")
    assert application.requests == 0


async def test_an_endless_header_is_rejected_before_it_fills_memory(application: CountingApp, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: ")
    for _ in range(20):
        writer.write(b"a" * 100_000)
        await writer.drain()
    async with asyncio.timeout(60):
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
    writer.close()
    assert application.requests == 0


async def test_trailers_of_a_chunked_body_are_limited_too(application: CountingApp, port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    response = await response_to(port, head + b"a: b\r\n" * 10_000 + b"\r\n")
    assert response == b"" or b"431" in response.splitlines()[0]
    assert len(application.scope.get("headers", [])) <= HEADERS_MAX


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        BEGINNING + b"Host: elsewhere.example\r\n\r\n",
        UPGRADE.replace(b"Host: localhost\r\n", b"") + b"\r\n",
    ],
    ids=["none", "HTTP/1.0", "two", "websocket"],
)
async def test_a_request_must_have_exactly_one_host(application: CountingApp, port: int, head: bytes) -> None:
    assert (await response_to(port, head)).startswith(b"HTTP/1.1 400 ")
    assert application.requests == 0


async def test_usual_heads_are_accepted_on_one_connection(application: CountingApp, port: int) -> None:
    request = USUAL_HEAD + b"\r\nContent-Length: 60000\r\n\r\n" + b"c" * 60_000
    await send_accepted(port, 5 * request, 5)
    assert application.requests == 5


@pytest.mark.parametrize("ends", [(5_000, 97_000), (5_000, 40_000, 97_000), (35_000, 97_000)])
async def test_data_that_spans_two_heads_is_not_counted_as_one_long_head(
    application: CountingApp, ends: tuple[int, ...]
) -> None:
    request = USUAL_HEAD + b"\r\nContent-Length: 60000\r\n\r\n" + b"c" * 60_000
    sent = 2 * request

    class InParts(PromptProtocol):
        """Waits for all data, then passes it on in parts that end at `ends`."""

        received = b""

        def data_received(self, data: bytes) -> None:
            self.received += data
            if self.received == sent:
                for start, end in pairwise((0, *ends, len(sent))):
                    super().data_received(sent[start:end])

    async with serving(application, http=InParts) as port:
        await send_accepted(port, sent, 2)
    assert application.requests == 2


async def send_accepted(port: int, data: bytes, requests: int) -> None:
    """Send requests on one connection; each must be accepted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(60):
        for _ in range(requests):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def response_to(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(60):
        response = await reader.read()
    writer.close()
    return response
