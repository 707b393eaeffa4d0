"""Bodies that are too large are not kept: they are read to their end, so that who sends them hears why."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestAborted

BODY_MAX_BYTES = 65_536


async def read_body(receive: Any) -> bytes | None:
    """Return the body of a request, None where it has more than BODY_MAX_BYTES. Raises: RequestAborted."""
    body, taken, more = bytearray(), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        piece = message.get("body", b"")
        taken += len(piece)
        if taken <= BODY_MAX_BYTES:
            body += piece
        more = message.get("more_body", False)
    return bytes(body) if taken <= BODY_MAX_BYTES else None
