"""Display text on allauth's pages."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from apps.dashboard.templatetags.account_texts import sentence_case
from tests.pages import read_page


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sign In", "Sign in"),
        ("Two-Factor Authentication", "Two-factor authentication"),
        ("  Trust this Browser?\n", "  Trust this browser?\n"),
        ("Sign in with Twitch", "Sign in with Twitch"),
        ("Add WebAuthn Key", "Add WebAuthn key"),
        ("Enter the TOTP Code", "Enter the TOTP code"),
        ("Don&#x27;t Trust", "Don&#x27;t trust"),
        ("someone@Example.com", "someone@Example.com"),
        ("", ""),
    ],
)
def test_headings_and_buttons_are_in_sentence_case(text: str, expected: str) -> None:
    assert sentence_case(text) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "contact"),
    [
        ("", "contact the operator of this instance"),
        ("help@example.com", 'contact <a href="mailto:help@example.com">help@example.com</a>'),
    ],
)
def test_the_password_reset_page_shows_a_contact(
    settings: Settings, client: Client, address: str, contact: str
) -> None:
    cache.clear()
    settings.CONTACT_EMAIL = address
    page = read_page(client.get("/account/password/reset/"))
    assert f"Please {contact} if you have any trouble" in page
    assert re.findall(r"<h1>\s*([^<]*?)\s*</h1>", page) == ["Password reset"]
    assert "Reset my password" in page
    assert "Password Reset" not in page


@pytest.mark.django_db
def test_labels_are_in_sentence_case(client: Client) -> None:
    labels = re.findall(
        r"<label[^>]*>(?:<input[^>]*>)?\s*([^<]+?)\s*</label>", read_page(client.get("/account/login/"))
    )
    assert "Password" in labels
    assert [label for label in labels if label != sentence_case(label)] == []


@pytest.mark.django_db
def test_the_sign_up_page_links_to_the_terms_and_says_what_twitchly_is(client: Client) -> None:
    for path in ("/account/signup/", "/account/login/"):
        page = read_page(client.get(path))
        assert "Live Twitch chat metrics for advertisers and creators." in page
        assert 'you accept the <a href="/terms">terms</a>' in page
