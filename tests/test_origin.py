"""Same-origin check of WebSockets."""

from __future__ import annotations

import pytest

from twitchly.origin import is_same_origin


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://localhost", "localhost", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("https://evil.example", "evil.example", False),
        ("https://evil.example", "127.0.0.1:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("", "127.0.0.1:8000", False),
        ("", "", False),
        ("http://[", "127.0.0.1:8000", False),
        ("http://[x]", "127.0.0.1:8000", False),
        ("http://127.0.0.1:8000.evil.example", "127.0.0.1:8000", False),
    ],
)
def test_only_same_origin_pages_open_a_websocket(origin: str, host: str, allowed: bool) -> None:
    assert is_same_origin(origin, host) is allowed


@pytest.mark.parametrize(("origin", "allowed"), [("https://localhost", True), ("http://localhost", False)])
def test_a_page_without_tls_is_another_origin_if_https_is_required(origin: str, allowed: bool) -> None:
    assert is_same_origin(origin, "localhost", needs_https=True) is allowed
