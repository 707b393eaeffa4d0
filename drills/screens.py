"""`make screens`: save screenshots of the running instance's pages, in both themes and both sizes, to docs/screens."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from deploy.local.browser import find_browser

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "screens"
DEMO = "demo@twitchly.example"
SIZES = ((1440, 900), (390, 844))
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUALITY, MAX_BYTES = 82, 200_000
SETTLED_MS = 2_500
# URL paths by screenshot name; values in braces come from the running instance.
PUBLIC_PAGES = {
    "front": "/",
    "sign-in": "/account/login/",
    "sign-up": "/account/signup/",
    "methodology": "/methodology",
    "status": "/status",
    "privacy": "/privacy",
    "terms": "/terms",
    "opt-out": "/opt-out",
    "api": "/api/",
    "shared": "{page}",
    "widget": "{widget}",
    "overlay": "{overlay}",
}
PAGES = {
    "board": "/?board=messages",
    "board-5m": "/?board=engagement&window=5m",
    "channel": "/?board=messages&channel={channel}&range=1h",
    "unknown": "/?channel=999999999",
    "find": "/find?q=a",
    "streams": "/channels/{channel}/streams",
    "stream": "{stream}",
    "week": "/channels/{channel}/week",
    "my-channel": "/my-channel",
    "compare": "/compare?channels={channels}&metric=messages",
    "compare-metrics": "/compare?channels={channels}&metric=viewers,messages,chatters&previous=1",
    "discover": "/discover?band=1000&band=5000",
    "discover-month": "/discover?range=30d",
    "watchlists": "/watchlists",
    "watchlist": "/watchlists/{watchlist}",
    "shares": "/shares",
    "welcome": "/welcome/1",
    "account": "/account/",
    "sessions": "/account/sessions/",
    "two-factor": "/account/2fa/",
    "keys": "/account/keys/",
    "usage": "/account/usage/",
    "requests": "/requests",
    "ask": "/ask",
}


def main(url: str, password_file: str) -> None:
    """Sign in at `url` with the demo account, add sample content, and take every screenshot."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        password = Path(password_file).read_text().strip()
        state = sign_in(browser, url, password)
        names = add_content(browser, url, state)
        for theme in THEMES:
            for width, height in SIZES:
                # API keys need a recent sign-in.
                state = sign_in(browser, url, password)
                display: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
                member, visitor = browser.new_context(storage_state=state, **display), browser.new_context(**display)
                for context, pages in ((member, PAGES), (visitor, PUBLIC_PAGES)):
                    for name, path in pages.items():
                        take(context.new_page(), url + path.format(**names), FOLDER / f"{name}-{theme}-{width}.webp")
                    context.close()
        finish_setup(browser, url, state)
        browser.close()


def sign_in(browser: Browser, url: str, password: str) -> Any:
    """Sign in and return the browser's storage state."""
    page = browser.new_page()
    page.goto(f"{url}/account/login/")
    page.get_by_label("Email").fill(DEMO)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_selector("#list > li[data-id]")
    state = page.context.storage_state()
    page.close()
    return state


def add_content(browser: Browser, url: str, state: Any) -> Mapping[str, str]:
    """Add channels to a watchlist and share the chart of one; return the values for the URL paths."""
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    page.goto(f"{url}/?board=messages")
    ids = page.locator("#list > li[data-id]").evaluate_all("rows => rows.map((row) => row.dataset.id)")
    lists: list[dict[str, Any]] = []
    for channel_id in ids[:6]:
        lists = post(context, url, "/watchlists/watch", channel=channel_id).json()["lists"]
    ended = [pair for channel_id in ids if (pair := ended_stream(page, url, channel_id))]
    post(context, url, "/welcome/again")
    channel_id, stream = ended[0] if ended else (ids[0], f"/channels/{ids[0]}/streams")
    query = f"channel={channel_id}&board=messages&range=1h"
    shared = {kind: share(context, url, kind, query) for kind in ("page", "widget", "overlay")}
    context.close()
    channel = {"channel": channel_id, "channels": ",".join(ids[:4]), "stream": stream}
    return {**channel, "watchlist": str(lists[0]["id"]), **shared}


def finish_setup(browser: Browser, url: str, state: Any) -> None:
    """Leave the setup, which was restarted for its screenshot; until then, the board redirects to the setup."""
    context = browser.new_context(storage_state=state)
    post(context, url, "/welcome/leave")
    context.close()


def ended_stream(page: Page, url: str, channel_id: str) -> tuple[str, str] | None:
    """Return the channel id and the path of the newest ended stream, or None if no stream has ended."""
    page.goto(f"{url}/channels/{channel_id}/streams")
    links = page.locator(f'main a[href^="/channels/{channel_id}/streams/"]')
    return (channel_id, str(links.first.get_attribute("href"))) if links.count() else None


def post(context: BrowserContext, url: str, path: str, **form: str) -> Any:
    """Submit a form as the page does."""
    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "csrftoken")
    fields: dict[str, str | float | bool] = {**form, "csrfmiddlewaretoken": token}
    headers = {"Accept": "application/json", "Referer": url}
    response = context.request.post(f"{url}{path}", form=fields, headers=headers)
    if not response.ok:
        raise SystemExit(f"{path} returned {response.status}")
    return response


def share(context: BrowserContext, url: str, kind: str, query: str) -> str:
    """Share the chart of a channel and return the link's path."""
    form = {"kind": kind, "view": "channel", "query": query, "title": "Shared", "days": "7"}
    link: str = post(context, url, "/shares", **form).json()["url"]
    return link.removeprefix(url)


def take(page: Page, url: str, path: Path) -> None:
    """Take a screenshot of the top of a page."""
    page.goto(url)
    page.wait_for_timeout(SETTLED_MS)
    session = page.context.new_cdp_session(page)
    capture = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    picture = base64.b64decode(capture["data"])
    if len(picture) > MAX_BYTES:
        raise SystemExit(f"{path.name} has {len(picture):,} bytes; the limit is {MAX_BYTES:,}")
    path.write_bytes(picture)
    page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
