"""Units in exports and on pages match the windows whose values are shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.dashboard.exports.tables import hour_columns
from apps.metrics import queries
from apps.metrics.spans import iso
from core.times import HOUR_MS
from tests.dashboard.conftest import EMAIL, Boards, content_of
from tests.dashboard.page_script import run_program
from tests.dashboard.reference_history import FROM_MS, UNTIL_MS, ReferenceStore
from tests.dashboard.test_shares import SHARED_TILES, shared
from tests.page_services import page_services
from tests.pages import read_page


@pytest.fixture
def history(boards: Boards, signed_in: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    page_services.reset()
    cache.clear()
    settings.CASSANDRA_HOSTS = ["reference"]
    monkeypatch.setattr(queries, "WindowStore", ReferenceStore)
    return signed_in


def units_in(history: Client, path: str, from_ms: int = FROM_MS) -> dict[str, str]:
    """Return the units in an export of a span, by column."""
    text = content_of(history.get(f"{path}&from={iso(from_ms)}&until={iso(UNTIL_MS)}"))
    units: dict[str, str] = json.loads(text.splitlines()[0])["schema"]
    return units


@pytest.mark.parametrize(
    ("interval", "unit"),
    [("10s", "chatters / 30 s"), ("30s", "chatters / 30 s"), ("1m", "chatters / min"), ("1h", "chatters / h")],
)
def test_the_unit_of_chatters_in_an_export_matches_its_windows(history: Client, interval: str, unit: str) -> None:
    units = units_in(history, f"/channels/1/windows.ndjson?interval={interval}")
    assert (units["chatters"], units["messages"], units["viewers"]) == (unit, "msg / 30 s", "viewers")


@pytest.mark.parametrize(("hours", "unit"), [(1, "chatters / 30 s"), (2, "chatters / min")])
def test_compared_lines_have_the_unit_of_their_windows(history: Client, hours: int, unit: str) -> None:
    from_ms = UNTIL_MS - hours * HOUR_MS
    query = "?channels=1&metric=chatters"
    assert units_in(history, f"/compare/lines.ndjson{query}", from_ms)["chatters"] == unit
    page = history.get(f"/compare/lines{query}&from={iso(from_ms)}&until={iso(UNTIL_MS)}").json()
    assert page["units"] == {"chatters": unit}


def test_the_past_hour_of_a_watchlist_has_units_per_minute() -> None:
    assert {column.name: column.unit for column in hour_columns("chatters")}["chatters"] == "chatters / min"


def test_a_shared_chart_names_the_unit_of_its_points(history: Client, tmp_path: Path) -> None:
    token = shared(User.objects.get(email=EMAIL), query="channel=1&metric=chatters&range=7d")
    page = read_page(Client().get(f"/s/{token}"))
    start = json.loads(re.findall(r'<script id="start" type="application/json">(.*?)</script>', page)[0])
    responses = {"history": Client().get(start["series_url"]).json(), "channel": None}
    program = SHARED_TILES.replace("elements.now.textContent, elements.peak.textContent", "elements.value.textContent")
    given = {"ids": re.findall(r'id="([a-z-]+)"', page), "start": start} | responses
    (text,) = run_program(tmp_path, program, given)
    assert re.fullmatch(r"≥ \d+ chatters / h", text)


def test_a_shared_comparison_names_the_unit_of_its_points(history: Client) -> None:
    query = "channels=1&metric=chatters&range=6h"
    page = read_page(Client().get(f"/s/{shared(User.objects.get(email=EMAIL), view='compare', query=query)}"))
    assert "<h2>Chatters, per min</h2>" in page
