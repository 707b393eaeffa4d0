"""Who sends a request in drops is cut off; who sends it whole and keeps the connection is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.security.serving import serving
from twitchly.http_limits import PromptProtocol

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"


class QuickProtocol(PromptProtocol):
    REQUEST_S = 1.0


async def answering(_scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(answering, http=QuickProtocol) as port:
        yield port


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD[:40], HEAD, HEAD + b"x"], ids=len)
async def test_a_request_that_does_not_end_is_cut_off(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await is_cut(reader)
    writer.close()


async def test_drops_do_not_prolong_it(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    cut = asyncio.create_task(is_cut(reader))
    drops = 0
    while not cut.done():
        writer.write(HEAD[drops : drops + 1] or b"")
        drops += 1
        await asyncio.sleep(0.05)
    await cut
    assert drops < len(HEAD)
    writer.close()


async def test_the_second_request_of_a_connection_has_its_own_time(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(HEAD + b"xy")
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(1.5 * QuickProtocol.REQUEST_S)
    writer.write(HEAD)
    await is_cut(reader)
    writer.close()


async def is_cut(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
