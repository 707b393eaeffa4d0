"""Device names in the session list."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.devices import device_of
from apps.accounts.services import ensure_user
from tests.dashboard.conftest import EMAIL, PASSWORD
from tests.pages import read_page

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Windows"),
        ("curl/8.5.0", "curl"),
        ("<b>nobody</b>", "an unknown browser"),
        ("", "an unknown browser"),
    ],
)
def test_device_names_contain_the_browser_and_operating_system(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device


@pytest.mark.django_db
def test_the_session_list_shows_device_names_and_full_user_agent_headers(client: Client) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    agent = f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36"
    client.post("/account/login/", {"login": EMAIL, "password": PASSWORD}, headers={"User-Agent": agent})
    page = read_page(client.get("/account/sessions/", headers={"User-Agent": agent}))
    assert "Chrome on Linux" in page
    assert f'title="{agent}"' in page
