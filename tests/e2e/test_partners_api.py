"""The API of a running instance: history, examples, limits, a key's life cycle, and random requests."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from apps.api.description.document import description
from apps.api.description.reference import LANGUAGES, sections
from drills.stack import Stack, wait_until
from tests.api.contract import check_response
from tests.e2e.visitor import visit

pytestmark = pytest.mark.server

_MAKE_KEY = """
from apps.accounts.models import User
from apps.api.keys.services import create_key
from apps.api.models import Membership, Plan
from apps.api.scopes import Scope
owner = User.objects.get(email="demo@twitchly.example")
figures = dict(requests_per_second=2_000, burst=4_000, requests_per_day=10**8, streams=20)
plan, _ = Plan.objects.get_or_create(name="Tests", defaults=figures)
Membership.objects.update_or_create(owner=owner, defaults={"plan": plan})
print(create_key(owner=owner, name="tests", scopes=list(Scope), days=1)[1])
"""


@pytest.fixture(scope="module")
def secret(stack: Stack) -> str:
    return stack.manage("shell", "-v", "0", "-c", _MAKE_KEY).split()[-1]


@pytest.fixture(scope="module")
def api(stack: Stack, secret: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{stack.url}/api/v1/", headers=headers, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def channel(api: httpx.Client) -> str:
    """The most viewed channel, once it has history."""

    def has_history() -> bool:
        rows = fetch(api, "boards/viewers?n=1").json()["rows"]
        return bool(rows) and len(fetch(api, f"channels/{rows[0]['channel_id']}/series").json()["points"]["end"]) > 2

    wait_until(has_history, 120, "history of the most viewed channel")
    return str(fetch(api, "boards/viewers?n=1").json()["rows"][0]["channel_id"])


def fetch(api: httpx.Client, path: str, method: str = "GET") -> httpx.Response:
    """Send a request and validate the response against the description."""
    response = api.request(method, path)
    check_response(method, f"/api/v1/{path}", response)
    return response


@pytest.mark.parametrize("grain", ["live", "minute", "hour"])
def test_a_series_has_columns_of_the_same_length(api: httpx.Client, channel: str, grain: str) -> None:
    series = fetch(api, f"channels/{channel}/series?range=1h&grain={grain}&metrics=viewers,messages,chatters").json()
    lengths = {len(series["points"]["end"]), len(series["points"]["coverage"])}
    lengths |= {len(column) for column in series["points"]["values"].values()}
    assert len(lengths) == 1
    assert series["grain"] == grain
    assert series["is_lower_bound"] == (series["coverage_on_air"] is None or series["coverage_on_air"] < 0.9995)


def test_a_series_is_available_as_a_table_and_past_ranges_are_cached(api: httpx.Client, channel: str) -> None:
    table = fetch(api, f"channels/{channel}/series.csv?range=10m")
    assert table.text.startswith("\ufeffend (UTC),coverage,viewers (viewers),messages (msg / 30 s)")
    past = f"channels/{channel}/series?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    first = fetch(api, past)
    assert first.headers["Cache-Control"] == "private, max-age=60"
    again = api.get(past, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("query", ["range=24h", "range=7d", "range=90d&metrics=viewers", "range=1h"])
def test_the_etag_of_a_range_up_to_now_changes_only_if_its_windows_change(
    api: httpx.Client, channel: str, query: str
) -> None:
    path = f"channels/{channel}/series?{query}"

    def is_stable() -> bool:
        """Send two requests in a row; only a window that arrives in between may change the ETag."""
        first = fetch(api, path)
        again = api.get(path, headers={"If-None-Match": first.headers["ETag"]})
        quotas = [response.headers["RateLimit"].split(", ")[1].split(";t=")[0] for response in (first, again)]
        return again.status_code == 304 and quotas[0] == quotas[1]

    wait_until(is_stable, 20, "a cheap 304 response")
    assert fetch(api, f"channels/{channel}/events?range=90d").status_code == 200


def test_events_are_paginated_in_chronological_order(api: httpx.Client, channel: str) -> None:
    events, cursor = [], ""
    for _ in range(50):
        page = fetch(api, f"channels/{channel}/events?range=1h&limit=2{cursor}").json()
        events += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert "gap" in {event["kind"] for event in events}
    times = [event["at"] for event in events]
    assert times == sorted(times)
    assert len({event["id"] for event in events}) == len(events)


def test_ended_streams_are_listed(api: httpx.Client, channel: str) -> None:
    assert fetch(api, f"channels/{channel}/streams").status_code == 200
    assert fetch(api, f"channels/{channel}/streams/1700000000001").status_code == 404


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_read_only_example_runs_unchanged(
    stack: Stack, secret: str, channel: str, language: str, tmp_path: Path
) -> None:
    operations = [operation for section in sections(stack.url, language) for operation in section.operations]
    # There is no watchlist or segment yet, no broadcast has ended, and `stream_live` responds without end.
    excluded = {"get_watchlist", "get_segment", "get_stream", "stream_live"}
    reading = [operation for operation in operations if operation.method == "GET" and operation.id not in excluded]
    for operation in reading:
        output = run_example(operation.example.replace("CHANNEL", channel), language, secret, tmp_path)
        assert json.loads(output), operation.id
    assert len(reading) >= 12


def test_the_tutorial_ends_with_a_plot(stack: Stack, secret: str, channel: str, tmp_path: Path) -> None:
    text = Path("docs/partners.md").read_text()
    (tmp_path / "plot.py").write_text(textwrap.dedent(indented_block(text, "    import os\n")))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "TWITCHLY_KEY": secret, "TWITCHLY": f"{stack.url}/api/v1", "MPLBACKEND": "agg", "PATH": path}
    generate = next(line for line in text.splitlines() if "openapi-python-client generate" in line)
    subprocess.run(generate, shell=True, env=env, cwd=tmp_path, check=True, timeout=60)
    subprocess.run([sys.executable, "plot.py"], env=env, cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "series.png").stat().st_size > 10_000


def indented_block(text: str, first: str) -> str:
    """Return the indented lines from `first` up to the next line of prose."""
    lines = text[text.index(first) :].splitlines(keepends=True)
    return "".join(itertools.takewhile(lambda line: line.startswith(("    ", "\n")), lines))


def run_example(text: str, language: str, secret: str, folder: Path) -> str:
    program = folder / {"curl": "example.sh", "python": "example.py", "javascript": "example.mjs"}[language]
    program.write_text(text)
    command = {"curl": "sh", "python": sys.executable, "javascript": "node"}[language]
    env = {**os.environ, "TWITCHLY_KEY": secret}
    done = subprocess.run([command, str(program)], env=env, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def test_events_are_streamed_over_http(stack: Stack, api: httpx.Client) -> None:
    with api.stream("GET", "live?boards=viewers&n=10") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert "content-encoding" not in response.headers
        frames = []
        for line in response.iter_lines():
            frames += [json.loads(line[6:])] if line.startswith("data: ") else []
            if len(frames) == 3:
                break
    assert [(frame["type"], frame["seq"]) for frame in frames] == [("snapshot", 1), ("push", 2), ("push", 3)]


def test_addresses_in_headers_are_not_trusted(stack: Stack) -> None:
    """Guesses are counted per IP address of the connection; after Retry-After, that address may send requests again."""
    key = "twitchly_0000000000000000000000000000002c8gJs"

    def guess(number: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": f"203.0.113.{number}"}
        return httpx.get(f"{stack.url}/api/v1/boards", headers=headers)

    responses = [guess(number) for number in range(25)]
    assert {response.json()["code"] for response in responses[20:]} == {"too-many-guesses"}
    time.sleep(int(responses[-1].headers["Retry-After"]))
    assert guess(25).json()["code"] == "unknown-key"


@pytest.mark.browser
def test_a_created_key_works_until_it_is_revoked(browser: Browser, stack: Stack) -> None:
    with visit(browser, stack, "/") as (page, problems):
        page.goto(f"{stack.url}/account/keys/")
        confirm_password(page, stack)
        page.get_by_label("Name").fill("From the page")
        page.get_by_role("checkbox", name="Live values, pushed").check()
        page.get_by_role("button", name="Create key").click()
        secret = page.get_by_label("Key", exact=True).input_value()
        headers = {"Authorization": f"Bearer {secret}"}
        assert httpx.get(f"{stack.url}/api/v1/boards/viewers", headers=headers).status_code == 200
        with httpx.stream("GET", f"{stack.url}/api/v1/live?boards=viewers", headers=headers, timeout=10) as response:
            lines = response.iter_lines()
            next(line for line in lines if line.startswith("data: "))
            page.get_by_role("row", name="From the page").get_by_role("button", name="Revoke").click()
            expect(page.get_by_text("was revoked")).to_be_visible()
            last = [line for line in lines if line.startswith("data: ")][-1]
            assert json.loads(last[6:])["code"] == "revoked-key"
        assert httpx.get(f"{stack.url}/api/v1/boards/viewers", headers=headers).json()["code"] == "revoked-key"
        wait_until(lambda: has_usage(page, stack), 15, "the requests on the usage page")
        assert problems == []


def confirm_password(page: Page, stack: Stack) -> None:
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill((stack.var / "demo-password").read_text().strip())
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/account/keys/")


def has_usage(page: Page, stack: Stack) -> bool:
    page.goto(f"{stack.url}/account/usage/")
    return page.locator("#plot canvas").count() == 1


def test_responses_to_random_requests_match_the_description(stack: Stack, secret: str, tmp_path: Path) -> None:
    """Schemathesis sends random requests within bounds, except to the event stream, which never ends.

    It does not check that all data matching the schemas is accepted, because schemas can express neither the order of
    two times nor which cursors exist.
    """
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{stack.url}/api/v1/openapi.json"]
    options = [
        *("-H", f"Authorization: Bearer {secret}", "--exclude-path", "/api/v1/live"),
        *("--exclude-checks", "positive_data_acceptance", "--generation-database", "none"),
        *("--max-examples", "25", "--seed", "1", "--no-color", "--request-timeout", "10"),
    ]
    result = subprocess.run([*command, *options], capture_output=True, text=True, cwd=tmp_path, timeout=420)
    print(result.stdout[-3_000:])
    assert result.returncode == 0, result.stdout
    assert f"Tested: {sum(map(len, description()['paths'].values())) - 1}" in result.stdout
