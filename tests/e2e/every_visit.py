"""Opens the pages in `every_page.py`; prepares their visitors and the values for placeholders in their paths."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chart_ranges import RANGES
from apps.metrics.store import WindowStore
from core.metrics.table import BOARDS
from core.times import HOUR_MS, MINUTE_MS
from drills.stack import Stack, now_ms, wait_until
from tests.e2e.every_page import VISITORS, PageCase, page_cases
from tests.e2e.visitor import make_account, password_of, sign_in

PAGES = page_cases([board.key for board in BOARDS], list(RANGES))
WIDE, HEIGHT = 1440, 900
RECEIPT = """
from apps.curation.receipts import token_of
from apps.curation.models import OptOut
opt_out, _ = OptOut.objects.get_or_create(kind="user", twitch_id="999999999")
print("/opt-out/receipt/" + token_of(opt_out))
"""


def open_visitors(browser: Browser, stack: Stack) -> dict[str, Page]:
    """Return a page for each visitor, without animations, because a color in transition may lack contrast."""
    pages = {visitor: browser.new_context(reduced_motion="reduce").new_page() for visitor in VISITORS}
    reader = f"reader-{uuid.uuid4().hex[:8]}@twitchly.example"
    make_account(stack, reader)
    sign_in(pages["account"], stack, email=reader)
    pages["newcomer"].goto(f"{stack.url}/account/signup/")
    fill(pages["newcomer"], f"{uuid.uuid4().hex}@example.com", "Email", "a long password for a test", "Password")
    pages["forgetful"].goto(f"{stack.url}/account/password/reset/")
    fill(pages["forgetful"], f"{uuid.uuid4().hex}@example.com", "Email")
    return pages


def prepare_paths(context: BrowserContext, stack: Stack) -> dict[str, str]:
    """Return values for the placeholders in paths: a channel with an ended stream, a watchlist, share links.

    `context` is that of the signed-in visitor. Requires the fixture `cassandra`.
    """
    wait_until(lambda: len(stack.covered()) > 10, 90, "covered channels")
    # The last channels, because other tests use the first ones and must not see this fabricated ended stream.
    ids = sorted(stack.covered())[-3:]
    started_ms = now_ms() // HOUR_MS * HOUR_MS - 3 * HOUR_MS
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        BroadcastStore(WindowStore()).summarize(ids[0], started_ms, started_ms + 20 * MINUTE_MS, revision=1)
    lists = _post(context, stack, "/watchlists/watch", channel=ids[0]).json()["lists"]
    _post(context, stack, "/discover/segments", name="Large", query="bands=1000")
    _post(context, stack, "/welcome/again")
    return {
        "channel": ids[0],
        "channels": ",".join(ids),
        "started_ms": str(started_ms),
        "watchlist": str(lists[0]["id"]),
        "page": _share(context, stack, "page", f"channel={ids[0]}&board=messages"),
        "comparison": _share(context, stack, "page", f"channels={','.join(ids)}", view="compare"),
        "shared_list": _share(context, stack, "page", f"list={lists[0]['id']}", view="list"),
        "overlay": _share(context, stack, "overlay", f"channel={ids[0]}"),
        "widget": _share(context, stack, "widget", f"channel={ids[0]}"),
        "locked": _share(context, stack, "page", f"channel={ids[0]}", password="sesame"),
        "receipt": stack.manage("shell", "-v", "0", "-c", RECEIPT).strip(),
    }


def open_page(case: PageCase, visitors: dict[str, Page], paths: dict[str, str], stack: Stack) -> Page:
    """Open a page as its visitor, in a wide window; check its status and URL."""
    page = visitors[case.visitor]
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    path = case.path.format(**paths)
    response = page.goto(f"{stack.url}{path}")
    if page.url.startswith(f"{stack.url}/account/reauthenticate/?"):
        # A sign-in counts as recent for five minutes only.
        fill(page, password_of(stack), "Password")
        response = page.goto(f"{stack.url}{path}")
    assert response
    # Not `page.url`, to which the script of the board adds the channel.
    assert (response.status, response.url) == (case.status, f"{stack.url}{path}")
    return page


def fill(page: Page, *texts_and_labels: str) -> None:
    """Type each text into the field whose label follows it in the arguments, and submit the form."""
    form_url = page.url
    for text, label in zip(texts_and_labels[::2], texts_and_labels[1::2], strict=True):
        page.get_by_label(label).fill(text)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != form_url)


def _post(context: BrowserContext, stack: Stack, path: str, **form: str) -> Any:
    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "csrftoken")
    fields: dict[str, str | float | bool] = {**form, "csrfmiddlewaretoken": token}
    response = context.request.post(f"{stack.url}{path}", form=fields, headers={"Accept": "application/json"})
    assert response.ok, f"{path}: {response.status}"
    return response


def _share(context: BrowserContext, stack: Stack, kind: str, query: str, **fields: str) -> str:
    """Create a share link and return its path."""
    form = {"kind": kind, "view": "channel", "query": query, "title": "Shared", "days": "7"} | fields
    url: str = _post(context, stack, "/shares", **form).json()["url"]
    return url.removeprefix(stack.url)
