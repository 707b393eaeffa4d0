"""A signed-in advertiser in a browser of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack

DEMO = "demo@twitchly.example"
LIVE_MS = 20_000


@contextmanager
def visit(
    browser: Browser, stack: Stack, path: str, height: int = 1000, email: str = DEMO
) -> Iterator[tuple[Page, list[str]]]:
    """Open a page of the running copy once it is live; also yield what goes wrong in it: script errors, refusals."""
    context = browser.new_context(viewport={"width": 1440, "height": height})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: problems.extend(unhashed(request.url)))
    page.goto(f"{stack.url}{path}")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill((stack.var / "demo-password").read_text().strip())
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    yield page, problems
    context.close()


def unhashed(url: str) -> list[str]:
    """Return the address of a static file whose name does not tell its content: it may be that of another version."""
    return [url] if "/static/" in url and not re.search(r"\.[0-9a-f]{12}\.", url) else []
