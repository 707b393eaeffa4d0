"""The peak beside a live value on the channel page is the same in the tile and in the page's JSON."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from pytest_django import Settings

from apps.dashboard.channel import context
from apps.metrics import queries
from tests.dashboard.conftest import Boards
from tests.dashboard.test_compare import Stored
from tests.page_services import page_services
from tests.pages import read_page


@pytest.fixture(autouse=True)
def stored(db: None, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.CASSANDRA_HOSTS = ["store"]
    monkeypatch.setattr(queries, "WindowStore", Stored)
    # The list of broadcasts below the chart comes from another table.
    monkeypatch.setattr(context, "read_streams", lambda _channel_id: None)
    page_services.reset()


# The highest stored count is 110, the live one 12,418.
@pytest.mark.parametrize(
    ("span", "expected"), [("range=6h", "12,418"), ("from=2026-01-01T00:00Z&until=2026-01-01T06:00Z", "–")]
)
def test_the_tile_and_the_json_of_the_channel_page_have_the_same_peak(
    boards: Boards, signed_in: Client, span: str, expected: str
) -> None:
    page = read_page(signed_in.get(f"/?board=viewers&channel=2&{span}"))
    (start,) = re.findall(r'<script id="start" type="application/json">(.*?)</script>', page)
    histories = [json.loads(start)["series"], signed_in.get(f"/channels/2/series?metric=viewers&{span}").json()]
    (tile,) = re.findall(r'id="peak"[^>]*>([^<]*)<', page)
    assert [history["summary"]["viewers"]["peak"] for history in histories] == [tile.strip()] * 2 == [expected] * 2
