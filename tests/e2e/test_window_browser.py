"""The window of a board in Chromium (30 s, or 5 min for ratio metrics), selected by mouse, keyboard and URL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.contracts import redis_keys
from drills.stack import Stack, wait_until
from tests.e2e.visitor import LIVE_MS, expect_query, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]

READY_S = 90


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A signed-in advertiser on the board of message lengths; a script error fails the test."""
    key = redis_keys.board("spam:5m")
    wait_until(lambda: ranked(stack, key) >= 10, READY_S, "ten channels with 100 messages")
    with visit(browser, stack, "/?board=spam", height=900) as (page, problems):
        yield page
    assert [problem for problem in problems if "net::ERR_" not in problem and "WebSocket" not in problem] == []


def ranked(stack: Stack, key: str) -> int:
    count: Any = stack.boards.zcard(key)
    return int(count)


def choice(page: Page, name: str) -> Locator:
    return page.locator("#windows").get_by_role("link", name=name)


def test_a_five_minute_board_has_the_values_of_its_own_windows(page: Page, stack: Stack) -> None:
    expect(page.locator(".defn:visible")).to_contain_text("over the past 30 s")
    choice(page, "5 min").click()
    expect_query(page, "window", "5m")
    expect(choice(page, "5 min")).to_have_attribute("aria-current", "true")
    expect(page.locator(".defn:visible")).to_contain_text("over the past 5 min")
    expect(page.locator("#hold")).to_have_text("Updates every 10 s")
    expect(page.locator("#list > li")).to_have_count(10, timeout=LIVE_MS)

    def shows_stored_value() -> bool:
        row = page.locator("#list > li").first
        key = redis_keys.window_values("live:5m")
        stored: Any = stack.boards.hget(key, row.get_attribute("data-id") or "")
        value = json.loads(stored)["values"]["spam"] if stored else None
        return value is not None and row.locator(".row-value").inner_text() == f"{value:,.2f}"

    wait_until(shows_stored_value, LIVE_MS / 1_000, "the stored value in the first row")
    page.reload()
    expect(choice(page, "5 min")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(choice(page, "30 s")).to_have_attribute("aria-current", "true")
    expect(page.locator("#hold")).to_have_text("Updates every 2 s")


def test_the_chosen_window_survives_boards_that_do_not_offer_it(page: Page) -> None:
    choice(page, "5 min").focus()
    page.keyboard.press("Enter")
    expect_query(page, "window", "5m")
    page.get_by_role("tab", name="Spam Rating").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Chatters")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#windows")).not_to_be_visible()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Repetition")).to_have_attribute("aria-selected", "true")
    expect(choice(page, "5 min")).to_have_attribute("aria-current", "true")
    expect(page.locator(".defn:visible")).to_contain_text("in the past 5 min")
    expect_query(page, "window", "5m")
    choice(page, "30 s").click()
    expect_query(page, "window", None)


@pytest.mark.parametrize("width", [390, 1440])
def test_choosing_a_window_does_not_move_the_list(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    tops = set()
    for name in ("30 s", "5 min"):
        choice(page, name).click()
        tops.add(page.evaluate("document.querySelector('.board-head').offsetTop"))
    page.get_by_role("tab", name="Chatters").click()
    tops.add(page.evaluate("document.querySelector('.board-head').offsetTop"))
    assert len(tops) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_links_choose_the_window_without_javascript(browser: Browser, page: Page, stack: Stack) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{stack.url}/?board=spam")
    choice(plain, "5 min").click()
    expect(plain.locator(".defn:visible")).to_contain_text("over the past 5 min")
    expect(plain.locator("#list > li").first).to_be_visible()
    context.close()
