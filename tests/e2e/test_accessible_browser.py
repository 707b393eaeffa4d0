"""Every page passes axe-core in both themes, wide and narrow, does not overflow, and has no layout faults."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from drills.stack import ROOT, Stack
from tests.e2e.every_page import NO_PAGES, STEPS, PageCase, url_names
from tests.e2e.every_visit import PAGES, WIDE, open_page
from tests.e2e.layout import layout_faults
from tests.e2e.visitor import LIVE_MS, make_account, password_of

pytestmark = [pytest.mark.server, pytest.mark.browser]

KEYS = "keys@twitchly.example"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The themes differ only in colors.
OTHER_THEME = ["color-contrast"]
BROKEN = ("serious", "critical")
NARROW, NARROWEST, WIDEST = 390, 380, 3840
# The maximum width of a readable line, about 120 characters on the widest screen.
LINE_MAX_PX = 1200
# The maximum number of tab stops before the main controls of a page.
TABS_MAX = 120

AXE = """
async ([tags, rules]) => {
  const only = rules ? { type: "rule", values: rules } : { type: "tag", values: tags };
  const { violations } = await axe.run(document, { runOnly: only, resultTypes: ["violations"] });
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => ({ id, impact, where: target.join(" "), why: failureSummary })));
}
"""
# The width in px by which content overflows the page, except in scrolling containers.
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


@pytest.fixture(scope="module", params=PAGES, ids=str)
def opened(request: pytest.FixtureRequest, visitors: dict[str, Page], paths: dict[str, str], stack: Stack) -> Page:
    """Each page in turn, opened once for all checks."""
    case: PageCase = request.param
    page = open_page(case, visitors, paths, stack)
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


def test_text_neither_overlaps_nor_is_cut_off_nor_leaves_its_box(opened: Page) -> None:
    badge = opened.locator("#conn")
    if badge.count():
        expect(badge).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    assert list(layout_faults(opened, opened.url)) == []


def test_everything_from_sign_in_to_comparison_works_with_the_keyboard_only(browser: Browser, stack: Stack) -> None:
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
