"""The status page shows for how long coverage was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from apps.status.queries import status_cache
from apps.status.services import record_sample
from core.ops.health import HealthSnapshot
from tests.dashboard.conftest import Boards
from tests.pages import read_page
from tests.valkey import Valkey
from twitchly.clock import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clear_status_cache(valkey: Valkey, settings: Settings) -> Iterator[None]:
    settings.REDIS_STATUS_URL = f"{valkey.url}/5"
    status_cache.clear()
    yield
    status_cache.clear()


def read_status_page(client: Client, seconds: Iterable[int], coverage: float | None = 0.75) -> str:
    """Record a sample for each of `seconds`, which are ages; return the text of the status page."""
    at_ms = now_ms()
    for back_s in seconds:
        record_sample(HealthSnapshot(at_ms - back_s * 1000, at_ms - back_s * 1000, coverage, 3))
    status_cache.clear()
    return " ".join(read_page(client.get("/status")).split())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (range(1_380, 0, -10), "and 75.0% in the past 23 min, since monitoring began."),
        (range(40, 0, -10), "and 75.0% in the past 40 s, since monitoring began."),
        ([*range(1_380, 780, -10), *range(300, 0, -10)], "and 75.0% in the past hour (15 min measured)."),
        ([*range(7_200, 6_600, -10), *range(300, 0, -10)], "and 75.0% in the past hour (5 min measured)."),
        (range(7_200, 0, -10), "and 75.0% in the past hour."),
    ],
)
def test_the_coverage_of_the_past_hour_is_shown_with_the_measured_time(
    client: Client, boards: Boards, seconds: Iterable[int], text: str
) -> None:
    assert text in read_status_page(client, seconds)


def test_missing_coverage_is_explained(client: Client, boards: Boards) -> None:
    assert '–<span class="unit">%' not in read_status_page(client, [])
    page = read_status_page(client, range(60, 0, -10), coverage=None)
    assert "–%" not in page
    assert '–<span class="unit">%' not in page
    assert page.count("no coverage data yet, because no channel has been on a board") == 2
