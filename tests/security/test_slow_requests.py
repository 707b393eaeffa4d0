"""Requests that are not fully received in time are aborted (slow loris); idle keep-alive connections are not."""

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


async def read_and_respond(_scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(read_and_respond, http=QuickProtocol) as port:
        yield port


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD[:40], HEAD, HEAD + b"x"], ids=len)
async def test_an_incomplete_request_is_aborted(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await assert_closed(reader)
    writer.close()


async def test_sending_bytes_one_by_one_does_not_extend_the_time_limit(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    closed = asyncio.create_task(assert_closed(reader))
    sent_bytes = 0
    while not closed.done():
        writer.write(HEAD[sent_bytes : sent_bytes + 1] or b"")
        sent_bytes += 1
        await asyncio.sleep(0.05)
    await closed
    assert sent_bytes < len(HEAD)
    writer.close()


async def test_each_request_of_a_connection_has_its_own_time_limit(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(HEAD + b"xy")
        async with asyncio.timeout(60):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(1.5 * QuickProtocol.REQUEST_S)
    writer.write(HEAD)
    await assert_closed(reader)
    writer.close()


async def assert_closed(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
