"""Bodies that are too large are not read to their end: Django would write all of them down before a view sees any."""

from __future__ import annotations

from typing import Any

from twitchly.origin import Application

BODY_MAX_BYTES = 65_536
# In the scope of a request whose body was cut off.
CUT = "twitchly.body_cut"


class SmallBodies:
    """Cuts off what is sent to `root` after BODY_MAX_BYTES, and says so in the scope."""

    def __init__(self, application: Application, root: str) -> None:
        self._application = application
        self._root = root

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] != "http" or not scope["path"].startswith(self._root):
            return await self._application(scope, receive, send)
        scope, taken = {**scope, CUT: False}, 0

        async def receive_little() -> Any:
            nonlocal taken
            message = await receive()
            while scope[CUT] and message["type"] == "http.request":
                # What still comes is let go.
                message = await receive()
            taken += len(message.get("body", b""))
            if taken <= BODY_MAX_BYTES or scope[CUT]:
                return message
            scope[CUT] = True
            return {"type": "http.request", "body": b"", "more_body": False}

        return await self._application(scope, receive_little, send)
