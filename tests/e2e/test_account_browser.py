"""Accounts in a real browser: from sign-up to the live board, passkeys, ended sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from drills.stack import Stack
from tests.e2e import visitor
from tests.e2e.visitor import LIVE_MS, PASSWORD

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.fixture
def home(stack: Stack) -> str:
    """The instance's URL with a host name, because browsers create no passkeys for IP addresses."""
    return f"http://localhost:{stack.port}"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


def sign_up(page: Page, stack: Stack, home: str) -> str:
    """Sign up with a new address and leave the setup for the board; return the address."""
    email = visitor.sign_up(page, stack, home)
    page.get_by_role("button", name="Skip all steps").click()
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    return email


def test_sign_up_leads_to_the_live_board(context: BrowserContext, stack: Stack, home: str) -> None:
    page = context.new_page()
    email = sign_up(page, stack, home)
    page.goto(f"{home}/account/")
    expect(page.get_by_role("heading", name=email)).to_be_visible()


def test_a_passkey_signs_in_without_a_password(context: BrowserContext, stack: Stack, home: str) -> None:
    page = context.new_page()
    sign_up(page, stack, home)
    authenticator = context.new_cdp_session(page)
    authenticator.send("WebAuthn.enable")
    authenticator.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    page.goto(f"{home}/account/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "webauthn/add" not in url)
    page.goto(home)
    page.get_by_label("Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)


def test_signing_out_everywhere_ends_the_board_in_the_other_browser(
    browser: Browser, context: BrowserContext, stack: Stack, home: str
) -> None:
    here = context.new_page()
    email = sign_up(here, stack, home)
    elsewhere = browser.new_context()
    try:
        there = elsewhere.new_page()
        there.goto(f"{home}/account/login/")
        there.get_by_label("Email").fill(email)
        there.get_by_label("Password").fill(PASSWORD)
        there.get_by_role("button", name="Sign in", exact=True).click()
        expect(there.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
        here.goto(f"{home}/account/sessions/")
        here.get_by_role("button", name="Sign out other sessions").click()
        there.wait_for_url("**/account/login/**", timeout=5_000)
    finally:
        elsewhere.close()


def test_the_page_explains_why_passkeys_are_unavailable(context: BrowserContext, stack: Stack, home: str) -> None:
    page = context.new_page()
    page.goto(f"{home}/account/login/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
    # Browsers create no passkeys for IP addresses.
    page.goto(f"{stack.url}/account/login/")
    expect(page.get_by_text("Passkeys do not work at an IP address such as 127.0.0.1.")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
