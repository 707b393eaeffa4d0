"""Session fixation is impossible, and forms are accepted only from pages on this site."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.services import ensure_user
from tests.dashboard.conftest import EMAIL, PASSWORD
from tests.security.page_urls import page_urls

pytestmark = pytest.mark.django_db


def test_a_sign_in_starts_a_new_session() -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    planted = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
    stranger = Client()
    stranger.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert stranger.get("/account/").status_code == 302


def test_no_page_accepts_a_form_without_a_csrf_token() -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    assert client.login(username=EMAIL, password=PASSWORD)
    accepted = {
        name: response.status_code
        for name, url in page_urls()
        if (response := client.post(url, {"a": "b"})).status_code not in (403, 405)
    }
    assert accepted == {}


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example/", "https:/elsewhere.example"])
def test_sign_in_does_not_redirect_to_other_sites(target: str) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    response = Client().post("/account/login/", {"login": EMAIL, "password": PASSWORD, "next": target})
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/")
    assert not response.headers["Location"].startswith("//")


def test_a_foreign_host_is_rejected() -> None:
    assert Client().get("/account/login/", headers={"host": "elsewhere.example"}).status_code == 400
    assert Client().get("/account/login/").status_code == 200
