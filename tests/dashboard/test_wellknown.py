"""Well-known URLs: favicon and robots.txt."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings


def test_the_favicon_is_served() -> None:
    response = Client().get("/favicon.ico")
    assert response.status_code == 302
    assert response["Location"].endswith("mark.svg")


@pytest.mark.parametrize(
    ("is_public", "host", "is_open"),
    [(True, "localhost", True), (False, "localhost", False), (True, "127.0.0.1", False)],
)
def test_robots_txt_allows_public_pages_only(settings: Settings, is_public: bool, host: str, is_open: bool) -> None:
    settings.PUBLIC_BOARD, settings.ADMIN_HOST = is_public, "127.0.0.1"
    response = Client().get("/robots.txt", headers={"host": host})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain")
    lines = response.content.decode().splitlines()
    assert lines[0] == "User-agent: *"
    assert ("Disallow: /" not in lines) is is_open
    assert "Disallow: /s/" in lines or not is_open
