"""Two accounts in two browsers at once: each sees only its own data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack, wait_until
from tests.e2e.visitor import make_account, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]

ONE, OTHER = "one@twitchly.example", "other@twitchly.example"


@pytest.fixture(scope="module")
def channel_id(stack: Stack) -> str:
    wait_until(lambda: bool(stack.covered()), 90, "a covered channel")
    return max(stack.covered())


@pytest.fixture(scope="module", autouse=True)
def accounts(stack: Stack) -> None:
    for email in (ONE, OTHER):
        make_account(stack, email)


@pytest.fixture
def mine(browser: Browser, stack: Stack, channel_id: str) -> Iterator[Page]:
    with visit(browser, stack, f"/?channel={channel_id}&board=messages", email=ONE) as (page, problems):
        yield page
    assert problems == []


@pytest.fixture
def theirs(browser: Browser, stack: Stack, channel_id: str) -> Iterator[Page]:
    with visit(browser, stack, f"/?channel={channel_id}&board=messages", email=OTHER) as (page, _):
        yield page


def test_private_content_is_visible_only_to_its_owner(mine: Page, theirs: Page, stack: Stack) -> None:
    mine.locator("#chart").focus()
    mine.keyboard.press("n")
    mine.keyboard.type("between us")
    mine.keyboard.press("Enter")
    expect(mine.locator("#note-list")).to_contain_text("between us")
    mine.goto(f"{stack.url}/watchlists")
    mine.get_by_label("New watchlist").last.fill("A secret list")
    mine.get_by_role("button", name="Create").click()
    mine.goto(f"{stack.url}/watchlists")
    mine.get_by_role("link", name="A secret list").click()
    mine.wait_for_url("**/watchlists/*")
    list_url = mine.url
    mine.goto(f"{stack.url}/discover?m1=viewers&min1=1")
    mine.get_by_text("Save as segment").click()
    mine.get_by_label("Name", exact=True).fill("A secret segment")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.get_by_role("link", name="A secret segment")).to_be_visible()

    theirs.reload()
    expect(theirs.locator("#no-notes")).to_be_visible()
    for path in ("/watchlists", "/discover"):
        theirs.goto(f"{stack.url}{path}")
        expect(theirs.locator("main")).not_to_contain_text("A secret")
    response = theirs.goto(list_url)
    assert response is not None
    assert response.status == 404
    expect(theirs.locator("body")).not_to_contain_text("A secret")


def test_signing_out_does_not_affect_the_other_account(mine: Page, theirs: Page) -> None:
    mine.get_by_label("Account").click()
    mine.get_by_role("button", name="Sign out").click()
    expect(mine.get_by_text("You have signed out.")).to_be_visible()
    assert mine.url.endswith("/account/login/")
    rows = theirs.locator("#list")
    before = rows.inner_text()
    wait_until(lambda: rows.inner_text() != before, 20, "the other board to update")
    expect(theirs.locator("#conn")).to_have_attribute("data-state", "live")
