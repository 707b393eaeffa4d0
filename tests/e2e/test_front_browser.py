"""The front page and the menus in Chromium, on the running instance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack, wait_until
from tests.e2e.visitor import visit

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.fixture
def board(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The board of a signed-in user; a script error fails the test."""
    with visit(browser, stack, "/?board=messages") as (page, problems):
        yield page
        assert problems == []


def test_the_front_page_updates_its_board_and_sets_no_cookie(browser: Browser, stack: Stack) -> None:
    wait_until(lambda: len(stack.covered()) > 10, 90, "covered channels")
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(stack.url)
    expect(page.locator("#front-board li")).to_have_count(5)
    page.evaluate("document.querySelector('#front-board li b').textContent = 'stale'")
    expect(page.locator("#front-board li b").first).not_to_have_text("stale", timeout=10_000)
    assert page.context.cookies() == []
    page.get_by_role("link", name="Sign in", exact=True).click()
    expect(page.get_by_label("Email")).to_be_visible()
    assert problems == []
    page.close()


def test_the_front_page_is_complete_without_javascript(browser: Browser, stack: Stack) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(stack.url)
    expect(page.locator("#front-board li")).to_have_count(5)
    expect(page.get_by_role("link", name="Create an account")).to_be_visible()
    context.close()


def test_a_menu_closes_on_escape_and_returns_the_focus(board: Page) -> None:
    share = board.locator("#take > summary")
    share.click()
    board.get_by_role("link", name="Windows as CSV").focus()
    board.keyboard.press("Escape")
    expect(board.locator("#take")).not_to_have_attribute("open", "")
    expect(share).to_be_focused()


def test_a_menu_closes_on_a_click_outside_and_when_another_opens(board: Page) -> None:
    account = board.locator("header.bar details.menu").last
    board.locator("#take > summary").click()
    expect(board.locator("#take")).to_have_attribute("open", "")
    account.locator("summary").click()
    expect(board.locator("#take")).not_to_have_attribute("open", "")
    expect(account).to_have_attribute("open", "")
    board.locator("#name").click()
    expect(account).not_to_have_attribute("open", "")


def test_a_menu_closes_when_the_focus_leaves_it(board: Page) -> None:
    account = board.locator("header.bar details.menu").last
    account.locator("summary").click()
    board.locator("#find input").focus()
    expect(account).not_to_have_attribute("open", "")
