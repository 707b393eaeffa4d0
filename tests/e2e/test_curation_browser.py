"""Curation in a real browser: an imported file of decisions, a decided request, an opt-out with its receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from drills.stack import ROOT, Stack, wait_until
from simulator.people import LURKER
from tests.e2e.every_page import ADMIN_PAGES
from tests.e2e.every_visit import WIDE
from tests.e2e.layout import layout_faults
from tests.e2e.test_accessible_browser import NARROW, NARROWEST, OTHER_THEME, TOO_WIDE, violations
from tests.e2e.visitor import make_account, open_admin_site, sign_in

pytestmark = [pytest.mark.server, pytest.mark.browser]
CURATOR, REQUESTER = "curator@example.com", "asker@example.com"
# A decision takes effect within this time, which includes a margin for the browser and this test.
EFFECTIVE_S = 30


@pytest.fixture(scope="module")
def admin(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A curator who signs in once, because a second-factor code is valid only once."""
    page = open_admin_site(browser, stack, CURATOR)
    yield page
    page.context.close()


def decide(page: Page, stack: Stack, *lines: str) -> None:
    """Import lines as a file, after a preview of the changes."""
    page.goto(f"{stack.url}/admin/channels/channel/import/")
    text = "\n".join(("login,decision,reason", *lines)).encode()
    page.get_by_label("CSV file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": text})
    page.get_by_role("button", name="Preview changes").click()
    expect(page.get_by_text("Nothing has been written yet.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Change")).click()
    expect(page.get_by_text("Channels changed:")).to_be_visible()


def covered_logins(stack: Stack) -> dict[str, str]:
    """Return the logins of the fully covered channels, keyed by id."""
    return {
        stream["id"]: stream["login"] for stream in stack.channel_list()["streams"] if stream["id"] in stack.covered()
    }


def test_imported_decisions_are_previewed_and_take_effect_within_half_a_minute(admin: Page, stack: Stack) -> None:
    wait_until(lambda: len(stack.covered()) > 10, 90, "covered channels")
    channel_id, login = sorted(covered_logins(stack).items())[5]
    decide(admin, stack, f"{login},block,law", "nobody_is_called_that,pin,event")
    expect(admin.get_by_text("Invalid lines skipped: 1")).to_be_visible()
    wait_until(lambda: channel_id not in stack.listed_channels(), EFFECTIVE_S, "the block to be on the list")
    decide(admin, stack, f"{login},pin,event")
    wait_until(lambda: channel_id in stack.listed_channels(), EFFECTIVE_S, "the pin to be on the list")
    decide(admin, stack, f"{login},none,")


def decide_request(admin: Page, stack: Stack, kind: str, name: str, choice: str, answer_text: str = "") -> None:
    """As the admin, accept or decline the request of this kind whose link text is `name`."""
    admin.goto(f"{stack.url}/admin/{kind}/")
    admin.get_by_role("link", name=name, exact=True).click()
    admin.get_by_label(choice).check()
    if answer_text:
        admin.get_by_role("textbox", name="Answer").fill(answer_text)
    admin.get_by_role("button", name="Save", exact=True).click()
    if kind == "curation/optoutrequest" and choice == "accept":
        save_again(admin)
    expect(admin.get_by_text("was changed successfully")).to_be_visible()


def save_again(admin: Page) -> None:
    """Confirm the account shown in the form."""
    expect(admin.get_by_text("If this is correct, save again.")).to_be_visible()
    admin.get_by_role("button", name="Save", exact=True).click()


def test_the_requester_of_a_channel_sees_the_decision(admin: Page, browser: Browser, stack: Stack) -> None:
    make_account(stack, REQUESTER)
    page = browser.new_page()
    sign_in(page, stack, email=REQUESTER)
    page.goto(f"{stack.url}/ask")
    page.get_by_label("Channel name or Twitch URL").fill("somebody_else")
    page.get_by_role("button", name="Request it").click()
    page.goto(f"{stack.url}/requests")
    expect(page.get_by_text("pending")).to_be_visible()
    decide_request(admin, stack, "curation/curationrequest", "somebody_else", "decline", "It only plays music.")
    page.reload()
    expect(page.get_by_text("It only plays music.")).to_be_visible()
    page.context.close()


def test_an_anonymous_opt_out_request_gives_the_curator_a_receipt(admin: Page, browser: Browser, stack: Stack) -> None:
    # Not a channel's owner, because the ledger would miss the owner's raids.
    login = LURKER.login
    stranger = browser.new_page()
    stranger.goto(f"{stack.url}/account/login/")
    stranger.get_by_role("link", name="Opt out").click()
    stranger.get_by_label("What should we stop counting?").select_option("my messages in all channels")
    stranger.get_by_label("Name on Twitch").fill(f"@{login.upper()}")
    stranger.get_by_label("How can a curator verify your identity?").fill("It is on my profile.")
    stranger.get_by_role("button", name="Request opt-out").click()
    expect(stranger.get_by_text(f"A curator will check the request for {login}.")).to_be_visible()
    decide_request(admin, stack, "curation/optoutrequest", login, "accept")
    admin.get_by_role("link", name=login, exact=True).click()
    expect(admin.get_by_text("It is on my profile.")).to_have_count(0)
    admin.goto(f"{stack.url}/admin/curation/optout/")
    admin.get_by_role("link", name=login, exact=True).click()
    receipt = admin.get_by_role("link", name=re.compile("Private link for the person")).get_attribute("href")
    stranger.goto(f"{stack.url}{receipt}")
    expect(stranger.get_by_role("heading", name="Opt-out receipt")).to_be_visible()
    expect(stranger.get_by_text(f"The person {login}")).to_be_visible()
    stranger.context.close()


def test_the_receipt_of_an_opt_out_proves_the_deletion(admin: Page, stack: Stack) -> None:
    admin.goto(f"{stack.url}/admin/curation/optout/add/")
    admin.get_by_label("Kind").select_option("channel")
    # An unused id, so that the running instance keeps the channels that the next tests need.
    admin.get_by_label("Twitch ID").fill("888888888")
    admin.get_by_role("button", name="Save", exact=True).click()
    save_again(admin)
    admin.get_by_role("link", name="888888888", exact=True).click()
    admin.get_by_role("link", name=re.compile("Private link for the person")).click()
    expect(admin.get_by_role("heading", name="Opt-out receipt")).to_be_visible()

    def is_proved() -> bool:
        admin.reload()
        return admin.get_by_text("Rows remaining").is_visible()

    # Run the task now instead of waiting for its next scheduled run.
    stack.run_task("publish_opt_outs")
    wait_until(is_proved, 60, "the proof of the deletion")
    expect(admin.get_by_role("rowheader", name="metrics per minute")).to_be_visible()


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_admin_pages_are_accessible_and_have_no_layout_faults(admin: Page, stack: Stack, path: str) -> None:
    admin.goto(f"{stack.url}/admin/{path}")
    admin.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = []
    for width in (WIDE, NARROW):
        admin.set_viewport_size({"width": width, "height": 900})
        found += violations(admin, "light", None) + violations(admin, "dark", OTHER_THEME)
    assert found == []
    admin.set_viewport_size({"width": NARROWEST, "height": 800})
    assert admin.evaluate(TOO_WIDE) <= 0
    assert list(layout_faults(admin, f"/admin/{path}")) == []
    admin.set_viewport_size({"width": WIDE, "height": 900})


def test_the_start_page_leads_from_a_search_to_a_decision_and_its_author(admin: Page, stack: Stack) -> None:
    wait_until(lambda: len(stack.covered()) > 10, 90, "covered channels")
    _, login = sorted(covered_logins(stack).items())[6]
    admin.goto(f"{stack.url}/admin/")
    admin.get_by_label("Channel: login").fill(login)
    admin.keyboard.press("Enter")
    row = admin.locator("#result_list tbody tr").filter(has=admin.get_by_role("link", name=login, exact=True))
    expect(row.get_by_text("Tracked: rank")).to_be_visible()
    row.get_by_role("checkbox").check()
    admin.get_by_label("Action:").select_option("block")
    admin.get_by_role("button", name="Go", exact=True).click()
    admin.get_by_label("Reason").fill("law")
    admin.get_by_role("button", name="Block", exact=True).click()
    expect(admin.get_by_text("Channels changed: 1.")).to_be_visible()
    admin.goto(f"{stack.url}/admin/")
    entry = admin.locator("#decisions tbody tr").first
    for text in (login, "blocked", CURATOR, "law"):
        expect(entry.get_by_text(text).first).to_be_visible()
    decide(admin, stack, f"{login},none,")
