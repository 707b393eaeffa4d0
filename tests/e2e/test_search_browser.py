"""Search, watchlists, Compare, Discover and exports in Chromium, on the running instance."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack, wait_until
from tests.e2e.visitor import LIVE_MS, make_account, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.fixture(scope="module")
def channel_ids(lasting_channels: list[str]) -> list[str]:
    """The ids of three live channels."""
    return lasting_channels[:3]


@pytest.fixture(scope="module")
def account(stack: Stack) -> str:
    """The email address of an account without watchlists."""
    email = "search@twitchly.example"
    make_account(stack, email)
    return email


@pytest.fixture
def page(browser: Browser, stack: Stack, channel_ids: list[str], account: str) -> Iterator[Page]:
    """A signed-in advertiser on the first of these channels; a script error or a blocked resource fails the test."""
    with visit(browser, stack, f"/?channel={channel_ids[0]}&board=messages", email=account) as (page, problems):
        yield page
    assert problems == []


def test_one_click_adds_a_channel_to_a_live_watchlist(page: Page, stack: Stack, channel_ids: list[str]) -> None:
    for channel_id in channel_ids:
        page.goto(f"{stack.url}/?channel={channel_id}&board=messages")
        star = page.locator("#star [data-star]")
        expect(star).to_have_attribute("aria-pressed", "false")
        star.click()
        expect(star).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Watchlists").first.click()
    page.get_by_role("link", name="My channels").click()
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    expect(page.locator("#cards > li")).to_have_count(3)
    # Figures arrive on the socket, and the last hour comes from history.
    before = page.locator("#cards [data-metric]").all_inner_texts()
    wait_until(lambda: page.locator("#cards [data-metric]").all_inner_texts() != before, 20, "the cards to update")

    first = page.locator("#cards > li").first
    last = page.locator("#cards > li").last
    moved = str(first.get_attribute("data-id"))
    first.get_by_role("button", name=re.compile("down$")).press("Enter")
    expect(page.locator("#cards > li").nth(1)).to_have_attribute("data-id", moved)
    page.locator("#cards > li").nth(1).drag_to(last)
    expect(page.locator("#cards > li").last).to_have_attribute("data-id", moved)
    expect(page.locator("#announcement")).to_have_text("Order saved.")
    page.reload()
    expect(page.locator("#cards > li").last).to_have_attribute("data-id", moved)

    page.get_by_text("Edit list").click()
    page.get_by_role("button", name="Delete list").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#cards > li")).to_have_count(3)


def test_channels_are_compared_by_the_clock_and_by_stream_time(page: Page, channel_ids: list[str]) -> None:
    page.get_by_role("link", name="Compare", exact=True).last.click()
    expect(page).to_have_url(re.compile(rf"/compare\?channels={channel_ids[0]}&metric=messages$"))
    name = page.locator("#offered option").evaluate_all("options => options.at(-1).value")
    page.get_by_label("Add a channel by its name").fill(name)
    page.get_by_role("button", name="Add").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("#chart canvas")).to_be_visible()
    expect(page.locator("#legend [data-value]").first).not_to_have_text("–", timeout=LIVE_MS)
    # Over 24 h, because the streams started hours before the instance began to listen to them.
    page.get_by_role("link", name="24 h").click()
    page.get_by_role("link", name="Stream time").click()
    expect(page.locator("#chart-note")).to_contain_text("starts when the channel’s current or most recent stream")
    page.get_by_role("link", name="Index to 100").click()
    page.locator("#chart").focus()
    page.keyboard.press("End")
    expect(page.locator("#when")).to_contain_text("into the stream")
    page.keyboard.press("Escape")
    expect(page.locator("#when")).to_have_text("Average")


def test_several_metrics_are_compared_in_charts_one_below_the_other(
    page: Page, stack: Stack, channel_ids: list[str], tmp_path: Path
) -> None:
    page.goto(f"{stack.url}/compare?channels={','.join(channel_ids)}&metric=viewers&range=10m&previous=1")
    page.locator("details.choose summary").click()
    for name in ("Messages, msg / 30 s", "Chatters, per 30 s", "Coverage, % of time"):
        page.get_by_label(name, exact=True).check()
    expect(page.get_by_label("Repetition, % repeated", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("metric=viewers&metric=messages&metric=chatters&metric=coverage"))
    charts = page.locator("#charts .chart")
    expect(charts).to_have_count(4)
    expect(charts.locator("canvas")).to_have_count(4)
    lefts = page.locator("#charts .u-over").evaluate_all("plots => plots.map((plot) => plot.offsetLeft)")
    assert len(set(lefts)) == 1, "the charts share their time axis"
    charts.nth(1).focus()
    page.keyboard.press("End")
    expect(page.locator("#when")).to_contain_text("Messages, ")
    page.keyboard.press("Escape")
    expect(page.locator("#when")).to_have_text("Messages, average")
    page.locator(".take summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Chart as PNG").click()
    download.value.save_as(tmp_path / "compare.png")
    assert width_of(tmp_path / "compare.png") == 2_400


def width_of(picture: Path) -> int:
    """Return the width of a PNG."""
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    return int.from_bytes(data[16:20])


def test_pages_are_printed_without_controls(page: Page, stack: Stack, channel_ids: list[str]) -> None:
    compare = f"/compare?channels={','.join(channel_ids)}&metric=viewers,messages&range=10m"
    page.set_viewport_size({"width": 1440, "height": 1000})
    for path in (f"/?channel={channel_ids[0]}&board=messages", compare):
        page.goto(f"{stack.url}{path}")
        expect(page.locator("#chart canvas")).to_be_visible()
        page.emulate_media(media="print", color_scheme="dark")
        page.set_viewport_size({"width": 700, "height": 1000})
        expect(page.locator(".bar")).to_be_hidden()
        assert page.locator("main button:visible").all_inner_texts() == []
        expect(page.locator(".printed")).to_contain_text("Simulated data. Source: Simulated Twitch")
        box = page.locator("#chart canvas").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 700
        surface = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--surface').trim()")
        assert surface == "#ffffff", "paper is light in the dark theme too"
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1440, "height": 1000})


def test_a_filtered_and_sorted_search_can_be_saved_and_exported(page: Page, stack: Stack, tmp_path: Path) -> None:
    page.goto(f"{stack.url}/discover")
    everybody = page.locator("#found tbody tr")
    expect(everybody.first).to_be_visible()
    page.get_by_label("Metric 1").select_option("viewers")
    page.get_by_label("From").first.fill("1000")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Viewers from 1000")).to_be_visible()
    page.get_by_role("link", name="Channel", exact=True).click()
    names = page.locator("#found tbody th a").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    page.locator("details.take summary").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="All results as CSV").click()
    download.value.save_as(tmp_path / "channels.csv")
    rows = list(csv.DictReader((tmp_path / "channels.csv").open(encoding="utf-8-sig", newline="")))
    assert rows
    assert all(float(row["Viewers (viewers)"]) >= 1_000 for row in rows)
    page.get_by_text("Save as segment").click()
    page.get_by_label("Name", exact=True).fill("Over a thousand")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{stack.url}/discover")
    page.get_by_role("link", name="Over a thousand").click()
    expect(page.get_by_text("Viewers from 1000")).to_be_visible()


def test_order_and_figures_are_paused_and_updated_together(page: Page, stack: Stack) -> None:
    url = f"{stack.url}/discover?sort=-messages"
    page.goto(url)
    page.locator("#found tbody tr").nth(3).hover()
    expect(page.locator("#hold")).to_have_text("Updates paused while you use the table")
    held = page.locator("#rows tr").all_inner_texts()
    seen = {page.request.get(f"{url}&rows=1").text()}

    def moved() -> bool:
        seen.add(page.request.get(f"{url}&rows=1").text())
        return len(seen) > 3

    wait_until(moved, 60, "the figures to update")
    assert page.locator("#rows tr").all_inner_texts() == held
    page.mouse.move(5, 5)
    expect(page.locator("#hold")).to_have_text("Updates every 5 s")
    wait_until(lambda: page.locator("#rows tr").all_inner_texts() != held, 20, "the rows to update")
    texts = page.locator("#rows [data-label=Messages]").all_inner_texts()
    messages = [int(text.removeprefix("≥ ").replace(",", "")) for text in texts if text != "–"]
    assert messages == sorted(messages, reverse=True)


def test_a_chart_is_exported_and_shared(page: Page, browser: Browser, stack: Stack, tmp_path: Path) -> None:
    page.locator("#take summary").click()
    for name, head in (("Windows as CSV", "\ufeffWindow end (UTC)"), ("Windows as NDJSON", '{"schema"')):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / "file")
        assert (tmp_path / "file").read_text().startswith(head)
        expect(page.locator("#take [data-status]")).to_have_text("Saved.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Chart as PNG").click()
    download.value.save_as(tmp_path / "chart.png")
    assert width_of(tmp_path / "chart.png") == 2_400

    page.get_by_text("Share", exact=True).click()
    page.get_by_label("Name", exact=True).fill("For the client")
    page.get_by_label("Note for the reader (optional)").fill("The launch")
    page.get_by_label("Password (optional)").fill("open sesame")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_label("Link", exact=True)).to_be_visible()
    url = page.get_by_label("Link", exact=True).input_value()
    stranger = browser.new_context().new_page()
    stranger.goto(url)
    stranger.get_by_label("Password").fill("open sesame")
    stranger.get_by_role("button", name="Open").click()
    expect(stranger.get_by_text("For the client")).to_be_visible()
    expect(stranger.get_by_text("The launch")).to_be_visible()
    expect(stranger.locator("#chart canvas")).to_be_visible()
    expect(stranger.locator("#value")).not_to_have_text("", timeout=LIVE_MS)
    page.get_by_role("link", name="All links").click()
    page.get_by_role("button", name="Revoke").first.click()
    assert stranger.goto(url).status == 404  # type: ignore[union-attr]  # the 404 page of the product
    stranger.context.close()


def test_a_widget_is_live_in_a_frame_on_another_site(page: Page, tmp_path: Path) -> None:
    page.get_by_text("Share", exact=True).click()
    page.get_by_label("Share as").select_option("widget")
    expect(page.get_by_label("Password (optional)")).to_be_hidden()
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_label("Link", exact=True)).to_be_visible()
    snippet = page.get_by_label("Link", exact=True).input_value()
    (tmp_path / "index.html").write_text(f"<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>{snippet}")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path))) as elsewhere:
        Thread(target=elsewhere.serve_forever, daemon=True).start()
        page.goto(f"http://localhost:{elsewhere.server_port}/index.html")
        now = page.frame_locator("iframe").locator("#now")
        expect(now).not_to_have_text("–", timeout=LIVE_MS)
        before = now.inner_text()
        wait_until(lambda: now.inner_text() != before, 20, "the widget to update")
        elsewhere.shutdown()


@pytest.mark.parametrize("path", ["/compare", "/discover", "/watchlists", "/shares"])
def test_nothing_is_wider_than_a_phone(page: Page, stack: Stack, channel_ids: list[str], path: str) -> None:
    page.set_viewport_size({"width": 380, "height": 800})
    page.goto(f"{stack.url}{path}?channels={','.join(channel_ids)}")
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    page.get_by_label("Menu").click()
    expect(page.locator(".nav-menu").get_by_role("link", name="Discover")).to_be_visible()
