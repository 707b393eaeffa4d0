"""Request bodies: read whole, up to a limit, before any of them reaches Django, which would write them to disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.core.exceptions import RequestAborted

from twitchly.origin import Application

# For pages, the admin and the API alike: their largest forms have a few kilobytes.
BODY_MAX_BYTES = 65_536
# A body that is larger by no more than this is read to its end, so that its sender gets to the answer.
DROPPED_MAX_BYTES = 1_048_576

# Returns how many bytes may be sent to the address of a scope.
Limit = Callable[[Any], Awaitable[int]]


class BodyLimit:
    """Answers 413 to larger bodies, with or without a Content-Length; `application` gets all others in one piece."""

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
            await self._application(scope, _again(body, receive), send)


async def read_body(scope: Any, receive: Any, max_bytes: int = BODY_MAX_BYTES) -> bytes | None:
    """Return the body of a request, None where it has more than `max_bytes`. Raises: RequestAborted."""
    dropped_max_bytes = max_bytes + DROPPED_MAX_BYTES
    if _announced_bytes(scope) > dropped_max_bytes:
        return None
    body, taken, more = bytearray(), 0, True
    while more and taken <= dropped_max_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        piece = message.get("body", b"")
        taken += len(piece)
        if taken <= max_bytes:
            body += piece
        more = message.get("more_body", False)
    return bytes(body) if taken <= max_bytes else None  # defense: api-body-size


def _announced_bytes(scope: Any) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _again(body: bytes, receive: Any) -> Any:
    """Return a `receive` that gives the body that was read, and then what comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return messages.pop() if messages else await receive()

    return receive_again


async def _refuse(send: Any, max_bytes: int) -> None:
    text = f"The request is too large: at most {max_bytes:,} bytes are accepted here.\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
