"""Every page passes axe-core in both themes, wide and narrow, and does not overflow."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chart_ranges import RANGES
from apps.metrics.store import WindowStore
from core.metrics.table import BOARDS
from core.times import HOUR_MS, MINUTE_MS
from drills.stack import ROOT, Stack, now_ms, wait_until
from tests.e2e.every_page import NO_PAGES, STEPS, VISITORS, PageCase, page_cases, url_names
from tests.e2e.visitor import LIVE_MS, make_account, password_of, sign_in

pytestmark = [pytest.mark.server, pytest.mark.browser]

READER, KEYS = "reader@twitchly.example", "keys@twitchly.example"
PAGES = page_cases([board.key for board in BOARDS], list(RANGES))
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The themes differ only in colors.
OTHER_THEME = ["color-contrast"]
BROKEN = ("serious", "critical")
WIDE, NARROW, NARROWEST, WIDEST = 1440, 390, 380, 3840
# The longest readable line, about 120 characters on the widest screen.
LINE_MAX_PX = 1200
# No page has more tab stops before its main controls.
TABS_MAX = 120

AXE = """
async ([tags, rules]) => {
  const only = rules ? { type: "rule", values: rules } : { type: "tag", values: tags };
  const { violations } = await axe.run(document, { runOnly: only, resultTypes: ["violations"] });
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => ({ id, impact, where: target.join(" "), why: failureSummary })));
}
"""
# Elements that overflow the page, except those in scrolling containers.
TOO_WIDE = "() => document.scrollingElement.scrollWidth - innerWidth"
LONGEST_LINE = r"""
() => {
  const range = document.createRange(), texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let longest = 0;
  while (texts.nextNode()) {
    const { parentElement, data } = texts.currentNode;
    const isLong = data.replace(/\s+/g, " ").length >= 200;
    if (!isLong || !parentElement.checkVisibility() || parentElement.closest(".vh, script")) continue;
    range.selectNodeContents(texts.currentNode);
    longest = Math.max(longest, range.getBoundingClientRect().width);
  }
  return longest;
}
"""


@pytest.fixture(scope="module")
def visitors(browser: Browser, stack: Stack) -> Iterator[dict[str, Page]]:
    """The visitors' pages, without animations: a color in transition may lack contrast."""
    pages = {visitor: browser.new_context(reduced_motion="reduce").new_page() for visitor in VISITORS}
    make_account(stack, READER)
    sign_in(pages["account"], stack, email=READER)
    pages["newcomer"].goto(f"{stack.url}/account/signup/")
    fill(pages["newcomer"], f"{uuid.uuid4().hex}@example.com", "Email", "a long password for a test", "Password")
    pages["forgetful"].goto(f"{stack.url}/account/password/reset/")
    fill(pages["forgetful"], f"{uuid.uuid4().hex}@example.com", "Email")
    yield pages
    for page in pages.values():
        page.context.close()


def fill(page: Page, *texts_and_labels: str) -> None:
    """Type each text into the field of the label that follows it, and submit the form."""
    form_url = page.url
    for text, label in zip(texts_and_labels[::2], texts_and_labels[1::2], strict=True):
        page.get_by_label(label).fill(text)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != form_url)


RECEIPT = """
from apps.curation.receipts import token_of
from apps.curation.models import OptOut
opt_out, _ = OptOut.objects.get_or_create(kind="user", twitch_id="999999999")
print("/opt-out/receipt/" + token_of(opt_out))
"""


@pytest.fixture(scope="module")
def paths(visitors: dict[str, Page], stack: Stack, cassandra: None) -> dict[str, str]:
    """Values of the placeholders in paths: a channel with an ended stream, a watchlist, share links."""
    wait_until(lambda: len(stack.covered()) > 10, 90, "covered channels")
    # The last ones, because other tests use the first ones and must not see this fabricated ended stream.
    ids = sorted(stack.covered())[-3:]
    started_ms = now_ms() // HOUR_MS * HOUR_MS - 3 * HOUR_MS
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        BroadcastStore(WindowStore()).summarize(ids[0], started_ms, started_ms + 20 * MINUTE_MS, revision=1)
    context = visitors["account"].context
    lists = post(context, stack, "/watchlists/watch", channel=ids[0]).json()["lists"]
    post(context, stack, "/discover/segments", name="Large", query="bands=1000")
    post(context, stack, "/welcome/again")
    return {
        "channel": ids[0],
        "channels": ",".join(ids),
        "started_ms": str(started_ms),
        "watchlist": str(lists[0]["id"]),
        "page": share(context, stack, "page", f"channel={ids[0]}&board=messages"),
        "comparison": share(context, stack, "page", f"channels={','.join(ids)}", view="compare"),
        "overlay": share(context, stack, "overlay", f"channel={ids[0]}"),
        "widget": share(context, stack, "widget", f"channel={ids[0]}"),
        "locked": share(context, stack, "page", f"channel={ids[0]}", password="sesame"),
        "receipt": stack.manage("shell", "-v", "0", "-c", RECEIPT).strip(),
    }


def post(context: BrowserContext, stack: Stack, path: str, **form: str) -> Any:
    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "csrftoken")
    fields: dict[str, str | float | bool] = {**form, "csrfmiddlewaretoken": token}
    response = context.request.post(f"{stack.url}{path}", form=fields, headers={"Accept": "application/json"})
    assert response.ok, f"{path}: {response.status}"
    return response


def share(context: BrowserContext, stack: Stack, kind: str, query: str, **fields: str) -> str:
    """Create a share link and return its path."""
    form = {"kind": kind, "view": "channel", "query": query, "title": "Shared", "days": "7"} | fields
    page = post(context, stack, "/shares", **form).text()
    link = re.search(rf'class="is-new".*?{re.escape(stack.url)}(/[sw]/[^"&]+)', page, re.DOTALL)
    assert link
    return link[1]


@pytest.fixture(scope="module", params=PAGES, ids=str)
def opened(request: pytest.FixtureRequest, visitors: dict[str, Page], paths: dict[str, str], stack: Stack) -> Page:
    """Each page in turn, opened once for all checks."""
    case: PageCase = request.param
    page = visitors[case.visitor]
    page.set_viewport_size({"width": WIDE, "height": 900})
    path = case.path.format(**paths)
    response = page.goto(f"{stack.url}{path}")
    if page.url.startswith(f"{stack.url}/account/reauthenticate/?"):
        # A sign-in is recent for five minutes; the form leads back to the page.
        fill(page, password_of(stack), "Password")
        response = page.goto(f"{stack.url}{path}")
    assert response
    assert (response.status, page.url) == (case.status, f"{stack.url}{path}")
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text())
    return page


def test_every_page_is_checked() -> None:
    checked = {case.name for case in PAGES if case.name}
    assert url_names() == checked | NO_PAGES | STEPS
    assert not checked & (NO_PAGES | STEPS)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_pages_are_accessible(opened: Page, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 900})
    themes = (("light", None), ("dark", OTHER_THEME))
    assert [violation for theme, rules in themes for violation in violations(opened, theme, rules)] == []


def violations(page: Page, theme: Any, rules: list[str] | None) -> list[dict[str, str]]:
    """Return axe-core's serious violations in a theme."""
    page.emulate_media(color_scheme=theme)
    found = page.evaluate(AXE, [TAGS, rules])
    return [violation | {"theme": theme} for violation in found if violation["impact"] in BROKEN]


def test_nothing_overflows_and_lines_are_readable(opened: Page) -> None:
    opened.set_viewport_size({"width": NARROWEST, "height": 800})
    assert opened.evaluate(TOO_WIDE) <= 0
    opened.set_viewport_size({"width": WIDEST, "height": 2160})
    assert opened.evaluate(TOO_WIDE) <= 0
    assert opened.evaluate(LONGEST_LINE) <= LINE_MAX_PX


def test_sign_in_to_comparison_works_with_the_keyboard_only(browser: Browser, stack: Stack) -> None:
    make_account(stack, KEYS)
    page = browser.new_page(viewport={"width": WIDE, "height": 900})
    page.goto(f"{stack.url}/")
    go_to(page, page.get_by_role("link", name="Sign in", exact=True))
    page.keyboard.press("Enter")
    go_to(page, page.get_by_label("Email"))
    page.keyboard.type(KEYS)
    go_to(page, page.get_by_label("Password"))
    page.keyboard.type(password_of(stack))
    page.keyboard.press("Enter")
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    name = page.locator("#list .channel-name").nth(4).inner_text()
    page.keyboard.press("/")
    assert_focus_is_visible(page)
    page.keyboard.type(name)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    watch = page.locator("#star [data-star]")
    go_to(page, watch)
    before = watch.get_attribute("aria-pressed")
    page.keyboard.press("Space")
    expect(watch).to_have_attribute("aria-pressed", "false" if before == "true" else "true")
    hour = page.locator("#ranges").get_by_role("link", name="1 h")
    go_to(page, hour)
    page.keyboard.press("Enter")
    expect(hour).to_have_attribute("aria-current", "true")
    go_to(page, page.locator("#compare"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare channels")
    page.close()


def go_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press a key until the target has the focus; the focus must be visible at every step."""
    for _ in range(TABS_MAX):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press(key)
        assert_focus_is_visible(page)
    raise AssertionError(f"{target} is not reached by {key}")


def assert_focus_is_visible(page: Page) -> None:
    """Check that the focused element has an outline and is on the screen."""
    is_visible = page.evaluate(
        "() => { const element = document.activeElement;"
        " const style = getComputedStyle(element), box = element.getBoundingClientRect();"
        " return element === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2"
        " && box.bottom > 0 && box.top < innerHeight && box.width > 0); }"
    )
    assert is_visible, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
