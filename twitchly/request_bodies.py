"""Reads request bodies completely, up to a limit, before Django gets them; Django would spool them to disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.core.exceptions import RequestAborted

from twitchly.origin import Application

# Limit for pages, the admin and the API, whose largest forms are a few kilobytes.
BODY_MAX_BYTES = 65_536
# Up to this much of a body beyond the limit is read and discarded, so that the client reads the response.
DISCARDED_MAX_BYTES = 1_048_576

# Returns the body limit of a request, in bytes.
Limit = Callable[[Any], Awaitable[int]]


class BodyLimit:
    """Responds with 413 to bodies over the limit, even without a Content-Length; passes smaller ones on whole."""

    def __init__(self, application: Application, limit: Limit | None = None) -> None:
        self._application = application
        self._limit = limit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        max_bytes = await self._limit(scope) if self._limit else BODY_MAX_BYTES
        try:
            body = await read_body(scope, receive, max_bytes)
        except RequestAborted:
            return
        if body is None:
            await _refuse(send, max_bytes)
        else:
            await self._application(scope, _replay(body, receive), send)


async def read_body(scope: Any, receive: Any, max_bytes: int = BODY_MAX_BYTES) -> bytes | None:
    """Return the body of a request, or None if it has more than `max_bytes`. Raises: RequestAborted."""
    read_max_bytes = max_bytes + DISCARDED_MAX_BYTES
    if _content_length(scope) > read_max_bytes:
        return None
    body, read_bytes, more = bytearray(), 0, True
    while more and read_bytes <= read_max_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        chunk = message.get("body", b"")
        read_bytes += len(chunk)
        if read_bytes <= max_bytes:
            body += chunk
        more = message.get("more_body", False)
    return bytes(body) if read_bytes <= max_bytes else None  # defense: api-body-size


def _content_length(scope: Any) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _replay(body: bytes, receive: Any) -> Any:
    """Return a `receive` that returns the body that was read, and then the messages after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return messages.pop() if messages else await receive()

    return replay


async def _refuse(send: Any, max_bytes: int) -> None:
    text = f"The request is too large: at most {max_bytes:,} bytes are accepted here.\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
