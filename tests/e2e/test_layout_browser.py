"""On every page, at four widths and in both themes, texts do not overlap, are not cut and stay in their boxes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import Stack
from tests.e2e.every_page import ADMIN_PAGES, PageCase
from tests.e2e.every_visit import PAGES, open_page
from tests.e2e.layout import layout_faults
from tests.e2e.visitor import LIVE_MS, open_admin_site

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.mark.parametrize("case", PAGES, ids=str)
def test_texts_are_whole_and_apart(
    case: PageCase, visitors: dict[str, Page], paths: dict[str, str], stack: Stack
) -> None:
    page = open_page(case, visitors, paths, stack)
    badge = page.locator("#conn")
    if badge.count():
        expect(badge).to_have_attribute("data-state", "live", timeout=LIVE_MS)
    assert list(layout_faults(page, case.path)) == []


@pytest.fixture(scope="module")
def admin(browser: Browser, stack: Stack) -> Iterator[Page]:
    page = open_admin_site(browser, stack, "designer@example.com")
    yield page
    page.context.close()


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_texts_of_the_admin_site_are_whole_and_apart(admin: Page, stack: Stack, path: str) -> None:
    admin.goto(f"{stack.url}/admin/{path}")
    assert list(layout_faults(admin, f"/admin/{path}")) == []
