from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Protocol
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from simulator.framing import PlainFraming, WebSocketFraming

LINES = b"one\r\ntwo\r\n"


def opened(*subprotocols: str) -> tuple[WebSocketFraming, ClientProtocol]:
    offered = [Subprotocol(name) for name in subprotocols] or None
    client = ClientProtocol(parse_uri("ws://127.0.0.1/"), subprotocols=offered)
    client.send_request(client.connect())
    server = WebSocketFraming()
    assert server.frame(LINES) == b""
    deliver(server, client)
    client.events_received()
    return server, client


def deliver(server: WebSocketFraming, client: Protocol) -> bytes:
    lines, reply = server.receive(b"".join(client.data_to_send()))
    client.receive_data(reply)
    return lines


def test_plain_lines_pass_unchanged() -> None:
    framing = PlainFraming()
    assert framing.receive(LINES) == (LINES, b"")
    assert framing.frame(LINES) == LINES
    assert framing.close_frame() == b""


def test_one_frame_carries_several_lines() -> None:
    server, client = opened()
    client.receive_data(server.frame(LINES))
    (frame,) = client.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.data) == (Opcode.TEXT, LINES)


def test_a_missing_line_break_is_added() -> None:
    server, client = opened()
    client.send_text(b"NICK justinfan1")
    assert deliver(server, client) == b"NICK justinfan1\r\n"


def test_two_fragments_of_a_line_are_joined() -> None:
    server, client = opened()
    client.send_text(b"NICK just", fin=False)
    client.send_continuation(b"infan1", fin=True)
    assert deliver(server, client) == b"NICK justinfan1\r\n"


def test_input_read_one_byte_at_a_time_gives_the_same_lines() -> None:
    server, client = opened()
    client.send_text(LINES)
    client.send_text(b"three")
    data = b"".join(client.data_to_send())
    assert b"".join(server.receive(data[at : at + 1])[0] for at in range(len(data))) == LINES + b"\r\nthree\r\n"


def test_the_subprotocol_irc_is_accepted_if_offered() -> None:
    assert opened("irc")[1].subprotocol == "irc"
    assert opened("mqtt")[1].subprotocol is None
    assert opened()[1].subprotocol is None


def test_a_ping_frame_is_answered() -> None:
    server, client = opened()
    client.send_ping(b"there?")
    deliver(server, client)
    (frame,) = client.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.data) == (Opcode.PONG, b"there?")


def test_invalid_utf8_is_replaced() -> None:
    server, client = opened()
    client.receive_data(server.frame(b"\xff\r\n"))
    (frame,) = client.events_received()
    assert isinstance(frame, Frame)
    assert frame.data == "\ufffd\r\n".encode()


def test_nothing_follows_a_close_frame() -> None:
    server, client = opened()
    client.receive_data(server.close_frame())
    assert client.close_rcvd is not None
    assert client.close_rcvd.code == CloseCode.NORMAL_CLOSURE
    assert server.frame(LINES) == b""
    deliver(server, client)
    assert server.should_close


def test_requests_other_than_a_websocket_handshake_are_rejected() -> None:
    server = WebSocketFraming()
    _, reply = server.receive(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 426")
    assert server.should_close
    garbled = WebSocketFraming()
    garbled.receive(b"NICK justinfan1\r\n\r\n")
    assert garbled.should_close
