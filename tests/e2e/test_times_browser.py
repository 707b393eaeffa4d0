"""Times in the time zone that an account selects, in Chromium set to a zone east of Greenwich."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack, wait_until
from tests.e2e.visitor import LIVE_MS, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A signed-in advertiser in Berlin, whose account is set to UTC afterwards. A script error fails the test."""
    with visit(browser, stack, "/?board=messages", zone="Europe/Berlin") as (page, problems):
        yield page
        choose(page, stack, "UTC")
    assert problems == []


def choose(page: Page, stack: Stack, zone: str) -> None:
    page.goto(f"{stack.url}/account/")
    page.get_by_label(zone, exact=True).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def times(page: Page) -> list[tuple[datetime, str, str]]:
    """Return each time on the page: the timestamp, the text, and the tooltip."""
    rows = page.locator("time[data-utc]").evaluate_all(
        "all => all.map((one) => [one.dateTime, one.textContent, one.title])"
    )
    return [(datetime.fromisoformat(moment), text, hover) for moment, text, hover in rows]


def test_times_are_in_utc_until_local_time_is_selected(page: Page, stack: Stack) -> None:
    expect(page.locator("#legend .when")).to_contain_text("UTC", timeout=LIVE_MS)
    assert all(f"{moment:%H:%M}" in text for moment, text, _ in times(page))
    choose(page, stack, "local time of this browser")
    page.goto(f"{stack.url}/?board=messages")
    zone = datetime.now(BERLIN).tzname()
    expect(page.locator("#legend .when")).to_contain_text(f" {zone}", timeout=LIVE_MS)
    expect(page.locator("[data-clock]")).to_have_text(re.compile(rf"^{datetime.now(BERLIN):%H}:.* {zone}$"))
    wait_until(lambda: bool(times(page)), 60, "a peak")
    for moment, text, hover in times(page):
        assert f"{moment.astimezone(BERLIN):%H:%M:%S}" in text
        assert f"{moment.astimezone(UTC):%H:%M:%S} UTC" in hover
    page.goto(f"{stack.url}/account/sessions/")
    for moment, text, hover in times(page):
        assert f"{moment.astimezone(BERLIN):%H:%M}" in text
        assert hover.endswith("UTC")


def test_status_names_the_local_zone(page: Page, stack: Stack) -> None:
    choose(page, stack, "local time of this browser")
    page.goto(f"{stack.url}/status")
    expect(page.locator(".bars.hour li").last).to_have_attribute(
        "title", re.compile(rf"^{datetime.now(BERLIN):%H}:\d\d (CET|CEST): ")
    )


def test_dates_are_entered_in_the_named_zone(page: Page, stack: Stack) -> None:
    choose(page, stack, "local time of this browser")
    page.goto(f"{stack.url}/?board=messages")
    page.locator("#list a").first.click()
    page.get_by_text("Choose dates").click()
    page.get_by_label("From, Europe/Berlin").fill("2026-01-10T01:30")
    page.get_by_label("Until, Europe/Berlin").fill("2026-07-10T02:30")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("from="))
    query = parse_qs(urlsplit(page.url).query)
    assert (query["from"], query["until"]) == (["2026-01-10T00:30:00Z"], ["2026-07-10T00:30:00Z"])
    expect(page.get_by_label("From, Europe/Berlin")).to_have_value("2026-01-10T01:30")
    page.reload()
    expect(page.get_by_label("Until, Europe/Berlin")).to_have_value("2026-07-10T02:30")


def test_anonymous_visitors_see_utc(page: Page, stack: Stack) -> None:
    choose(page, stack, "local time of this browser")
    assert page.evaluate("document.documentElement.dataset.times") == "local"
    page.context.clear_cookies()
    page.goto(f"{stack.url}/methodology")
    assert page.evaluate("document.documentElement.dataset.times") is None
    page.goto(f"{stack.url}/account/")
    page.get_by_label("Email").fill("demo@twitchly.example")
    page.get_by_label("Password").fill((stack.var / "demo-password").read_text().strip())
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Time zone")).to_be_visible()
