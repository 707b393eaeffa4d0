"""Frames written directly to the transport of a uvicorn WebSocket."""

from __future__ import annotations

from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from twitchly.websockets import ClosingProtocol, frame_header


class Transport:
    """A transport that records writes."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.is_closed


async def idle(scope: Any, receive: Any, send: Any) -> None:
    pass


@pytest.fixture
async def protocol() -> ClosingProtocol:
    config = uvicorn.Config(idle, ws=ClosingProtocol, lifespan="off")
    protocol = ClosingProtocol(config, ServerState(), {})
    transport: Any = Transport()
    protocol.transport = transport
    protocol.handshake_complete = True
    return protocol


def written(protocol: ClosingProtocol) -> list[bytes]:
    transport: Any = protocol.transport
    assert isinstance(transport, Transport)
    return transport.written


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_frame_headers_equal_those_of_the_library(length: int) -> None:
    text = b"x" * length
    assert frame_header(length) + text == Frame(Opcode.TEXT, text).serialize(mask=False)


async def test_frames_are_written_in_one_call_and_parsed_by_a_client(protocol: ClosingProtocol) -> None:
    texts = [b"{}", "é".encode() * 100, b"z" * 70_000]
    protocol.write_frames(texts)
    (data,) = written(protocol)
    client = ClientProtocol(parse_uri("ws://localhost/"), state=OPEN)
    client.receive_data(data)
    frames = [event for event in client.events_received() if isinstance(event, Frame)]
    assert [(frame.opcode, bytes(frame.data)) for frame in frames] == [(Opcode.TEXT, text) for text in texts]


async def test_nothing_is_written_after_a_close(protocol: ClosingProtocol) -> None:
    protocol.close_sent = True
    protocol.write_frames([b"{}"])
    assert not protocol.is_writable
    protocol.close_sent = False
    transport: Any = protocol.transport
    transport.is_closed = True
    protocol.write_frames([b"{}"])
    assert not protocol.is_writable
    assert written(protocol) == []


async def test_a_connection_that_is_writable_again_is_reported(protocol: ClosingProtocol) -> None:
    calls: list[bool] = []
    protocol.on_writable = lambda: calls.append(protocol.is_writable)
    protocol.pause_writing()
    assert not protocol.is_writable
    protocol.resume_writing()
    assert calls == [True]
