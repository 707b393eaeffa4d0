"""Sessions: nobody is given one to sign in with, and forms are taken from our own pages alone."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.services import ensure_user
from tests.dashboard.conftest import EMAIL, PASSWORD
from tests.security.addresses import addresses

pytestmark = pytest.mark.django_db


def test_the_session_before_a_sign_in_is_not_the_one_after_it() -> None:
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


def test_no_address_takes_a_form_without_our_token() -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    assert client.login(username=EMAIL, password=PASSWORD)
    taken = {
        name: response.status_code
        for name, address in addresses()
        if (response := client.post(address, {"a": "b"})).status_code not in (403, 405)
    }
    assert taken == {}


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example/", "https:/elsewhere.example"])
def test_a_sign_in_leads_to_our_own_pages_alone(target: str) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    response = Client().post("/account/login/", {"login": EMAIL, "password": PASSWORD, "next": target})
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/")
    assert not response.headers["Location"].startswith("//")


def test_another_host_is_refused() -> None:
    assert Client().get("/account/login/", headers={"host": "elsewhere.example"}).status_code == 400
    assert Client().get("/account/login/").status_code == 200
