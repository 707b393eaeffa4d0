"""uvicorn as the simulator runs it: without signal handlers, and with answers in one piece."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HttpServer(uvicorn.Server):
    """A server that stops when whoever runs the simulator sets `should_exit`."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app, http=_WholeAnswers, access_log=False, log_config=None, lifespan="off", timeout_graceful_shutdown=1
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the command."""
        yield


class _WholeAnswers(HttpToolsProtocol):
    """Sends an answer's head together with its body, as Twitch does.

    Clients have come to rely on it: twitchAPI closes its connection before it reads the body.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # It only calls what a transport has, and the rest is passed on.
        super().connection_made(cast(asyncio.Transport, _Gathering(cast(asyncio.Transport, transport))))


class _Gathering:
    """A transport that sends what is written in one turn of the loop at once."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send it at the end of this turn."""
        if not self._written:
            asyncio.get_running_loop().call_soon(self._flush)
        self._written.append(data)

    def close(self) -> None:
        """Send what was written, and close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        data = b"".join(self._written)
        self._written.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)
