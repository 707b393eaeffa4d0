"""Curators at work in a real browser: a file of decisions is looked at, and then followed by those who listen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack, wait_until
from tests.e2e.visitor import PASSWORD
from tests.staff import totp

pytestmark = [pytest.mark.server, pytest.mark.browser]
CURATOR = "curator@example.com"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STAFF = f"""
from allauth.mfa.totp.internal.auth import TOTP
from apps.dashboard.models import User
known = User.objects.filter(email="{CURATOR}").exists()
known or TOTP.activate(User.objects.create_superuser("{CURATOR}", "{PASSWORD}"), "{SECRET}")
"""
# Within so much a decision is followed; the browser and this test take a little themselves.
FOLLOWED_S = 30


@pytest.fixture
def admin(browser: Browser, stack: Stack) -> Iterator[Page]:
    stack.manage("shell", "-v", "0", "-c", STAFF)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stack.url}/admin/")
    page.get_by_label("Email").fill(CURATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.get_by_label("Code", exact=True).fill(totp(SECRET))
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()
    yield page
    context.close()


def decide(page: Page, stack: Stack, *lines: str) -> None:
    """Import lines as a file, after a look at what they would change."""
    page.goto(f"{stack.url}/admin/ingest/channel/import/")
    text = "\n".join(("login,decision,reason", *lines)).encode()
    page.get_by_label("CSV file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": text})
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("Nothing is written yet.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Change")).click()
    expect(page.get_by_text("channels changed")).to_be_visible()


def covered_logins(stack: Stack) -> dict[str, str]:
    """Return the logins of the channels that are listened to in full, by id."""
    return {stream["id"]: stream["login"] for stream in stack.snapshot()["streams"] if stream["id"] in stack.covered()}


def test_a_file_of_decisions_is_looked_at_and_then_followed_within_half_a_minute(admin: Page, stack: Stack) -> None:
    wait_until(lambda: len(stack.covered()) > 10, 90, "channels to be listened to")
    channel_id, login = sorted(covered_logins(stack).items())[5]
    decide(admin, stack, f"{login},block,law", "nobody_is_called_that,pin,event")
    expect(admin.get_by_text("1 lines were left out")).to_be_visible()
    wait_until(lambda: channel_id not in stack.wanted(), FOLLOWED_S, "the block to be on the list")
    decide(admin, stack, f"{login},pin,event")
    wait_until(lambda: channel_id in stack.wanted(), FOLLOWED_S, "the pin to be on the list")
    decide(admin, stack, f"{login},none,")
