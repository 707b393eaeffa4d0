"""Tokens, rate limit, retries and deadlines of the Helix client."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from apps.ingest.helix import Helix
from apps.ingest.helix_calls import Timing
from core.errors import ServiceUnavailable, TwitchRefused
from tests.ingest.twitch_api import T0_S, Clock, Live, Twitch, page, row

# Longer than any stall of the machine; without a limit, the calls below would never end.
PATIENCE_S = 30

# Token


def test_a_token_is_requested_once() -> None:
    twitch = Twitch(page([row(1, 5)]), page([row(1, 5)]))
    helix = twitch.helix()
    helix.top_streams(1)
    helix.top_streams(1)
    assert twitch.tokens == 1


def test_a_refused_token_is_renewed_once() -> None:
    twitch = Twitch(httpx.Response(401, json={}), page([row(1, 5)]))
    assert len(twitch.helix().top_streams(1)) == 1
    assert [request.headers["Authorization"] for request in twitch.requests] == ["Bearer t1", "Bearer t2"]


def test_a_token_refused_twice_is_an_error_and_the_next_call_requests_a_new_one() -> None:
    twitch = Twitch(httpx.Response(401, json={}), httpx.Response(401, json={}), page([row(1, 5)]))
    helix = twitch.helix()
    with pytest.raises(TwitchRefused, match="HTTP 401"):
        helix.top_streams(1)
    assert twitch.tokens == 2
    assert len(helix.top_streams(1)) == 1
    assert helix.results == {"200": 4, "401": 2}


def test_the_error_for_wrong_credentials_names_the_settings_to_check() -> None:
    class Refusing(Twitch):
        def token(self) -> httpx.Response:
            return httpx.Response(403, json={"message": "invalid client secret"})

    twitch = Refusing()
    with pytest.raises(TwitchRefused, match="TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET"):
        twitch.helix().top_streams(1)
    assert twitch.clock.slept == []


def test_a_failed_token_request_is_retried() -> None:
    class Flaky(Twitch):
        def token(self) -> httpx.Response:
            response = super().token()
            return response if self.tokens == 3 else httpx.Response(503 if self.tokens == 1 else 200, content=b"{")

    twitch = Flaky(page([row(1, 5)]))
    assert len(twitch.helix().top_streams(1)) == 1
    assert twitch.requests[0].headers["Authorization"] == "Bearer t3"


def test_no_error_contains_a_token_or_a_secret() -> None:
    class Odd(Twitch):
        def token(self) -> httpx.Response:
            return httpx.Response(200, json={"access_token": ["hush-token"], "client_secret": "secret"})

    with pytest.raises(ServiceUnavailable) as raised:
        Odd().helix().top_streams(1)
    assert "secret" not in str(raised.value)
    assert "hush" not in str(raised.value)


# Failures


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422])
def test_a_refused_request_is_not_retried(status: int) -> None:
    twitch = Twitch(httpx.Response(status, json={}))
    with pytest.raises(TwitchRefused, match=f"HTTP {status}"):
        twitch.helix().top_streams(1)
    assert len(twitch.requests) == 1


def test_a_token_request_that_times_out_is_retried() -> None:
    class Late(Twitch):
        def token(self) -> httpx.Response:
            response = super().token()
            return response if self.tokens == 2 else httpx.Response(408)

    assert len(Late(page([row(1, 5)])).helix().top_streams(1)) == 1


@pytest.mark.parametrize(
    ("problem", "result"),
    [
        (httpx.Response(500), "500"),
        (httpx.Response(429), "429"),
        (httpx.Response(503), "503"),
        (httpx.Response(408), "408"),
        (httpx.Response(425), "425"),
        (TimeoutError("slow"), "timeout"),
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
    assert len(helix.top_streams(1)) == 1
    assert twitch.clock.slept == [1.0]
    assert helix.results == {result: 1, "200": 2}


def test_pauses_grow_until_helix_counts_as_unavailable() -> None:
    twitch = Twitch(*[httpx.Response(500)] * 4)
    with pytest.raises(ServiceUnavailable, match="4 attempts: HTTP 500") as raised:
        twitch.helix().top_streams(1)
    assert raised.value.retry
    assert twitch.clock.slept == [1.0, 2.0, 4.0]


def test_a_persistently_malformed_response_is_an_error() -> None:
    twitch = Twitch(*[httpx.Response(200, content=b'{"data":')] * 4)
    with pytest.raises(ServiceUnavailable, match="the response for /streams, 8 bytes, is malformed: not JSON"):
        twitch.helix().top_streams(1)


def limited(seconds: float) -> httpx.Response:
    return httpx.Response(429, headers={"Ratelimit-Reset": str(int(T0_S + seconds)), "Ratelimit-Remaining": "0"})


def test_calls_over_the_limit_wait_for_the_reset() -> None:
    twitch = Twitch(limited(20), page([row(1, 5)]))
    assert len(twitch.helix().top_streams(1)) == 1
    assert twitch.clock.s == 21


def test_a_reset_after_the_deadline_ends_the_call_and_delays_the_next() -> None:
    twitch = Twitch(limited(50), page([row(1, 5)]))
    helix = twitch.helix()
    with pytest.raises(ServiceUnavailable, match="HTTP 429"):
        helix.top_streams(1)
    assert twitch.clock.s == 0
    assert len(helix.top_streams(1, until_s=helix.until(60))) == 1
    assert twitch.request_times_s[-1] == 51


def test_a_non_numeric_reset_is_ignored() -> None:
    twitch = Twitch(httpx.Response(429, headers={"Ratelimit-Reset": "soon"}), page([row(1, 5)]))
    assert len(twitch.helix().top_streams(1)) == 1
    assert twitch.clock.s == 1


def test_helix_is_called_at_most_600_times_a_minute() -> None:
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
        def respond(self, request: httpx.Request) -> httpx.Response:
            self.clock.s += 9
            return super().respond(request)

    twitch = Slow(*(row(n, n) for n in range(900)))
    helix = twitch.helix()
    until_s = helix.until(45)
    with pytest.raises(ServiceUnavailable, match="earlier responses took too long"):
        helix.top_streams(500, until_s=until_s)
    assert twitch.clock.s == 45


def helix_at(url: str, timing: Timing | None = None) -> Helix:
    return Helix(new_client=httpx.AsyncClient, url=url, token_url=url, client_id="a", client_secret="b", timing=timing)


def test_a_call_to_a_hanging_server_ends_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        helix = helix_at(f"http://127.0.0.1:{silent.getsockname()[1]}")
        started_s = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="TimeoutError: the response was not complete"):
            helix.top_streams(1, until_s=helix.until(0.5))
        assert time.monotonic() - started_s < PATIENCE_S


@contextlib.contextmanager
def trickling(start: bytes, piece: bytes) -> Iterator[tuple[str, list[float]]]:
    """Serve `start`, then `piece` every 50 ms; yield the URL and the times at which clients hung up."""
    hung_up_s: list[float] = []
    stop = threading.Event()

    def respond(connection: socket.socket) -> None:
        with connection:
            # Read the request first, because unread bytes would turn a close into a reset.
            connection.recv(65_536)
            with contextlib.suppress(OSError):
                connection.sendall(start)
                while not stop.wait(0.05):
                    connection.sendall(piece)
            hung_up_s.append(time.monotonic())

    def accept(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=respond, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", hung_up_s
        stop.set()
        server.shutdown(socket.SHUT_RDWR)


def wait_for(condition: Callable[[], bool]) -> bool:
    until_s = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < until_s:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b" "),
    ],
    ids=["status", "header", "body"],
)
def test_a_trickling_server_is_cut_off_in_time(start: bytes, piece: bytes) -> None:
    with trickling(start, piece) as (url, hung_up_s):
        helix = helix_at(url)
        for requests in range(1, 4):
            started_s = time.monotonic()
            with pytest.raises(ServiceUnavailable):
                helix.top_streams(1, until_s=helix.until(0.4))
            assert time.monotonic() - started_s < PATIENCE_S
            assert helix.results == {"timeout": requests}
        # The server stops because the client hung up, not because the test ends.
        assert wait_for(lambda: len(hung_up_s) == 3)


def test_each_attempt_has_its_own_time_limit() -> None:
    clock = Clock()
    with trickling(b"", b"H") as (url, hung_up_s):
        helix = helix_at(url, dataclasses.replace(clock.timing(), try_s=0.1))
        with pytest.raises(ServiceUnavailable, match="4 attempts: TimeoutError"):
            helix.top_streams(1, until_s=helix.until(45))
        assert clock.slept == [1.0, 2.0, 4.0]
        assert wait_for(lambda: len(hung_up_s) == 4)


def test_a_hanging_name_lookup_ends_in_time_and_is_never_followed_by_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, look_up = threading.Event(), socket.getaddrinfo

    def slow_look_up(*args: Any, **options: Any) -> Any:
        may_end.wait(2 * PATIENCE_S)
        return look_up(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow_look_up)
    with socket.create_server(("127.0.0.1", 0)) as server:
        helix = helix_at(f"http://localhost:{server.getsockname()[1]}")
        started_s, others = time.monotonic(), set(threading.enumerate())
        with pytest.raises(ServiceUnavailable, match="not complete"):
            helix.top_streams(1, until_s=helix.until(0.3))
        assert time.monotonic() - started_s < PATIENCE_S
        (lookup,) = set(threading.enumerate()) - others
        may_end.set()
        lookup.join(PATIENCE_S)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_an_endless_response_is_aborted() -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" " * 1_000_000

    twitch = Live()
    twitch.fault = httpx.Response(200, stream=Endless())
    helix = twitch.helix()
    with pytest.raises(ServiceUnavailable, match="more than 8,000,000 bytes"):
        helix.top_streams(1, until_s=helix.until(1))
