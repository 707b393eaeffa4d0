"""Tokens, rate limit, retries and deadlines of the Helix client."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from apps.ingest.helix import Helix
from apps.ingest.helix_calls import TRY_S
from core.errors import ServiceAway, TwitchRefused
from tests.ingest.twitch_api import T0_S, Clock, Live, Twitch, page, row

# Ends a test that hangs; nothing on a busy machine takes as long.
PATIENCE_S = 60

# Token


def test_a_token_is_requested_once() -> None:
    twitch = Twitch(page([row(1, 5)]), page([row(1, 5)]))
    helix = twitch.helix()
    helix.top_streams(10)
    helix.top_streams(10)
    assert twitch.tokens == 1


def test_a_refused_token_is_renewed_once() -> None:
    twitch = Twitch(httpx.Response(401, json={}), page([row(1, 5)]))
    assert len(twitch.helix().top_streams(10)) == 1
    assert [request.headers["Authorization"] for request in twitch.requests] == ["Bearer t1", "Bearer t2"]


def test_a_token_refused_twice_is_an_error_and_the_next_call_requests_a_new_one() -> None:
    twitch = Twitch(httpx.Response(401, json={}), httpx.Response(401, json={}), page([row(1, 5)]))
    helix = twitch.helix()
    with pytest.raises(TwitchRefused, match="HTTP 401"):
        helix.top_streams(10)
    assert twitch.tokens == 2
    assert len(helix.top_streams(10)) == 1
    assert helix.results == {"200": 4, "401": 2}


def test_wrong_credentials_name_the_settings_to_check() -> None:
    class Refusing(Twitch):
        def token(self) -> httpx.Response:
            return httpx.Response(403, json={"message": "invalid client secret"})

    twitch = Refusing()
    with pytest.raises(TwitchRefused, match="TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET"):
        twitch.helix().top_streams(10)
    assert twitch.clock.slept == []


def test_a_failed_token_request_is_retried() -> None:
    class Stumbling(Twitch):
        def token(self) -> httpx.Response:
            answer = super().token()
            return answer if self.tokens == 3 else httpx.Response(503 if self.tokens == 1 else 200, content=b"{")

    twitch = Stumbling(page([row(1, 5)]))
    assert len(twitch.helix().top_streams(10)) == 1
    assert twitch.requests[0].headers["Authorization"] == "Bearer t3"


def test_no_error_contains_a_token_or_a_secret() -> None:
    class Odd(Twitch):
        def token(self) -> httpx.Response:
            return httpx.Response(200, json={"access_token": ["hush-token"], "client_secret": "secret"})

    with pytest.raises(ServiceAway) as raised:
        Odd().helix().top_streams(10)
    assert "secret" not in str(raised.value)
    assert "hush" not in str(raised.value)


# Failures


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422])
def test_a_refused_request_is_not_retried(status: int) -> None:
    twitch = Twitch(httpx.Response(status, json={}))
    with pytest.raises(TwitchRefused, match=f"HTTP {status}"):
        twitch.helix().top_streams(10)
    assert len(twitch.requests) == 1


def test_a_token_request_that_times_out_is_retried() -> None:
    class Late(Twitch):
        def token(self) -> httpx.Response:
            answer = super().token()
            return answer if self.tokens == 2 else httpx.Response(408)

    assert len(Late(page([row(1, 5)])).helix().top_streams(10)) == 1


@pytest.mark.parametrize(
    ("problem", "result"),
    [
        (httpx.Response(500), "500"),
        (httpx.Response(429), "429"),
        (httpx.Response(503), "503"),
        (httpx.Response(408), "408"),
        (httpx.Response(425), "425"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.ConnectError("no"), "connection"),
        (httpx.RemoteProtocolError("cut"), "connection"),
        (httpx.Response(200, content=b'{"data": [{"id"'), "malformed"),
        (httpx.Response(200, content=b"<html>"), "malformed"),
        (httpx.Response(200, content=b"[]"), "malformed"),
        (httpx.Response(200, content=b"{}"), "malformed"),
        (httpx.Response(200, content=b'{"data": {}}'), "malformed"),
        (httpx.Response(200, content=b"[" * 100_000), "malformed"),
        (httpx.Response(200, content=b'{"data": "\xff"}'), "malformed"),
        (httpx.Response(200, content=b"no gzip", headers={"Content-Encoding": "identity"}), "malformed"),
    ],
)
def test_a_transient_failure_is_retried_after_a_pause(problem: httpx.Response | Exception, result: str) -> None:
    twitch = Twitch(problem, page([row(1, 5)]))
    helix = twitch.helix()
    assert len(helix.top_streams(10)) == 1
    assert twitch.clock.slept == [1.0]
    assert helix.results == {result: 1, "200": 2}


def test_pauses_grow_until_helix_counts_as_unavailable() -> None:
    twitch = Twitch(*[httpx.Response(500)] * 4)
    with pytest.raises(ServiceAway, match="4 tries: HTTP 500") as raised:
        twitch.helix().top_streams(10)
    assert raised.value.retry
    assert twitch.clock.slept == [1.0, 2.0, 4.0]


def test_a_persistently_malformed_answer_is_an_error() -> None:
    twitch = Twitch(*[httpx.Response(200, content=b'{"data":')] * 4)
    with pytest.raises(ServiceAway, match="the answer for /streams, 8 bytes, is malformed: no JSON"):
        twitch.helix().top_streams(10)


def limited(seconds: float) -> httpx.Response:
    return httpx.Response(429, headers={"Ratelimit-Reset": str(int(T0_S + seconds)), "Ratelimit-Remaining": "0"})


def test_calls_over_the_limit_wait_for_the_reset() -> None:
    twitch = Twitch(limited(20), page([row(1, 5)]))
    assert len(twitch.helix().top_streams(10)) == 1
    assert twitch.clock.s == 21


def test_a_reset_after_the_deadline_ends_the_call_and_delays_the_next() -> None:
    twitch = Twitch(limited(50), page([row(1, 5)]))
    helix = twitch.helix()
    with pytest.raises(ServiceAway, match="HTTP 429"):
        helix.top_streams(10)
    assert twitch.clock.s == 0
    assert len(helix.top_streams(10, until_s=helix.until(60))) == 1
    assert twitch.request_times_s[-1] == 51


def test_a_non_numeric_reset_is_ignored() -> None:
    twitch = Twitch(httpx.Response(429, headers={"Ratelimit-Reset": "soon"}), page([row(1, 5)]))
    assert len(twitch.helix().top_streams(10)) == 1
    assert twitch.clock.s == 1


def test_never_more_than_600_calls_a_minute() -> None:
    twitch = Live(row(1, 5))
    helix = twitch.helix()
    for _ in range(1_300):
        helix.users(ids=["1"], until_s=helix.until(120))
        twitch.clock.s += 0.02
    times = twitch.request_times_s
    assert len(times) == 1_301
    assert all(later - earlier > 59.999 for earlier, later in zip(times, times[600:], strict=False))


def test_all_calls_together_meet_the_deadline() -> None:
    class Slow(Live):
        def answer(self, request: httpx.Request) -> httpx.Response:
            self.clock.s += 9
            return super().answer(request)

    twitch = Slow(*(row(n, n) for n in range(900)))
    helix = twitch.helix()
    until_s = helix.until(45)
    with pytest.raises(ServiceAway):
        helix.top_streams(500, until_s=until_s)
    assert twitch.clock.s <= 45 + 9


class Trickle(httpx.SyncByteStream):
    """A byte a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(1_000):
            self._clock.s += 1
            yield b" "


def test_a_trickling_answer_is_aborted() -> None:
    twitch = Live()
    twitch.fault = httpx.Response(200, stream=Trickle(twitch.clock))
    helix = twitch.helix()
    with pytest.raises(ServiceAway, match="not complete"):
        helix.top_streams(10, until_s=helix.until(TRY_S + 2))
    assert twitch.clock.s < TRY_S + 4
    assert helix.results["timeout"] == 1


def test_a_real_hang_ends_at_the_deadline() -> None:
    timeouts_s: list[float] = []

    def note(request: httpx.Request) -> None:
        timeouts_s.append(request.extensions["timeout"]["read"])

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = httpx.Client(event_hooks={"request": [note]})
        # The clock stands still, so that the limit does not depend on the machine.
        timing = Clock().timing()
        helix = Helix(client=client, url=url, token_url=url, client_id="a", client_secret="b", timing=timing)
        with pytest.raises(ServiceAway, match="ReadTimeout"):
            helix.top_streams(10, until_s=helix.until(0.5))
    assert timeouts_s == [0.5]


@contextlib.contextmanager
def trickling(start: bytes, piece: bytes) -> Iterator[tuple[str, queue.SimpleQueue[str]]]:
    """Serve `start` and then `piece` 20 times a second; yields the address and a queue of how connections ended."""
    ends: queue.SimpleQueue[str] = queue.SimpleQueue()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                # Read the request first: unread bytes would turn a close into a reset.
                connection.recv(65_536)
                connection.sendall(start)
                for _ in range(20 * PATIENCE_S):
                    time.sleep(0.05)
                    connection.sendall(piece)
            except OSError:
                ends.put("the client hung up")
            else:
                ends.put("the client stayed")

    def accept(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", ends
        server.shutdown(socket.SHUT_RDWR)


def end_exchanges() -> None:
    """Wait until no exchange runs in a thread."""
    for thread in threading.enumerate():
        if thread.name == "helix-exchange":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b" "),
    ],
    ids=["status", "header", "body"],
)
def test_a_trickling_server_is_cut_off_in_time_and_leaves_no_thread(start: bytes, piece: bytes) -> None:
    with trickling(start, piece) as (url, ends):
        # A connection still held by the library would exceed the limit at the next request.
        client = httpx.Client(limits=httpx.Limits(max_connections=1))
        helix = Helix(client=client, url=url, token_url=url, client_id="a", client_secret="b")
        for requests in range(1, 4):
            with pytest.raises(ServiceAway):
                helix.top_streams(10, until_s=helix.until(0.4))
            assert helix.results == {"timeout": requests}
            end_exchanges()
            assert ends.get(timeout=PATIENCE_S) == "the client hung up"


def test_a_request_abandoned_before_it_is_connected_is_never_sent() -> None:
    looked_up = threading.Event()

    class SlowLookUp(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            assert looked_up.wait(PATIENCE_S)
            return super().handle_request(request)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = httpx.Client(transport=SlowLookUp())
        helix = Helix(client=client, url=url, token_url=url, client_id="a", client_secret="b")
        with pytest.raises(ServiceAway, match="not complete"):
            helix.top_streams(10, until_s=helix.until(0.3))
        looked_up.set()
        connection, _ = server.accept()
        with connection:
            connection.settimeout(PATIENCE_S)
            assert connection.recv(65_536) == b""
        end_exchanges()
