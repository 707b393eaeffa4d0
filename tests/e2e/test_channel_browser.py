"""A channel's page in Chromium, on the running instance: dates, zoom, metrics, notes and streams."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.spans import field_value, iso
from apps.metrics.store import WindowStore
from core.metrics.broadcasts import Broadcast
from core.pipeline.records import WindowRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from drills.stack import Stack
from tests.e2e.visitor import LIVE_MS, expect_query, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.fixture(scope="module")
def past(cassandra: None) -> Iterator[None]:
    """Allow this thread to write history while Playwright's event loop runs in it; no other code runs meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="module")
def channel_id(lasting_channels: list[str], past: None) -> str:
    """A live channel with history: a day of live windows and minutes before this hour, and six days of hours."""
    channel_id = lasting_channels[0]
    store, until_ms = WindowStore(), this_hour() - HOUR_MS
    store.write([window(channel_id, "live", end) for end in range(until_ms - DAY_MS, until_ms + 1, 10_000)], [])
    store.write([window(channel_id, "minute", end) for end in range(until_ms - DAY_MS, until_ms + 1, MINUTE_MS)], [])
    store.write([window(channel_id, "hour", end) for end in range(until_ms - 6 * DAY_MS, until_ms + 1, HOUR_MS)], [])
    return channel_id


@pytest.fixture(scope="module")
def broadcast(channel_id: str) -> Broadcast:
    ended_ms = this_hour() - 3 * HOUR_MS
    windows, ends = WindowStore(), range(ended_ms - 2 * HOUR_MS, ended_ms + 1, 10_000)
    windows.write([distinct(channel_id, end, 90 if end == ended_ms - HOUR_MS else 20) for end in ends], [])
    return BroadcastStore(windows).summarize(channel_id, ended_ms - 2 * HOUR_MS, ended_ms, revision=1)


def this_hour() -> int:
    return time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS


def window(channel_id: str, grain: str, end_ms: int) -> WindowRecord:
    span_ms = {"live": 30_000, "minute": MINUTE_MS, "hour": HOUR_MS}[grain]
    columns = {"messages": 40, "words": 160, "observed_ms": span_ms, "viewers": 500}
    if grain != "live":
        columns |= {"viewers_sum": 500, "viewers_max": 510, "viewer_pulses": 1}
    return WindowRecord(channel_id, grain, end_ms - span_ms, end_ms, columns)  # type: ignore[arg-type]


def distinct(channel_id: str, end_ms: int, chatters: int) -> WindowRecord:
    return WindowRecord(channel_id, "live_distinct", end_ms - 30_000, end_ms, {"chatters": chatters, "texts": 30})


@pytest.fixture
def page(browser: Browser, stack: Stack, channel_id: str) -> Iterator[Page]:
    """A signed-in advertiser on the channel; a script error or a blocked resource fails the test."""
    with visit(browser, stack, f"/?channel={channel_id}&board=messages") as (page, problems):
        yield page
    assert problems == []


def expect_span(page: Page, least_s: float, most_s: float) -> None:
    """Wait until the length of the time span in the URL is between these limits."""
    page.wait_for_url(lambda url: least_s <= span_s(url) <= most_s, timeout=LIVE_MS)


def span_s(url: str) -> float:
    """Return the length of the time span in a URL, or 0 if it has none."""
    query = parse_qs(urlsplit(url).query)
    if not {"from", "until"} <= query.keys():
        return 0
    since, until = (datetime.fromisoformat(query[name][0]) for name in ("from", "until"))
    return (until - since).total_seconds()


def expect_points(page: Page, least: int) -> None:
    page.wait_for_function(
        "least => Number(document.querySelector('#chart').dataset.points) >= least", arg=least, timeout=LIVE_MS
    )


def drag(page: Page, from_share: float, until_share: float) -> None:
    box = page.locator("#chart .u-over").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * from_share, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * until_share, y, steps=4)
    page.mouse.up()


def pick(page: Page, since_ms: int, until_ms: int) -> None:
    if page.locator("#calendar").get_attribute("open") is None:
        page.get_by_text("Choose dates").click()
    page.get_by_label("From, UTC").fill(field_value(since_ms))
    page.get_by_label("Until, UTC").fill(field_value(until_ms))
    page.get_by_role("button", name="Apply").click()


def test_selected_dates_are_charted_and_stay_in_the_url_until_back_to_live_is_clicked(page: Page) -> None:
    until_ms = this_hour() - 2 * HOUR_MS
    pick(page, until_ms - 20 * HOUR_MS, until_ms)
    expect_query(page, "from", iso(until_ms - 20 * HOUR_MS))
    expect_query(page, "until", iso(until_ms))
    expect_points(page, 100)
    expect(page.locator("#ranges [aria-current]")).to_have_count(0)
    points = page.locator("#chart").get_attribute("data-points")
    page.reload()
    expect_points(page, 100)
    assert page.locator("#chart").get_attribute("data-points") == points
    expect(page.locator(".legend .when")).not_to_contain_text("Now")
    page.get_by_role("link", name="Back to live").click()
    expect(page.locator("#ranges [aria-current]")).to_have_text("10 min")
    expect(page.locator(".legend .when")).to_contain_text("Now", timeout=LIVE_MS)
    expect_query(page, "from", None)


def test_a_link_with_invalid_dates_shows_the_error(page: Page, stack: Stack) -> None:
    # A separate page, because the browser reports the status 400 as an error.
    page = page.context.new_page()
    page.goto(f"{stack.url}/?from=2026-01-02T00:00Z&until=2026-01-01T00:00Z")
    expect(page.locator("#conn")).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    expect(page.locator("#dates-wrong")).to_contain_text("must be before")


def test_invalid_dates_show_an_error_and_change_nothing(page: Page) -> None:
    before = page.url
    pick(page, this_hour(), this_hour() - HOUR_MS)
    expect(page.locator("#dates-wrong")).to_contain_text("must be before")
    expect(page.get_by_label("From, UTC")).to_have_attribute("aria-invalid", "true")
    assert page.url == before


def test_a_preset_is_a_link_to_whole_days(page: Page) -> None:
    page.get_by_text("Choose dates").click()
    page.get_by_role("link", name="Yesterday").click()
    expect_span(page, DAY_MS / 1000, DAY_MS / 1000)
    expect(page).to_have_url(re.compile(r"until=[\d-]+T00%3A00%3A00Z"))
    expect(page.get_by_role("link", name="Back to live")).to_be_visible()


def test_dates_and_metrics_can_be_chosen_without_javascript(
    browser: Browser, page: Page, stack: Stack, channel_id: str
) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{stack.url}/?channel={channel_id}&board=messages")
    plain.get_by_label("Metric").select_option("coverage")
    plain.locator("#dates").get_by_role("button", name="Show").click()
    expect(plain.locator("#legend [data-name]")).to_have_text("Coverage")
    until_ms = this_hour() - 2 * HOUR_MS
    plain.get_by_text("Choose dates").click()
    plain.get_by_label("From, UTC").fill(field_value(until_ms - 4 * HOUR_MS))
    plain.get_by_label("Until, UTC").fill(field_value(until_ms))
    plain.get_by_role("button", name="Apply").click()
    expect(plain).to_have_url(re.compile("from="))
    plain.get_by_text("Show as table").click()
    expect(plain.locator("#table tr").nth(5)).to_be_visible()
    expect(plain.get_by_role("link", name="Back to live")).to_be_visible()
    context.close()


def test_selecting_a_span_zooms_to_finer_data_and_escape_zooms_out(page: Page) -> None:
    until_ms = this_hour() - HOUR_MS
    pick(page, until_ms - 8 * DAY_MS, until_ms)
    expect_points(page, 140)
    whole = page.url
    drag(page, 0.9, 0.95)
    expect_span(page, 9 * 3600, 10.5 * 3600)
    expect_points(page, 3_000)
    drag(page, 0.2, 0.6)
    expect_span(page, 3.5 * 3600, 4.5 * 3600)
    page.locator("#chart").focus()
    page.keyboard.press("Escape")
    page.wait_for_url(whole)
    drag(page, 0.2, 0.6)
    page.wait_for_url(lambda url: url != whole)
    page.locator("#chart .u-over").dblclick()
    page.wait_for_url(whole)
    page.go_back()
    assert page.url != whole


def test_dragging_with_shift_pans_by_the_same_distance(page: Page) -> None:
    until_ms = this_hour() - 4 * HOUR_MS
    pick(page, until_ms - 4 * HOUR_MS, until_ms)
    expect_points(page, 200)
    page.keyboard.down("Shift")
    drag(page, 0.25, 0.75)
    page.keyboard.up("Shift")
    page.wait_for_function(f"() => !location.search.includes('{iso(until_ms).replace(':', '%3A')}')")
    moved_ms = until_ms - page.evaluate("() => Date.parse(new URLSearchParams(location.search).get('until'))")
    assert moved_ms == pytest.approx(2 * HOUR_MS, abs=5 * MINUTE_MS)
    expect_span(page, 4 * 3600, 4 * 3600)


def test_buttons_and_keys_zoom_and_pan(page: Page) -> None:
    until_ms = this_hour() - 4 * HOUR_MS
    pick(page, until_ms - 4 * HOUR_MS, until_ms)
    expect_points(page, 200)
    page.get_by_role("button", name="Zoom in").click()
    expect_span(page, 2 * 3600, 2 * 3600)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Earlier")).to_be_focused()
    expect_query(page, "until", iso(until_ms - 2 * HOUR_MS))
    page.keyboard.press("ArrowDown")
    expect_span(page, 4 * 3600, 4 * 3600)
    page.locator("#chart").focus()
    for key, hours in (("+", 2), ("-", 4), ("]", 4)):
        page.keyboard.press(key)
        expect_span(page, hours * 3600, hours * 3600)
    expect_query(page, "until", iso(until_ms + HOUR_MS))
    expect_points(page, 200)


def test_any_metric_can_be_charted_and_a_tab_restores_its_own_metric(page: Page) -> None:
    page.get_by_label("Metric").select_option("coverage")
    expect(page.locator("#legend [data-name]")).to_have_text("Coverage")
    expect(page.locator("#now-name")).to_have_attribute("href", re.compile(r"#coverage$"))
    expect_query(page, "metric", "coverage")
    page.reload()
    expect(page.locator("#metric")).to_have_value("coverage")
    page.get_by_role("tab", name="Spam Rating").click()
    expect(page.locator("#legend [data-name]")).to_have_text("Message length")
    expect_query(page, "metric", None)


def test_a_note_with_its_mark_can_be_edited_and_deleted_and_restored(page: Page) -> None:
    text = "<b>our slot</b>"
    page.locator("#chart").focus()
    page.keyboard.press("End")
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator("#note-list")).to_contain_text(text)
    expect(page.locator("#lines")).to_contain_text(f"Note: {text}")
    page.get_by_text("Show as table").click()
    expect(page.locator("#table")).to_contain_text(f"Note: {text}")
    page.get_by_role("button", name=f"Edit note: {text}").click()
    page.get_by_label("Note", exact=True).fill("moved")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#lines")).to_contain_text("Note: moved")
    kinds = page.get_by_role("group", name="Kinds of events")
    kinds.get_by_role("button", name="Notes").click()
    expect(page.locator("#lines li")).to_have_text([re.compile("Note: moved")])
    kinds.get_by_role("button", name="Raids").press("Enter")
    expect(page.get_by_text("No events of this kind in this range.")).to_be_visible()
    kinds.get_by_role("button", name="All").click()
    page.get_by_role("button", name="Note", exact=True).click()
    expect(page.locator("#note-text")).to_be_focused()
    page.get_by_role("button", name="Delete note: moved").click()
    expect(page.locator("#note-list")).not_to_contain_text("moved")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#note-list")).to_contain_text("moved")
    page.reload()
    expect(page.locator("#lines")).to_contain_text("Note: moved", timeout=LIVE_MS)
    page.get_by_role("button", name="Delete note: moved").click()
    expect(page.get_by_role("button", name="Undo")).to_be_hidden(timeout=15_000)
    expect(page.locator("#no-notes")).to_be_visible()


def test_a_stream_is_listed_and_has_a_page_whose_moments_open_the_chart(
    page: Page, broadcast: Broadcast, tmp_path: Path
) -> None:
    page.reload()
    row = page.locator(f'#stream-rows a[href$="/{broadcast.started_ms}"]')
    row.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("stream of")
    expect(page.get_by_role("img", name=re.compile("Chatters per hour"))).to_have_count(
        1 if broadcast.chatters_by_hour else 0
    )
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Chart as PNG").click()
    download.value.save_as(tmp_path / "stream.png")
    assert int.from_bytes((tmp_path / "stream.png").read_bytes()[16:20]) == 2_400
    (at_ms,) = broadcast.moments
    page.locator("ol.gaps:not(.lines) a").first.click()
    expect(page.locator("#metric")).to_have_value("chatters")
    expect_query(page, "from", iso(at_ms - 10 * MINUTE_MS))
    expect_points(page, 100)


def test_another_channel_shows_its_own_streams_and_percentile(page: Page) -> None:
    row = page.locator("#list > li:not(:has([aria-current]))").first
    row.locator("a").click()
    expect(page.locator("#streams-none, #stream-rows tr").first).to_be_attached()
    expect(page.locator('[data-standing="language"] .d')).to_contain_text("live channels", timeout=LIVE_MS)
    expect(page.locator("#twitch")).to_have_attribute("href", re.compile(r"^https://www\.twitch\.tv/\w+$"))


@pytest.mark.parametrize("width", [380, 390, 760, 1080, 1440])
def test_nothing_scrolls_horizontally(page: Page, broadcast: Broadcast, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.get_by_text("Choose dates").click()
    expect_points(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(re.sub(r"/\?.*", f"/channels/{broadcast.channel_id}/streams/{broadcast.started_ms}", page.url))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(page.url.rpartition("/")[0])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
