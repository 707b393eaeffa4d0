"""Discover over past days: figures, order, growth, exports, and errors without history."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from apps.channels.models import Channel
from apps.dashboard.discover import views
from apps.live import period_channels
from apps.live.period_channels import CACHE_MS, PeriodRow, PeriodTables, growth
from apps.live.search import MEASURES, read_saved, read_search
from apps.metrics import days
from apps.metrics.periods import Period
from core.errors import ServiceUnavailable
from core.metrics.display import ABSENT, change
from core.metrics.table import METRIC
from core.times import DAY_MS, HOUR_MS
from tests.page_services import page_services
from tests.pages import read_page
from tests.reference_days import IDS, ReferenceDays, summary_of

MIDNIGHT = 1_795_392_000_000
NOW_MS = MIDNIGHT + HOUR_MS


@pytest.fixture(autouse=True)
def history(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    page_services.reset()
    monkeypatch.setattr(days, "DayStore", ReferenceDays)
    monkeypatch.setattr(views, "now_ms", lambda: NOW_MS)
    seen_at = dt.datetime.fromtimestamp(MIDNIGHT / 1000, dt.UTC)
    for number, channel_id in enumerate(IDS):
        fields: dict[str, Any] = {"category": "Chess", "language": ["en", "de", "fr"][number], "last_seen_at": seen_at}
        Channel.objects.create(id=channel_id, login=f"c{channel_id}", name=f"C{channel_id}", **fields)


def names(page: str) -> list[str]:
    return re.findall(r'href="/\?channel=\d+"\s*>(C\d+)<', page)


def cells(page: str, name: str) -> list[str]:
    (row,) = re.findall(rf"<tr[^>]*>(?:(?!</tr>).)*>{name}<.*?</tr>", page, re.DOTALL)
    return [
        " ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td[^>]*>.*?</td>", row, re.DOTALL)
    ]


def test_channels_that_were_on_air_have_the_figures_of_their_days(signed_in: Client) -> None:
    page = read_page(signed_in.get("/discover?range=7d"))
    assert names(page) == ["C101", "C102"]
    assert "16 Nov to 22 Nov 2026 (UTC), compared with the previous 7 days" in " ".join(page.split())
    summary = summary_of("102", MIDNIGHT - 7 * DAY_MS, MIDNIGHT)
    viewers, engagement = (summary.value(METRIC[key]) for key in ("viewers", "engagement"))
    assert viewers is not None
    assert engagement is not None
    _tick, _trend, language, *figures = cells(page, "C102")
    assert language == "German"
    assert figures == [
        f"{viewers:,.0f}",
        "0%",
        f"{summary.hours_watched:,.0f}",
        f"{summary.on_air_ms / HOUR_MS:.1f}",
        f"≥ {engagement:,.1f}",
        ABSENT,
        "75.0 %",
    ]
    assert page.count('<path d="M0.0') == 2
    assert 'id="found"' not in page


def test_changing_the_range_keeps_filters_and_drops_unavailable_measures() -> None:
    search = read_search(QueryDict("range=30d&language=German&m1=growth&min1=5&sort=-hours_watched&page=3"))
    assert search.errors == ()
    assert read_saved(search.query(page=3)) == search
    live = read_saved(search.over(""))
    assert (live.range, live.languages, live.rules, live.sort) == ("", ("German",), (), "-viewers")
    assert set(live.columns) <= set(MEASURES)
    assert read_saved(live.over("7d")).columns == period_columns()


def period_columns() -> tuple[str, ...]:
    return read_search(QueryDict("range=7d")).columns


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("range=3d", "Unknown range “3d”. Choose one of 7d, 30d."),
        ("sort=-growth", "Unknown sort “-growth”."),
        ("range=7d&column=excitement", "Unknown column “excitement”."),
    ],
)
def test_errors_name_unknown_ranges_and_measures_of_another_range(query: str, reason: str) -> None:
    (error,) = read_search(QueryDict(query)).errors
    assert error.startswith(reason)


def test_filters_and_order_use_the_figures_of_the_period(signed_in: Client) -> None:
    assert names(read_page(signed_in.get("/discover?range=7d&sort=-hours_live"))) == ["C102", "C101"]
    assert names(read_page(signed_in.get("/discover?range=7d&m1=hours_live&max1=2"))) == ["C101"]
    assert names(read_page(signed_in.get("/discover?range=7d&language=German"))) == ["C102"]
    # The second channel was heard for three quarters of its time on air.
    assert names(read_page(signed_in.get("/discover?range=7d&sort=coverage"))) == ["C102", "C101"]
    assert names(read_page(signed_in.get("/discover?range=7d&m1=coverage&max1=80"))) == ["C102"]
    empty = read_page(signed_in.get("/discover?range=7d&language=Thai"))
    assert "No channels match." in empty


def test_exports_contain_all_figures_of_the_period(signed_in: Client) -> None:
    response = signed_in.get("/discover.csv?range=7d")
    table = list(csv.DictReader(io.StringIO(b"".join(response).decode().removeprefix("\ufeff"))))
    assert [row["Channel"] for row in table] == ["C101", "C102"]
    for row in table:
        summary = summary_of(row["Channel ID"], MIDNIGHT - 7 * DAY_MS, MIDNIGHT)
        assert float(row["Hours watched (h)"]) == pytest.approx(summary.hours_watched, abs=0.06)
        assert float(row["Hours live (h)"]) == pytest.approx(summary.on_air_ms / HOUR_MS, abs=0.06)
        assert float(row["Viewer growth (%)"]) == 0.0


def test_a_failing_history_is_reported(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ServiceUnavailable("Cassandra is not responding")

    monkeypatch.setattr(period_channels, "read_days", fail)
    response = signed_in.get("/discover?range=7d")
    assert (response.status_code, "History could not be loaded." in read_page(response)) == (200, True)
    assert signed_in.get("/discover?range=7d&rows=1").status_code == 503
    response = signed_in.get("/discover.csv?range=7d")
    assert (response.status_code, response.json()["reason"]) == (503, "History is unavailable. Try again in a minute.")


def test_a_table_is_read_at_most_once_in_ten_minutes_and_again_after_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []

    def read(period: Period) -> dict[str, PeriodRow]:
        reads.append(period.until_ms)
        return {}

    monkeypatch.setattr(period_channels, "read_period", read)
    tables = PeriodTables()
    for now_ms in (NOW_MS, NOW_MS + CACHE_MS - 1, NOW_MS + CACHE_MS, NOW_MS + CACHE_MS + 1, NOW_MS + DAY_MS):
        tables.of(7, now_ms)
    assert reads == [MIDNIGHT, MIDNIGHT, MIDNIGHT + DAY_MS]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [(120.0, 100.0, 20.0), (75.0, 100.0, -25.0), (5.0, 0.0, None), (5.0, None, None), (None, 5.0, None)],
)
def test_growth_is_unknown_without_both_periods(
    now: float | None, before: float | None, expected: float | None
) -> None:
    assert growth(now, before) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("percent", "text"), [(12.4, "+12%"), (-3.0, "−3%"), (0.2, "0%"), (-0.4, "0%"), (1234, "+1,234%")]
)
def test_a_change_is_shown_with_its_sign(percent: float, text: str) -> None:
    assert change(percent) == text
