"""Unknown values of enumerated parameters return a 400 that lists the valid values."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.live.board import BOARD_KEYS
from apps.workspaces import services
from tests.dashboard.conftest import EMAIL, Boards
from tests.pages import read_page

PAGES = [
    ("/?metric=love", "metric", "viewers"),
    ("/?board=coverage", "board", "messages"),
    ("/?range=9y", "range", "10m"),
    ("/?size=11", "size", "25"),
    ("/?band=7", "band", "1000"),
    ("/?board=spam&window=9m", "window", "5m"),
    ("/compare?metric=excitement", "metric", "coverage"),
    ("/compare?range=9y", "range", "90d"),
    ("/compare?align=moon", "align", "stream"),
    ("/compare?scale=log", "scale", "index"),
    ("/discover?sort=love", "sort", "engagement"),
    ("/discover?column=love", "column", "engagement"),
    ("/discover?band=7", "band", "1000"),
    ("/discover?m1=love&min1=1", "m1", "engagement"),
    ("/find?q=a&board=coverage", "board", "messages"),
    ("/watchlists/{}?metric=coverage", "metric", "messages"),
    ("/watchlists/{}?metric=shared", "metric", "messages"),
    ("/channels/1/week?metric=spam", "metric", "messages"),
    ("/account/usage/?by=week", "by", "day"),
]
DATA = [
    ("/board.csv?board=shared", "board", "messages"),
    ("/board.ndjson?range=9y", "range", "10m"),
    ("/compare/lines?metric=excitement", "metric", "coverage"),
    ("/compare/lines.csv?align=moon", "align", "stream"),
    ("/compare/summary.csv?scale=log", "scale", "index"),
    ("/discover.csv?sort=love", "sort", "engagement"),
    ("/find.json?q=a&board=coverage", "board", "messages"),
    ("/find.json?q=a&board=spam&window=9m", "window", "5m"),
    ("/channels/1/series?range=9y", "range", "10m"),
    ("/channels/1/series?metric=love", "metric", "viewers"),
    ("/channels/1/standing?metric=love", "metric", "viewers"),
    ("/channels/1/windows.csv?interval=9s", "interval", "30s"),
    ("/channels/1/windows.csv?grain=day", "grain", "hour"),
    ("/watchlists/{}/hour.csv?metric=coverage", "metric", "messages"),
    ("/watchlists/{}/lines?metric=coverage", "metric", "messages"),
]


@pytest.fixture
def list_id(signed_in: Client) -> int:
    return services.create(owner=User.objects.get(email=EMAIL), name="Mine").pk


@pytest.mark.parametrize(("path", "name", "choice"), PAGES)
def test_pages_list_the_valid_values(
    boards: Boards, signed_in: Client, list_id: int, path: str, name: str, choice: str
) -> None:
    response = signed_in.get(path.format(list_id))
    assert response.status_code == 400
    _, _, message = read_page(response).partition(f"Unknown {name} “")
    assert "”. Choose one of " in message[:200]
    assert choice in message.partition("Choose one of ")[2].partition(".")[0].split(", ")


@pytest.mark.parametrize(("path", "name", "choice"), DATA)
def test_exports_and_json_list_the_valid_values(
    boards: Boards, signed_in: Client, list_id: int, path: str, name: str, choice: str
) -> None:
    response = signed_in.get(path.format(list_id))
    assert response.status_code == 400
    reason = response.json()["reason"]
    assert f"Unknown {name} “" in reason
    assert choice in reason.partition("Choose one of ")[2].rstrip(".").split(", ")


@pytest.mark.parametrize("view", ["channel", "compare"])
def test_a_view_with_an_unknown_value_is_not_shared(signed_in: Client, view: str) -> None:
    form = {"kind": "page", "view": view, "query": "?channel=1&channels=1&metric=love", "days": "7", "title": "A"}
    page = read_page(signed_in.post("/shares", form, follow=True))
    assert "Unknown metric “love”. Choose one of " in page


@pytest.mark.parametrize(("metric", "query"), [("excitement", ""), ("viewers", "&amp;metric=viewers")])
def test_a_watchlist_links_to_a_comparison_with_only_comparable_metrics(
    boards: Boards, signed_in: Client, list_id: int, settings: Settings, metric: str, query: str
) -> None:
    services.add(owner=User.objects.get(email=EMAIL), channel_id="1")
    assert metric in BOARD_KEYS
    page = read_page(signed_in.get(f"/watchlists/{list_id}?metric={metric}"))
    assert f'href="/compare?channels=1{query}"' in page
