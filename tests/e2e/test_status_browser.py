"""The status page of a running instance for the public and for staff, healthy and with a stopped sink."""

from __future__ import annotations

import uuid

import httpx
import pytest
from playwright.sync_api import Browser, expect
from prometheus_client.parser import text_string_to_metric_families

from core.ops.telemetry import Process, exported_by
from drills.stack import Stack, wait_until
from tests.e2e.visitor import make_account, visit

pytestmark = [pytest.mark.server, pytest.mark.browser]

# The processes with a metrics page, and the offsets of their ports from the web port.
PAGES: dict[Process, int] = {"worker": 12, "producer": 13, "web": 17, "history": 18, "boards": 19, "stream": 20}
# Incidents are detected at the next health check, which a Helix call may delay; the page reloads every 10 s.
SEEN_MS = 120_000


@pytest.mark.parametrize("process", PAGES)
def test_a_process_exports_exactly_the_listed_metrics(stack: Stack, process: Process) -> None:
    url = f"http://127.0.0.1:{stack.port + PAGES[process]}/metrics"
    families = {family.name: family for family in text_string_to_metric_families(httpx.get(url, timeout=10).text)}
    assert families.keys() == exported_by(process)
    assert all(family.documentation for family in families.values())


def test_metrics_are_not_served_with_the_pages(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/metrics").status_code == 404


def test_a_running_instance_is_ready(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/readyz", timeout=10).json() == {"ready": True, "missing": []}


def test_the_public_sees_whether_figures_can_be_trusted(browser: Browser, stack: Stack) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{stack.url}/status")
    expect(page.locator("#stages tbody tr")).to_have_count(7)
    assert page.locator('#stages [data-state="unknown"]').count() == 0
    expect(page.get_by_text("Simulated", exact=True).first).to_be_visible()
    expect(page.locator("#days li")).to_have_count(90)
    expect(page.get_by_text("Lowest coverage, past hour")).to_have_count(0)
    page.close()


def test_staff_see_each_stage_and_an_incident_from_start_to_end(browser: Browser, stack: Stack) -> None:
    email = f"{uuid.uuid4().hex[:12]}@example.com"
    make_account(stack, email)
    staff = f"User.objects.filter(email='{email}').update(is_staff=True)"
    stack.manage("shell", "-c", f"from apps.accounts.models import User; {staff}")
    with visit(browser, stack, "/?board=messages", email=email) as (page, problems):
        page.goto(f"{stack.url}/status")
        expect(page.locator('[data-stage="listening"]')).to_contain_text("channels joined")
        expect(page.get_by_role("heading", name="Lowest coverage, past hour")).to_be_visible()
        expect(page.get_by_role("heading", name="Gaps in the past hour")).to_be_visible()
        stack.stop_process("sink-boards")
        try:
            expect(page.locator('#incidents [data-rule="boards"][data-lasts]')).to_be_visible(timeout=SEEN_MS)
            expect(page.locator("#verdict")).to_have_attribute("data-verdict", "untrusted")
            expect(page.locator('[data-stage="boards"]')).to_have_attribute("data-state", "wrong")
            # The incident is stored in the database, too.
            wait_until(lambda: incidents(stack) == 1, 120, "the incident to be stored")
        finally:
            stack.start_process("sink-boards")
        expect(page.locator('#incidents [data-rule="boards"][data-lasts]')).to_have_count(0, timeout=SEEN_MS)
        wait_until(lambda: incidents(stack) == 0, 120, "the incident to end")
        expect(page.locator('#incidents [data-rule="boards"]').first).to_contain_text("to", timeout=SEEN_MS)
    assert problems == []


def incidents(stack: Stack) -> int:
    """Return the number of stored open incidents for the boards."""
    query = "Incident.objects.filter(rule='boards', ended_ms=None, is_confirmed=True).count()"
    return int(stack.manage("shell", "-c", f"from apps.status.models import Incident; print({query})").split()[-1])
