"""The panel and the page of a channel's typical week."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from pytest_django import Settings

from apps.dashboard.channel import week as week_module
from apps.dashboard.channel.week import _days_text, _time_text, read_zone
from apps.metrics.store import StoredWindow
from core.errors import ServiceUnavailable
from core.metrics.week import UsualTime
from core.times import HOUR_MS
from tests.core.metrics.test_week import UNTIL, evenings
from tests.dashboard.conftest import Boards
from tests.pages import read_page


class Store:
    """The stored hours of channel 1."""

    is_away = False

    def read_windows(
        self, _grain: str, channel_id: str, from_ms: int, until_ms: int, _columns: object
    ) -> list[StoredWindow]:
        if self.is_away:
            raise ServiceUnavailable("Cassandra")
        hours = evenings(range(28)) if channel_id == "1" else {}
        return [
            StoredWindow(start + HOUR_MS, columns) for start, columns in hours.items() if from_ms <= start < until_ms
        ]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, settings: Settings, boards: Boards) -> type[Store]:
    monkeypatch.setattr(week_module, "WindowStore", Store)
    monkeypatch.setattr("apps.dashboard.channel.views.now_ms", lambda: UNTIL)
    monkeypatch.setattr(Store, "is_away", False)
    settings.CASSANDRA_HOSTS = ["stands in"]
    return Store


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return html.unescape(read_page(answer))


def test_the_page_shows_usual_times_and_a_heat_map(stored: type[Store], signed_in: Client) -> None:
    page = text_of(signed_in, "/channels/1/week")
    assert "every day 18:00 to 22:00" in page
    assert 'title="Mon 18:00: 100 viewers, on air in 4 of 4 weeks"' in page
    assert 'title="Mon 17:00: on air in 0 of 3 weeks"' in page
    assert page.count('class="h5"') == 7 * 4
    assert page.count('class="h0"') == 7 * 20


def test_the_panel_uses_the_time_zone_of_the_user(stored: type[Store], signed_in: Client) -> None:
    part = text_of(signed_in, "/channels/1/week?part=1&zone=America/New_York&metric=messages")
    assert "<main" not in part
    assert "every day 13:00 to 17:00" in part
    assert "10 msg / 30 s" in part
    assert "is shown in the local hour in which it begins" not in part
    assert "is shown in the local hour in which it begins" in text_of(signed_in, "/channels/1/week?zone=Asia/Kolkata")


@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "../../etc/passwd", "x" * 5_000, "\0", "Europe"])
def test_an_unknown_zone_is_utc(stored: type[Store], signed_in: Client, zone: str) -> None:
    assert str(read_zone(zone)) == "UTC"
    assert signed_in.get("/channels/1/week", {"zone": zone}).status_code == 200


def test_an_unknown_metric_for_the_panel_is_rejected(stored: type[Store], signed_in: Client) -> None:
    assert signed_in.get("/channels/1/week?part=1&metric=spam").status_code == 400
    assert signed_in.get("/channels/1/week?part=1&metric=").status_code == 200


def test_the_page_says_that_a_channel_has_no_stored_hours(stored: type[Store], signed_in: Client) -> None:
    assert "No full hour on air has been stored yet" in text_of(signed_in, "/channels/2/week")


def test_an_unavailable_cassandra_is_reported(
    stored: type[Store], signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "is_away", True)
    assert "could not be loaded" in text_of(signed_in, "/channels/1/week", 503)


def test_the_page_requires_sign_in_and_a_known_channel(stored: type[Store], signed_in: Client, db: None) -> None:
    assert Client().get("/channels/1/week")["Location"].startswith("/account/login/")
    assert signed_in.get("/channels/77/week").status_code == 404


@pytest.mark.parametrize(
    ("days", "text"),
    [
        ((0,), "Mon"),
        ((0, 1), "Mon, Tue"),
        ((0, 1, 2), "Mon to Wed"),
        ((0, 2, 3), "Mon, Wed, Thu"),
        (tuple(range(7)), "every day"),
    ],
)
def test_weekdays_are_formatted_concisely(days: tuple[int, ...], text: str) -> None:
    assert _days_text(days) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (UsualTime((0,), 0, 168), "around the clock"),
        (UsualTime((6,), 22, 5), "Sun 22:00 to 03:00"),
        (UsualTime((1,), 4, 147), "Tue 04:00 to Mon 07:00"),
    ],
)
def test_a_time_span_longer_than_a_day_includes_the_day_on_which_it_ends(time: UsualTime, text: str) -> None:
    assert _time_text(time) == text
