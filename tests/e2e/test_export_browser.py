"""Stars, exports and the setup in Chromium, on the running instance."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from drills.stack import Stack, wait_until
from tests.e2e.visitor import LIVE_MS, sign_up

pytestmark = [pytest.mark.server, pytest.mark.browser]

SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  const add = ({ value, hadRecentInput }) => (sum += hadRecentInput ? 0 : value);
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(add));
  observer.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})"""


@pytest.fixture
def newcomer(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A user who has just signed up; a script error or a blocked resource fails the test."""
    wait_until(lambda: len(stack.covered()) > 10, 90, "covered channels")
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    sign_up(page, stack, stack.url)
    yield page
    page.context.close()
    assert problems == []


@pytest.fixture
def page(newcomer: Page) -> Page:
    """The same user on the live board, without a watchlist."""
    newcomer.get_by_role("button", name="Skip all steps").click()
    expect(newcomer.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    return newcomer


def star_of(page: Page, row: int) -> Locator:
    """Return the star of the channel in this row, located by the channel's id because rows move."""
    channel = page.locator("#list > li").nth(row).get_attribute("data-id")
    return page.locator(f'#list li[data-id="{channel}"] [data-star]')


def test_a_star_on_the_board_creates_a_watchlist_and_undo_removes_the_channel(page: Page, stack: Stack) -> None:
    star = star_of(page, 1)
    name = str(star.get_attribute("data-of"))
    expect(star).to_have_attribute("aria-label", f"Watch {name}")
    shifted = page.evaluate(SHIFTS)
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#starred [role=status]")).to_have_text(f"Added {name} to “My channels”.")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(star).to_have_attribute("aria-pressed", "false")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(SHIFTS) - shifted < 0.001
    # Rows that the script creates for another board show the star, too.
    page.get_by_role("group", name="Number of channels").get_by_role("link", name="100").click()
    page.get_by_role("tab", name="Most Active").click()
    expect(page.locator("#list [data-star]").nth(20)).to_be_attached(timeout=LIVE_MS)
    expect(page.locator(f'#list [data-star][data-of="{name}"]')).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stack.url}/watchlists")
    page.get_by_role("link", name="My channels").click()
    expect(page.locator("#cards > li")).to_have_count(1)


def test_the_stars_of_a_channel_beside_the_chart_and_in_its_row_stay_in_sync(page: Page) -> None:
    row = star_of(page, 2)
    row.locator("..").get_by_role("link").click()
    name = row.get_attribute("data-of")
    star = page.locator("#star [data-star]")
    expect(star).to_have_attribute("aria-label", f"Watch {name}")
    star.click()
    expect(row).to_have_attribute("aria-pressed", "true")
    expect(star).to_have_attribute("aria-pressed", "true")


def test_the_keyboard_moves_focus_to_the_star_and_then_to_the_next_row(page: Page) -> None:
    links = page.locator("#list a.board-row")
    links.first.focus()
    page.keyboard.press("Tab")
    star = page.locator("#list [data-star]:focus")
    expect(star).to_have_count(1)
    page.keyboard.press("Space")
    expect(star).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#list a.board-row:focus .rank")).to_have_text("2")


def test_a_menu_offers_the_watchlists_if_there_are_several(page: Page, stack: Stack) -> None:
    for name in ("Spring", "Autumn"):
        page.goto(f"{stack.url}/watchlists")
        page.get_by_role("textbox", name="New watchlist").fill(name)
        page.get_by_role("button", name="Create").click()
    page.goto(stack.url)
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    star = star_of(page, 0)
    star.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("group", name=f"Watchlists with {star.get_attribute('data-of')}")
    autumn, spring = (menu.get_by_role("button", name=name) for name in ("Autumn", "Spring"))
    expect(autumn).to_be_focused()
    expect(autumn).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(spring).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#starred [role=status]")).to_contain_text("to “Spring”.")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(star).to_be_focused()
    # For a channel on two lists, another click offers both lists.
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    for button in (autumn, spring):
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
    expect(star).to_have_attribute("aria-pressed", "false")


def test_stars_stay_when_discover_loads_new_rows(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/discover?sort=-messages")
    star = page.locator("#rows [data-star]").nth(4)
    name = star.get_attribute("data-of")
    star.click()
    starred = page.locator(f'#rows [data-star][data-of="{name}"]')
    expect(starred).to_have_attribute("aria-pressed", "true")
    page.evaluate("document.getElementById('rows').dataset.old = '1'")
    page.mouse.move(5, 5)
    page.locator("#rows:not([data-old])").wait_for(state="attached", timeout=60_000)
    expect(starred).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stack.url}/compare?channels={starred.get_attribute('value')}")
    expect(page.locator("tbody [data-star]")).to_have_attribute("aria-pressed", "true")
    page.locator("tbody [data-star]").click()
    expect(page.locator("tbody [data-star]")).to_have_attribute("aria-pressed", "false")


def test_stars_and_setup_work_without_javascript(page: Page, browser: Browser, stack: Stack) -> None:
    page.goto(f"{stack.url}/account/")
    page.get_by_role("button", name="Start again").click()
    plain = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state()).new_page()
    plain.goto(f"{stack.url}/welcome/3")
    plain.locator("[name=channel]").nth(1).check()
    plain.get_by_label("Find a channel by its name").fill("e")
    plain.keyboard.press("Enter")
    expect(plain.get_by_role("status")).to_contain_text("for “e”")
    expect(plain.locator("[name=channel]:checked")).to_have_count(1)
    plain.get_by_role("button", name="Next").click()
    plain.get_by_label("Watchlist name").fill("Plain")
    plain.get_by_role("button", name="Create watchlist").click()
    plain.get_by_role("button", name="Open my watchlist").click()
    expect(plain.get_by_role("heading", name="Plain")).to_be_visible()
    plain.goto(f"{stack.url}/?board=messages")
    star = plain.locator('#list [data-star][aria-pressed="false"]').first
    name = star.get_attribute("data-of")
    star.click()
    expect(plain.locator(f'#list [data-star][data-of="{name}"]')).to_have_attribute("aria-pressed", "true")
    plain.context.close()


def test_the_setup_leads_to_a_watchlist_with_the_keyboard_only(newcomer: Page, stack: Stack) -> None:
    page = newcomer
    expect(page.get_by_text("1 of 5")).to_be_visible()
    page.get_by_role("button", name="Next").press("Enter")
    page.wait_for_url("**/welcome/2")
    page.get_by_role("button", name="Skip this step").press("Enter")
    page.wait_for_url("**/welcome/3")
    # A user who leaves the setup can return to it.
    page.goto(stack.url)
    page.get_by_role("link", name="Continue").click()
    page.wait_for_url("**/welcome/3")
    for index in (0, 2):
        page.locator("[name=channel]").nth(index).press("Space")
    page.get_by_role("button", name="Next").press("Enter")
    page.get_by_label("Watchlist name").press("Enter")
    page.wait_for_url("**/welcome/5")
    page.get_by_role("button", name="Open my watchlist").press("Enter")
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    expect(page.locator("#cards > li")).to_have_count(2)
    page.goto(stack.url)
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator("#first-visit")).to_have_count(0)


def export(page: Page, menu: Locator, name: str, path: Path) -> Path:
    menu.locator("summary").click()
    with page.expect_download() as download:
        menu.get_by_role("link", name=name).click()
    download.value.save_as(path)
    return path


def rows_in(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))


def test_boards_and_comparisons_and_watchlists_are_exported(page: Page, stack: Stack, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Most Active").click()
    page.get_by_role("group", name="Number of channels").get_by_role("link", name="25").click()
    expect(page.locator("#list [data-star]")).to_have_count(25, timeout=LIVE_MS)
    rows = rows_in(export(page, page.locator("#files"), "All channels as CSV", tmp_path / "board.csv"))
    assert len(rows) >= 25
    assert [row["Rank"] for row in rows] == [str(rank) for rank in range(1, len(rows) + 1)]
    counts = [float(row["Messages (msg / 30 s)"]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["Window end (UTC)"]) for row in rows)

    ids = [row["Channel ID"] for row in rows[:2]]
    page.goto(f"{stack.url}/compare?channels={','.join(ids)}&metric=messages&range=10m")
    menu = page.locator(".take")
    summary = rows_in(export(page, menu, "Side by side as CSV", tmp_path / "summary.csv"))
    assert [row["Channel"] for row in summary] == page.locator("tbody [data-star]").evaluate_all(
        "stars => stars.map((star) => star.dataset.of)"
    )
    menu.locator("summary").click()
    lines = export(page, menu, "Lines as NDJSON", tmp_path / "lines.ndjson").read_text().splitlines()
    assert json.loads(lines[0])["schema"]["end"] == "UTC"
    drawn = {(row["id"], row["end"]): row.get("messages") for row in map(json.loads, lines[1:])}
    assert {channel for channel, _ in drawn} == set(ids)
    # Where the file and the page both have a value, they are the same.
    start = json.loads(str(page.locator("#start").text_content()))
    shared = 0
    for line in start["lines"]:
        for end_ms, value in zip(line["end_ms"], line["metrics"]["messages"]["values"], strict=True):
            end = page.evaluate("(ms) => new Date(ms).toISOString().replace('.000Z', 'Z')", end_ms)
            if (line["id"], end) in drawn:
                assert drawn[line["id"], end] == value
                shared += 1
    assert shared > 2

    for star in page.locator("tbody [data-star]").all():
        star.click()
        expect(star).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stack.url}/watchlists")
    page.get_by_role("link", name="My channels").click()
    now = rows_in(export(page, page.locator(".take"), "Channels now as CSV", tmp_path / "now.csv"))
    assert [row["Channel ID"] for row in now] == ids
    page.reload()
    hour = rows_in(export(page, page.locator(".take"), "The past hour as CSV", tmp_path / "hour.csv"))
    assert {row["Channel ID"] for row in hour} <= set(ids)


@pytest.mark.parametrize("path", ["/", "/discover", "/welcome/1", "/welcome/3", "/welcome/5"])
def test_nothing_is_wider_than_a_phone(newcomer: Page, stack: Stack, path: str) -> None:
    newcomer.set_viewport_size({"width": 380, "height": 800})
    newcomer.goto(f"{stack.url}{path}")
    assert newcomer.evaluate("document.documentElement.scrollWidth") == 380
