"""Outgoing requests go to Twitch only, regardless of the contents of responses and forms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django import Settings

from apps.ingest.services import helix
from core.errors import ServiceUnavailable, TwitchRefused


@contextmanager
def server(location: str = "") -> Iterator[tuple[str, list[str]]]:
    """Run a server that redirects to `location` or serves a token; yield its URL and the requested paths."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(302 if location else 200)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            body = b'{"access_token": "made-up", "expires_in": 3600}'
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", paths
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def test_redirects_from_twitch_are_not_followed(settings: Settings) -> None:
    with server() as (internal, internal_paths), server(location=f"{internal}/secret") as (twitch, paths):
        settings.TWITCH_HELIX_URL, settings.TWITCH_TOKEN_URL = twitch, f"{twitch}/token"
        client = helix.__wrapped__()
        with pytest.raises((ServiceUnavailable, TwitchRefused)):
            client.users(logins=["somebody"], until_s=client.until(2))
    assert paths
    assert internal_paths == []


def test_a_login_is_escaped_in_the_query(settings: Settings) -> None:
    with server() as (twitch, paths):
        settings.TWITCH_HELIX_URL, settings.TWITCH_TOKEN_URL = f"{twitch}/helix", f"{twitch}/token"
        client = helix.__wrapped__()
        with pytest.raises((ServiceUnavailable, TwitchRefused)):
            client.users(logins=["x&id=1#/../../secret?"], until_s=client.until(2))
    assert set(paths) == {"/helix/users?login=x%26id%3D1%23%2F..%2F..%2Fsecret%3F"}
