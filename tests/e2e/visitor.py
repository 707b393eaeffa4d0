"""A user in a separate browser context: sign-in and sign-up."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote_plus, urlencode

from playwright.sync_api import Browser, Page, StorageState, expect

from drills.stack import Stack, wait_until
from tests.staff import SECRET, totp

DEMO = "demo@twitchly.example"
PASSWORD = "a long password for a test"
LIVE_MS = 20_000
STAFF = """
from allauth.mfa.totp.internal.auth import TOTP
from apps.accounts.models import User
known = User.objects.filter(email="{email}").exists()
known or TOTP.activate(User.objects.create_superuser("{email}", "{password}"), "{secret}")
"""
# The cookies of accounts that have signed in, keyed by the instance's URL and the email address.
_signed_in: dict[tuple[str, str], StorageState] = {}
CODE = re.compile(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", re.MULTILINE)


@contextmanager
def visit(
    browser: Browser, stack: Stack, path: str, height: int = 1000, zone: str = "UTC", email: str = DEMO
) -> Iterator[tuple[Page, list[str]]]:
    """Open a page of the running instance and wait until it is live; also yield its script and console errors.

    An account signs in on its first visit, and again if its session has ended since.
    """
    known = _signed_in.get((stack.url, email))
    context = browser.new_context(viewport={"width": 1440, "height": height}, timezone_id=zone, storage_state=known)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: problems.extend(unhashed(request.url)))
    page.goto(f"{stack.url}{path}")
    if "/account/login/" in page.url or page.locator("#front-board").count():
        sign_in(page, stack, path, email)
        _signed_in[stack.url, email] = context.storage_state()
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    yield page, problems
    context.close()


def sign_in(page: Page, stack: Stack, path: str = "/", email: str = DEMO) -> None:
    """Sign in while opening a page with live figures, and wait for these figures."""
    page.goto(f"{stack.url}/account/login/?{urlencode({'next': path})}")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password_of(stack))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)


def open_admin_site(browser: Browser, stack: Stack, email: str) -> Page:
    """Sign in a superuser with a second factor, in a new context.

    Each caller needs its own email address, because a second-factor code is valid only once.
    """
    stack.manage("shell", "-v", "0", "-c", STAFF.format(email=email, password=PASSWORD, secret=SECRET))
    page = browser.new_context(reduced_motion="reduce").new_page()
    page.goto(f"{stack.url}/admin/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code", exact=True).fill(totp(SECRET))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
    return page


def expect_query(page: Page, name: str, value: str | None) -> None:
    """Wait until a parameter of the URL has this value, or is absent.

    The script changes the URL at once, but Playwright is notified later.
    """
    if value is None:
        expect(page).not_to_have_url(re.compile(rf"[?&]{name}="), timeout=LIVE_MS)
    else:
        pattern = rf"[?&]{name}={re.escape(quote_plus(value))}(&|$)"
        expect(page).to_have_url(re.compile(pattern), timeout=LIVE_MS)


def make_account(stack: Stack, email: str) -> None:
    """Create another account with the demo account's password, for tests that would affect others."""
    stack.manage("ensure_demo_user", "--email", email, "--password-file", str(stack.var / "demo-password"))


def password_of(stack: Stack) -> str:
    """Return the password of the demo account."""
    return (stack.var / "demo-password").read_text().strip()


def unhashed(url: str) -> list[str]:
    """Return [url] if it is a static file without a content hash, so the browser may use another version's copy."""
    return [url] if "/static/" in url and not re.search(r"\.[0-9a-f]{12}\.", url) else []


def sign_up(page: Page, stack: Stack, home: str) -> str:
    """Sign up with a new address, confirm it with the code from the logged email, and stop at the setup.

    Return the address.
    """
    email = f"{uuid.uuid4().hex[:12]}@example.com"
    page.goto(f"{home}/account/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/account/confirm-email/")
    wait_until(lambda: email in stack.log("web") and bool(CODE.search(mail_to(stack, email))), 10, "the mail")
    code = CODE.search(mail_to(stack, email))
    assert code
    page.get_by_label("Code").fill(code[1])
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/welcome/1")
    return email


def mail_to(stack: Stack, email: str) -> str:
    return stack.log("web").rpartition(f"To: {email}")[2]
