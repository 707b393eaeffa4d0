"""Excitement is available for 48 h: pages, charts and exports show none for older ranges, even if rows are stored."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.dashboard.channel import context
from apps.dashboard.compare.comparison import COMPARED
from apps.dashboard.shares import links
from apps.dashboard.summary import EXCITEMENT_RANGES
from apps.metrics import queries
from apps.metrics.spans import iso
from core.times import HOUR_MS
from tests.dashboard.conftest import EMAIL, Boards, content_of
from tests.dashboard.endless_history import EndlessStore
from tests.page_services import page_services
from tests.pages import read_page

# The age of a range in hours, and whether excitement is defined in it.
AGES = pytest.mark.parametrize(("age_h", "is_defined"), [(2, True), (47, True), (49, False), (24 * 80, False)])


@pytest.fixture
def history(boards: Boards, signed_in: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    settings.CASSANDRA_HOSTS = ["endless"]
    monkeypatch.setattr(queries, "WindowStore", EndlessStore)
    # The list of broadcasts below the chart comes from another table.
    monkeypatch.setattr(context, "read_streams", lambda _channel_id: None)
    return signed_in


def span(boards: Boards, age_h: int) -> str:
    """Return the query parameters of the hour that began `age_h` hours ago."""
    from_ms = boards.end_ms - age_h * HOUR_MS
    return f"from={iso(from_ms)}&until={iso(from_ms + HOUR_MS)}"


def tile(page: str, element_id: str) -> str:
    (text,) = re.findall(rf'id="{element_id}"[^>]*>([^<]*)<', page)
    return str(text)


@AGES
def test_tiles_show_excitement_only_where_it_is_defined(
    boards: Boards, history: Client, age_h: int, is_defined: bool
) -> None:
    page = read_page(history.get(f"/?board=excitement&channel=1&{span(boards, age_h)}"))
    tiles = tile(page, "peak"), tile(page, "average")
    assert tiles == (("17.9", "0.3") if is_defined else ("–", "–"))


@pytest.mark.parametrize(("hours", "is_summarized"), [(6, True), (7, False), (24, False)])
def test_the_tiles_of_a_longer_range_explain_why_they_are_empty(
    boards: Boards, history: Client, hours: int, is_summarized: bool
) -> None:
    query = f"from={iso(boards.end_ms - hours * HOUR_MS)}&until={iso(boards.end_ms)}"
    page = read_page(history.get(f"/?board=excitement&channel=1&{query}"))
    tiles = tile(page, "peak"), tile(page, "average")
    assert tiles == (("17.9", "0.3") if is_summarized else ("–", "–"))
    assert (EXCITEMENT_RANGES in page) == (not is_summarized)
    # The line of the chart does not depend on the length of the range.
    series = history.get(f"/channels/1/series?metric=excitement&{query}").json()
    assert {value and round(value, 1) for value in series["values"]["excitement"]} == {0, 17.9}


@AGES
def test_tiles_of_a_shared_page_show_excitement_only_where_it_is_defined(
    boards: Boards, history: Client, age_h: int, is_defined: bool
) -> None:
    page_services.reset()
    query = f"channel=1&board=excitement&{span(boards, age_h)}"
    link = links.create_link(
        owner=User.objects.get(email=EMAIL), kind="page", view="channel", title="Alpha", query=query
    )
    page = read_page(Client().get(f"/s/{links.token_of(link)}"))
    tiles = re.findall(r'<span id="(?:peak|average)">(\S+?)</span>', page)
    assert tiles == (["17.9", "0.3"] if is_defined else ["–", "–"])


@AGES
def test_a_chart_and_its_summary_have_excitement_only_where_it_is_defined(
    boards: Boards, history: Client, age_h: int, is_defined: bool
) -> None:
    series = history.get(f"/channels/1/series?metric=excitement&{span(boards, age_h)}").json()
    values, summary = set(series["values"]["excitement"]), series["summary"]["excitement"]
    assert {value and round(value, 1) for value in values} == ({0, 17.9} if is_defined else {None})
    assert (summary["peak"], summary["average"]) == (("17.9", "0.3") if is_defined else ("–", "–"))


@AGES
@pytest.mark.parametrize("interval", ["", "1m", "1h"])
def test_exported_windows_have_excitement_only_where_it_is_defined(
    boards: Boards, history: Client, age_h: int, is_defined: bool, interval: str
) -> None:
    response = history.get(f"/channels/1/windows.csv?{span(boards, age_h)}&interval={interval}")
    rows = list(csv.DictReader(io.StringIO(content_of(response).removeprefix("\ufeff"), newline="")))
    values = {row["Excitement (× usual spread)"] for row in rows}
    assert len(rows) > 0
    assert values == ({"0.0", "17.889"} if is_defined and not interval else {""})


def test_30_second_windows_are_rejected_beyond_48_h(boards: Boards, history: Client) -> None:
    response = history.get(f"/channels/1/windows.csv?{span(boards, 49)}&interval=30s")
    assert response.status_code == 400


def test_comparisons_do_not_offer_excitement() -> None:
    assert "excitement" not in [metric.key for metric in COMPARED]
