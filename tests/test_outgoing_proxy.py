"""With http_proxy set, local servers are called directly, but the real Twitch through the proxy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django import Settings

from apps.ingest.services import helix
from apps.metrics.flink_cluster import FlinkCluster, rest_client
from deploy.local.readiness import get_json, http_responds
from twitchly.loopback import is_loopback


@contextmanager
def recording_server() -> Iterator[tuple[str, list[str]]]:
    """Run a server that responds with JSON to all requests; yield its URL and the requested URLs."""
    requested: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.path)
            body = b'{"data": [], "jobs": [], "slots-total": 1, "access_token": "made-up", "expires_in": 3600}'
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  name required by http.server

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requested
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The URLs requested from the proxy in the environment."""
    with recording_server() as (url, requested):
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, url)
        yield requested


def call_helix() -> None:
    client = helix.__wrapped__()
    client.users(logins=["streamer"], until_s=client.until(5))


def test_the_simulator_is_called_without_the_proxy(proxy: list[str], settings: Settings) -> None:
    with recording_server() as (url, requested):
        settings.TWITCH_HELIX_URL, settings.TWITCH_TOKEN_URL = f"{url}/helix", f"{url}/token"
        call_helix()
    assert requested == ["/token", "/helix/users?login=streamer"]
    assert proxy == []


def test_the_real_twitch_is_called_through_the_proxy(proxy: list[str], settings: Settings) -> None:
    settings.TWITCH_HELIX_URL, settings.TWITCH_TOKEN_URL = "http://api.example/helix", "http://id.example/token"
    call_helix()
    assert proxy == ["http://id.example/token", "http://api.example/helix/users?login=streamer"]


def test_flink_is_called_without_the_proxy(proxy: list[str], settings: Settings) -> None:
    with recording_server() as (url, requested), _flink(settings, url) as cluster:
        assert cluster.has_slots()
    assert requested == ["/overview"]
    assert proxy == []


@contextmanager
def _flink(settings: Settings, url: str) -> Iterator[FlinkCluster]:
    settings.FLINK_REST_URL = url
    with rest_client() as client:
        yield FlinkCluster(client)


def test_readiness_checks_do_not_use_the_proxy(proxy: list[str]) -> None:
    with recording_server() as (url, requested):
        assert get_json(f"{url}/simulator")["slots-total"] == 1
        assert http_responds(f"{url}/")
    assert requested == ["/simulator", "/"]
    assert proxy == []


def test_a_socks_proxy_does_not_break_local_clients(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    with recording_server() as (url, _):
        settings.TWITCH_HELIX_URL, settings.TWITCH_TOKEN_URL = f"{url}/helix", f"{url}/token"
        call_helix()
        with _flink(settings, url) as cluster:
            assert cluster.has_slots()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8009/helix", True),
        ("http://127.8.0.1", True),
        ("https://[::1]:8006", True),
        ("http://LOCALHOST:1", True),
        ("https://api.twitch.tv/helix", False),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback_addresses_are_recognized(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
