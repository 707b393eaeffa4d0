"""Pages in Chromium while the server is unreachable, and their recovery."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack
from tests.e2e.visitor import LIVE_MS, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]

SOON_MS = 10_000
NOTHING_SENT = "Nothing was sent, because the server cannot be reached."


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A signed-in advertiser on the most active channel; a script error fails the test, a failed request does not."""
    with visit(browser, stack, "/?board=messages") as (page, problems):
        page.locator("#list a").first.click()
        yield page
    assert [text for text in problems if "net::ERR_" not in text and "WebSocket" not in text] == []


def snapshots(page: Page) -> list[str]:
    """Collect the snapshots that arrive on new sockets from now on."""
    snapshots: list[str] = []

    def keep(frame: str | bytes) -> None:
        if '"type":"snapshot"' in str(frame).replace(" ", ""):
            snapshots.append(str(frame))

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    return snapshots


def test_an_offline_page_says_so_and_recovers_with_a_fresh_snapshot(page: Page) -> None:
    fresh = snapshots(page)
    page.context.set_offline(True)
    away = page.locator("#away")
    expect(away).to_contain_text("You are offline. Updates paused since", timeout=SOON_MS)
    expect(page.locator("#conn")).to_have_attribute("data-state", "reconnecting", timeout=SOON_MS)
    assert fresh == []
    page.context.set_offline(False)
    expect(away).to_be_hidden(timeout=SOON_MS)
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    assert fresh


def test_actions_that_need_the_server_say_that_nothing_was_sent(page: Page, stack: Stack) -> None:
    page.context.set_offline(True)
    away = page.locator("#away")
    expect(away).to_be_visible(timeout=SOON_MS)
    expect(away).not_to_contain_text(NOTHING_SENT)
    url = page.url
    page.get_by_role("link", name="Discover").first.click()
    expect(away).to_contain_text(NOTHING_SENT)
    assert page.url == url
    page.context.set_offline(False)
    expect(away).to_be_hidden(timeout=SOON_MS)

    watch = page.locator("#star [data-star]")
    before = str(watch.get_attribute("aria-pressed"))
    page.context.set_offline(True)
    expect(away).to_be_visible(timeout=SOON_MS)
    watch.click()
    expect(away).to_contain_text(NOTHING_SENT)
    expect(watch).to_have_attribute("aria-pressed", before)
    page.context.set_offline(False)
    expect(away).to_be_hidden(timeout=SOON_MS)


def test_pages_without_live_figures_say_that_they_are_offline(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/watchlists")
    page.context.set_offline(True)
    expect(page.locator("#away")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("textbox", name="New watchlist").fill("Never sent")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#away")).to_contain_text(NOTHING_SENT)
    expect(page.get_by_role("textbox", name="New watchlist")).to_have_value("Never sent")
    page.context.set_offline(False)
    expect(page.locator("#away")).to_be_hidden(timeout=SOON_MS)


def test_a_stopped_server_is_distinguished_from_a_lost_network(page: Page, stack: Stack) -> None:
    stack.kill("web")
    expect(page.locator("#away")).to_contain_text("Twitchly is not responding.", timeout=LIVE_MS)
    expect(page.locator("#away")).to_be_hidden(timeout=60_000)
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
