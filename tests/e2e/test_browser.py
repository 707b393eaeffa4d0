"""The board in Chromium, on the running instance."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from core.pipeline.records import event_record
from core.proof.comparison import EVENT_OF_NOTICE
from core.proof.event_sums import SUM_KINDS
from drills.stack import Stack
from tests.e2e.visitor import LIVE_MS, expect_query, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A signed-in advertiser on the board; a script error or a blocked resource fails the test."""
    with visit(browser, stack, "/", height=900) as (page, problems):
        yield page
    # A killed web process refuses connections for a while, which Chromium reports.
    assert [problem for problem in problems if "net::ERR_" not in problem and "WebSocket" not in problem] == []


def values(page: Page) -> list[str]:
    return page.locator("#list .row-value").all_inner_texts()


def test_an_advertiser_sees_the_board_change(page: Page) -> None:
    expect(page.locator("#list > li")).to_have_count(10)
    page.get_by_role("tab", name="Most Active").click()
    expect(page.locator("#unit")).to_have_text("msg / 30 s")
    before = values(page)
    page.wait_for_function(
        "before => JSON.stringify([...document.querySelectorAll('#list .row-value')].map(e => e.innerText)) !== before",
        arg=str(before).replace("'", '"').replace(", ", ","),
        timeout=LIVE_MS,
    )


@pytest.mark.parametrize(
    ("tab", "key"), [("Most Engaged", "engagement"), ("Spam Rating", "spam"), ("Most Active", "messages")]
)
def test_each_tab_is_a_board_with_its_own_url(page: Page, tab: str, key: str) -> None:
    page.get_by_role("tab", name=tab).click()
    expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#list > li")).to_have_count(10, timeout=LIVE_MS)
    expect_query(page, "board", key)
    page.reload()
    expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("size", [25, 100])
def test_a_board_can_show_more_rows(page: Page, size: int) -> None:
    page.locator("#sizes").get_by_role("link", name=f"Top {size}", exact=True).click()
    page.wait_for_function("() => document.querySelectorAll('#list > li .channel-name').length > 20", timeout=LIVE_MS)
    assert page.locator("#list > li").count() <= size
    expect_query(page, "size", str(size))
    page.reload()
    expect(page.locator("#sizes [aria-current]")).to_have_text(f"Top {size}")
    page.locator("#sizes").get_by_role("link", name="Top 10", exact=True).click()
    expect(page.locator("#list > li")).to_have_count(10, timeout=LIVE_MS)


def test_filters_select_the_ranked_channels_and_are_in_the_url(page: Page) -> None:
    chosen = page.get_by_label("Category").locator("option").nth(1).inner_text().strip()
    page.get_by_label("Category").select_option(label=chosen)
    page.wait_for_function(
        "chosen => [...document.querySelectorAll('#list .cat')].map(e => e.textContent.split(' · ')[0])"
        ".every((one, _, all) => one === chosen && all.length)",
        arg=chosen,
        timeout=LIVE_MS,
    )
    expect_query(page, "category", chosen)
    page.get_by_label("Size, by viewers").select_option(label="100,000 or more viewers")
    expect(page.locator("#board-none")).to_be_visible(timeout=LIVE_MS)
    page.go_back()
    expect(page.get_by_label("Size, by viewers")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Category")).to_have_value(chosen)
    page.get_by_label("Size, by viewers").select_option(label="100,000 or more viewers")
    page.get_by_role("link", name="Show all channels").click()
    expect(page.locator("#list > li")).to_have_count(10, timeout=LIVE_MS)
    expect(page.get_by_label("Category")).to_have_value("")


def test_a_channel_is_found_with_the_keyboard_only(page: Page) -> None:
    name = page.locator("#list .channel-name").nth(6).inner_text()
    page.keyboard.press("/")
    expect(page.get_by_label("Find a channel")).to_be_focused()
    page.keyboard.type(name[:-1].lower())
    offered = page.get_by_role("listbox", name="Channels found").get_by_role("option")
    match = offered.filter(has=page.get_by_text(name, exact=True))
    expect(match).to_contain_text("Rank", timeout=LIVE_MS)
    for _ in range(offered.locator("b").all_inner_texts().index(name)):
        page.keyboard.press("ArrowDown")
    expect(match).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(offered).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("nobody has this name")
    expect(page.locator("#find")).to_contain_text("No tracked channel")
    page.keyboard.press("Escape")
    expect(page.locator("#find")).not_to_contain_text("No tracked channel")


def test_arrow_keys_move_through_the_rows(page: Page) -> None:
    page.locator("#tabs [role=tab]").first.focus()
    page.locator("#list a").first.focus()
    for key, rank in (("ArrowDown", 2), ("ArrowDown", 3), ("ArrowUp", 2), ("End", 10), ("Home", 1), ("ArrowUp", 1)):
        page.keyboard.press(key)
        expect(page.locator("#list a:focus .rank")).to_have_text(str(rank))
    expect(page.locator("#hold")).to_have_text("Sorting paused while you hover")
    page.keyboard.press("ArrowDown")
    name = page.locator("#list a:focus .channel-name").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_row_shows_a_sparkline_of_its_last_minutes(page: Page) -> None:
    page.get_by_role("tab", name="Most Active").click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('#list .spark path')]"
        ".some(e => (e.getAttribute('d') ?? '').includes('L'))",
        timeout=60_000,
    )


def hide(page: Page, hidden: bool) -> None:
    """Make the page treat its tab as hidden or visible."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


UNCHANGED_FOR_3_S = """() => {
    const text = document.querySelector("#list").innerText;
    if (window.listText !== text) [window.listText, window.changedMs] = [text, performance.now()];
    return performance.now() - window.changedMs >= 3_000;
}"""


def test_a_hidden_page_pauses_and_resumes_with_a_fresh_snapshot(page: Page) -> None:
    # Viewers change once a minute; this board changes every second.
    page.get_by_role("tab", name="Most Active").click()
    expect(page.locator("#list .channel-name").first).to_be_visible()
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: frames.append(str(text))))
    hide(page, True)
    # The last frame before the pause may still be drawn.
    page.wait_for_function(UNCHANGED_FOR_3_S, timeout=LIVE_MS)
    before = page.locator("#list").inner_text()
    assert frames == []
    hide(page, False)
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    page.wait_for_function(
        "before => document.querySelector('#list').innerText !== before", arg=before, timeout=LIVE_MS
    )
    first: dict[str, tuple[str, int]] = {}
    for frame in map(json.loads, frames):
        first.setdefault(frame["id"], (frame["type"], frame["seq"]))
    assert set(first.values()) == {("snapshot", 1)}


def test_updates_cause_no_layout_shift(page: Page) -> None:
    # A chosen channel stays open when the board changes; another channel may need a different height.
    page.locator("#list > li").first.locator("a").click()
    expect(page).to_have_url(re.compile("channel="))
    expect(page.locator("#chart canvas")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "() => { window.shift = 0; new PerformanceObserver(list => list.getEntries()"
        ".forEach(one => window.shift += one.value)).observe({ type: 'layout-shift' }); }"
    )
    for tab in ("Most Active", "Spam Rating"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(3_000)
    assert page.evaluate("window.shift") < 0.01


def test_an_untracked_channel_can_be_requested(page: Page, stack: Stack) -> None:
    # A separate page, because the browser reports the missing page as an error.
    page = page.context.new_page()
    page.goto(f"{stack.url}/?channel=404404404")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_label("Channel name or Twitch URL").fill("Somebody_New")
    page.get_by_label("Reason (optional, for the curators)").fill("<b>They grow</b>")
    page.get_by_role("button", name="Request it").click()
    expect(page.get_by_role("status").filter(has_text="somebody_new")).to_be_visible()
    expect(page.locator("main")).to_contain_text("<b>They grow</b>")


def test_arrow_keys_move_through_the_tabs_of_both_tab_rows(page: Page) -> None:
    tabs = page.get_by_role("tablist").get_by_role("tab")
    keys = [tab.get_attribute("data-board") for tab in tabs.all()]
    tabs.first.focus()
    for index in [*range(1, len(keys)), 0]:
        page.keyboard.press("ArrowRight")
        expect(tabs.nth(index)).to_be_focused()
        expect(tabs.nth(index)).to_have_attribute("aria-selected", "true")
        expect(page.locator(".defn:visible")).to_have_attribute("data-board", keys[index] or "")
    for key, index in (("ArrowLeft", -1), ("ArrowLeft", -2), ("Home", 0), ("End", -1)):
        page.keyboard.press(key)
        expect(tabs.nth(index)).to_be_focused()
    expect_query(page, "board", keys[-1])
    assert [tab.get_attribute("tabindex") for tab in tabs.all()] == ["-1"] * (len(keys) - 1) + ["0"]


@pytest.mark.parametrize("width", [390, 1440])
def test_switching_boards_causes_no_layout_shift(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    tops = set()
    for tab in page.get_by_role("tab").all():
        tab.click()
        tops.add(page.evaluate("document.querySelector('.board-head').offsetTop"))
    assert len(tops) == 1


def test_a_channel_opens_its_chart_which_gains_points(page: Page) -> None:
    page.get_by_role("tab", name="Most Active").click()
    row = page.locator("#list > li").nth(2)
    name = row.locator(".channel-name").inner_text()
    row.locator("a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.locator("#ranges").get_by_text("1 h").click()
    expect(page).to_have_url(re.compile(r"range=1h"))
    expect(page.locator("#chart canvas")).to_be_visible()
    page.get_by_text("Show as table").click()
    expect(page.locator("#table tr").first).to_be_visible()
    newest = page.locator("#table tr time").first
    before = newest.inner_text()
    expect(newest).not_to_have_text(before, timeout=LIVE_MS)


def write_event(stack: Stack, channel_id: str, kind: str, **fields: Any) -> None:
    """Write an event for a channel; its kind must be one that the ledger check ignores."""
    assert kind not in SUM_KINDS | set(EVENT_OF_NOTICE.values())
    at_ms = int(time.time() * 1000)
    record = event_record(event_id=str(uuid.uuid4()), kind=kind, channel_id=channel_id, at_ms=at_ms, **fields)
    stack.produce("channel-events", json.dumps(record).encode())


def test_new_events_are_marked_on_the_open_chart_without_a_reload(page: Page, stack: Stack) -> None:
    channel_id = page.locator("#list > li").first.get_attribute("data-id") or ""
    page.locator("#list > li").first.locator("a").click()
    expect(page.locator("#chart canvas")).to_be_visible()
    page.get_by_text("Show as table").click()
    hostile = "<img src=x onerror=alert(1)> opening study"
    write_event(stack, channel_id, "category", text="Endgames")
    write_event(stack, channel_id, "title", text=hostile)
    write_event(stack, channel_id, "bits_badges", count=12)
    for label in ("Category: Endgames", f"Title: {hostile}", "Bits badges: 12"):
        expect(page.locator("#lines")).to_contain_text(label, timeout=LIVE_MS)
    expect(page.locator("#table")).to_contain_text("Category: Endgames")
    expect(page.locator("#table")).not_to_contain_text("Bits badges")
    page.locator("#chart").focus()
    page.keyboard.press("Shift+M")
    expect(page.locator("[data-marks]")).to_contain_text("Category: Endgames")
    page.keyboard.press("Escape")
    expect(page.locator("[data-marks]")).to_have_text("")


def test_hovering_over_a_mark_shows_its_event(page: Page, stack: Stack) -> None:
    channel_id = page.locator("#list > li").nth(1).get_attribute("data-id") or ""
    page.locator("#list > li").nth(1).locator("a").click()
    # A one-hour chart moves one pixel in four seconds, so the mark stays under the pointer.
    page.locator("#ranges").get_by_text("1 h").click()
    write_event(stack, channel_id, "category", text="Opening study")
    expect(page.locator("#lines")).to_contain_text("Category: Opening study", timeout=LIVE_MS)
    chart = page.locator("#chart").bounding_box()
    plot = page.locator("#chart .u-over").bounding_box()
    assert chart is not None
    assert plot is not None
    # The chart ends with the newest window, so the mark appears a moment later, possibly grouped with others.
    for from_edge in range(120):
        page.mouse.move(plot["x"] + plot["width"] - from_edge % 40, chart["y"] + 30)
        if "Category: Opening study" in page.locator("[data-marks]").inner_text():
            break
        page.wait_for_timeout(100)
    expect(page.locator("[data-marks]")).to_contain_text("Category: Opening study")
    page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] / 2)
    expect(page.locator("[data-marks]")).not_to_contain_text("Category: Opening study")


def test_a_url_restores_the_tab_and_channel_and_range(page: Page, stack: Stack) -> None:
    page.get_by_role("tab", name="Spam Rating").click()
    page.locator("#list > li").nth(1).locator("a").click()
    page.locator("#ranges").get_by_text("24 h").click()
    name, url = page.get_by_role("heading", level=1).inner_text(), page.url
    page.goto(stack.url)
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("tab", name="Spam Rating")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#ranges [aria-current]")).to_have_text("24 h")


def test_the_first_channel_of_a_board_is_in_the_url(page: Page, stack: Stack) -> None:
    heading = page.get_by_role("heading", level=1)
    page.goto(f"{stack.url}/?board=removals")
    expect(page).to_have_url(re.compile(r"channel=\d+$"))
    name = heading.inner_text()
    page.reload()
    expect(heading).to_have_text(name)
    page.goto(f"{stack.url}/?board=viewers")
    expect(page).to_have_url(re.compile("channel="))
    page.go_back()
    expect(heading).to_have_text(name)
    # A channel that the user did not choose gives way to the first channel of another board.
    page.goto(f"{stack.url}/?board=viewers")
    page.get_by_role("tab", name="Most Active").click()
    expect_query(page, "board", "messages")
    expect(page.locator("#list [aria-current]")).to_have_count(1, timeout=LIVE_MS)
    expect(page).to_have_url(re.compile("channel="), timeout=LIVE_MS)


def test_the_board_works_without_javascript(browser: Browser, page: Page, stack: Stack) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{stack.url}/?board=messages")
    expect(plain.locator("#list > li")).to_have_count(10)
    plain.get_by_role("tab", name="Spam Rating").click()
    expect(plain.locator("#unit")).to_have_text("words / msg")
    plain.locator("#sizes").get_by_role("link", name="Top 25", exact=True).click()
    expect(plain.locator("#list > li").nth(20)).to_be_visible()
    name = plain.locator("#list .channel-name").first.inner_text()
    plain.get_by_label("Find a channel").fill(name)
    plain.keyboard.press("Enter")
    plain.locator(".finds").get_by_role("link").filter(has_text=name).first.click()
    expect(plain.get_by_role("heading", level=1)).to_have_text(name)
    context.close()


def test_a_figure_links_to_its_methodology(page: Page) -> None:
    page.get_by_role("tab", name="Repetition").click()
    expect(page.locator("#now-name")).to_have_attribute("href", re.compile(r"/methodology#repetition$"))
    page.locator("#definitions").get_by_role("link", name="Methodology: Repetition").click()
    expect(page).to_have_url(re.compile(r"/methodology#repetition$"))
    expect(page.locator(".metric:target").get_by_role("heading", name="Repetition")).to_be_in_viewport()


@pytest.mark.parametrize("width", [380, 390, 1440])
def test_the_methodology_is_public(browser: Browser, stack: Stack, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(f"{stack.url}/methodology#excitement")
    expect(page.get_by_role("heading", name="Excitement")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_the_page_reconnects_after_the_web_process_was_killed(page: Page, stack: Stack) -> None:
    stack.kill("web")
    expect(page.locator("#conn")).to_have_attribute("data-state", "reconnecting", timeout=LIVE_MS)
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=60_000)


@pytest.mark.parametrize("width", [380, 390, 760, 1080, 1440])
def test_nothing_scrolls_horizontally(page: Page, width: int) -> None:
    # Until the chart has resized too, the plot and the tape are as wide as the old page.
    page.locator(".uplot, #tape").evaluate_all("all => all.forEach(({ style }) => (style.minWidth = '2000px'))")
    page.set_viewport_size({"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
