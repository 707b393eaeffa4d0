"""`make screens`: pictures of the board of the running copy, both themes, desktop and phone, into docs/screens."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from deploy.local.browser import find_browser

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "screens"
DEMO = "demo@twitchly.example"
VIEWS = ((1440, 900, "board"), (390, 844, "board"), (390, 844, "channel"))


def main(url: str, password_file: str) -> None:
    """Sign in at `url` with the demo account and take each picture once the board is live."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        for theme in ("light", "dark"):
            for width, height, view in VIEWS:
                page = signed_in(browser, url, Path(password_file), theme, width, height)
                take(page, f"{url}/?board=messages", view, theme, width)
                page.context.close()
        browser.close()


def signed_in(browser: Browser, url: str, password_file: Path, theme: str, width: int, height: int) -> Page:
    scheme: Literal["dark", "light"] = "dark" if theme == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{url}/account/login/")
    page.get_by_label("Email").fill(DEMO)
    page.get_by_label("Password").fill(password_file.read_text().strip())
    page.get_by_role("button", name="Sign In", exact=True).click()
    return page


def take(page: Page, url: str, view: str, theme: str, width: int) -> None:
    """Take one picture; on a phone the board and the channel are two views."""
    page.goto(url)
    page.wait_for_selector("#conn[data-state=live]", timeout=20_000)
    if view == "channel":
        page.locator("#list > li a").nth(2).click()
    page.wait_for_timeout(3_000)
    page.screenshot(path=FOLDER / f"{view}-{theme}-{width}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
