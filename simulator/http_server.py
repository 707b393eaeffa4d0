"""uvicorn server of the simulator: no signal handlers, and responses sent in one write."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HttpServer(uvicorn.Server):
    """A server that stops when the simulator sets `should_exit`."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_SingleWriteProtocol,
                access_log=False,
                log_config=None,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signal handling to the command."""
        yield


class _SingleWriteProtocol(HttpToolsProtocol):
    """Sends a response's head together with its body, as Twitch does.

    Some clients depend on this. For example, twitchAPI closes its connection before it reads the body.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The wrapper forwards all other transport methods.
        super().connection_made(cast(asyncio.Transport, _BufferingTransport(cast(asyncio.Transport, transport))))


class _BufferingTransport:
    """A transport that coalesces all writes of one event-loop iteration."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Buffer the data until the end of this loop iteration."""
        if not self._written:
            asyncio.get_running_loop().call_soon(self._flush)
        self._written.append(data)

    def close(self) -> None:
        """Flush and close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        data = b"".join(self._written)
        self._written.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)
