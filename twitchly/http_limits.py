"""Limits on incoming HTTP requests: duration, header size, and exactly one Host header."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# The request line and all headers together, trailers included. Browsers send 1 to 3 KB.
HEAD_MAX_BYTES = 32_768  # defense: head-size
HEADERS_MAX = 100


class RequestRefused(Exception):
    """A request is rejected with this status before it reaches the application."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class PromptProtocol(HttpToolsProtocol):
    """Rejects requests that are too slow, have oversized headers, or do not have exactly one Host header.

    uvicorn waits forever for the end of a request, accepts any number of headers of any size, and passes requests
    without a Host to Django, which then uses the address of the socket as the host.
    """

    # Abort requests that are not fully received within this time (slow loris), and idle connections.
    REQUEST_S = 30.0
    # How long the rest of a rejected request is read and discarded, so that the client reads the response.
    LINGER_S = 2.0
    _limit: asyncio.TimerHandle | None = None
    _refused: HTTPStatus | None = None
    _in_head = True
    # Number of requests on this connection so far.
    _requests = 0
    _head_bytes = 0
    # Bytes of an incomplete line, which the parser has not reported yet.
    _pending_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        was_in_head, before = self._in_head, (self._requests, self._head_bytes)
        super().data_received(data)
        if self._refused or not self._in_head:
            return
        # Data in which the headers begin may also contain an earlier request, so only data within the headers counts.
        self._pending_bytes += len(data) if was_in_head and before == (self._requests, self._head_bytes) else 0
        if self._head_bytes + self._pending_bytes > HEAD_MAX_BYTES:  # defense: endless-header
            self._refused = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.send_400_response("")

    def on_message_begin(self) -> None:
        self._begin()
        self._in_head, self._head_bytes, self._pending_bytes = True, 0, 0
        self._requests += 1
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        if len(self.headers) >= HEADERS_MAX:
            raise self._refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        # RFC 9112, 3.2: respond with 400 to a request without a Host header, or with several.
        if sum(name == b"host" for name, _ in self.headers) != 1:  # defense: one-host
            raise self._refusal(HTTPStatus.BAD_REQUEST)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._end()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._end()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Respond to an invalid or rejected request, and discard the rest. uvicorn calls this when its parser stops."""
        status = self._refused = self._refused or HTTPStatus.BAD_REQUEST
        if self.cycle is not None and not self.cycle.response_complete:
            # A response is in progress, and a second one would be read as part of it.
            self.transport.close()
            return
        text = (msg if status is HTTPStatus.BAD_REQUEST else status.phrase).encode("ascii")
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s"
            % (len(text), text)
        )
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(self.LINGER_S, self.transport.abort)
        else:
            self.transport.close()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        self._pending_bytes = 0
        if self._head_bytes > HEAD_MAX_BYTES:
            raise self._refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _refusal(self, status: HTTPStatus) -> RequestRefused:
        """Return the exception that stops the parser; uvicorn then calls `send_400_response`."""
        self._refused = status
        return RequestRefused(status)

    def _begin(self) -> None:
        if self._limit is None:
            self._limit = self.loop.call_later(self.REQUEST_S, self.transport.abort)  # defense: slow-requests

    def _end(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
