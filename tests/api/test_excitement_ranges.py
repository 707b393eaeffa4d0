"""Excitement is available for 48 h. Older ranges and points of windows longer than 30 s have no excitement."""

from __future__ import annotations

import csv
import io

import pytest
from pytest_django import Settings

from apps.metrics import queries, series_version
from apps.metrics.spans import iso
from core.times import HOUR_MS
from tests.api.conftest import Api
from tests.dashboard.conftest import Boards
from tests.dashboard.endless_history import EndlessStore

# The age of a range in hours, a grain, and whether the points of that range and grain have excitement.
RANGES = pytest.mark.parametrize(
    ("age_h", "grain", "is_defined"),
    [
        (2, "", True),
        (47, "", True),
        (47, "&grain=live", True),
        (47, "&grain=minute", False),
        (47, "&grain=hour", False),
        (49, "", False),
        (24 * 80, "", False),
    ],
)


@pytest.fixture
def history(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CASSANDRA_HOSTS = ["endless"]
    monkeypatch.setattr(queries, "WindowStore", EndlessStore)
    monkeypatch.setattr(series_version, "WindowStore", EndlessStore)


def path(boards: Boards, age_h: int, suffix: str, grain: str) -> str:
    """Return the path of the series for the hour that began `age_h` hours ago."""
    from_ms = boards.end_ms - age_h * HOUR_MS
    span = f"from={iso(from_ms)}&to={iso(from_ms + HOUR_MS)}"
    return f"channels/1/series{suffix}?metrics=excitement,messages&{span}{grain}"


@RANGES
async def test_a_series_has_excitement_only_where_it_is_defined(
    boards: Boards, api: Api, history: None, age_h: int, grain: str, is_defined: bool
) -> None:
    series = (await api.get(path(boards, age_h, "", grain))).json()
    values, summary = series["points"]["values"], series["summary"]
    assert None not in values["messages"]
    assert summary["values"]["messages"] is not None
    assert {value and round(value, 1) for value in values["excitement"]} == ({0, 17.9} if is_defined else {None})
    # The summary has excitement as long as 30-second windows are stored, whatever the grain of the points.
    if age_h <= 48:
        assert summary["values"]["excitement"] == pytest.approx(0.3, abs=0.05)
        assert summary["peaks"]["excitement"]["value"] == pytest.approx(17.9, abs=0.05)
    else:
        assert (summary["values"]["excitement"], summary["peaks"]["excitement"]) == (None, None)


@pytest.mark.parametrize(("hours", "is_summarized"), [(6, True), (7, False), (24, False), (47, False)])
async def test_the_summary_of_a_longer_range_does_not_depend_on_the_grain(
    boards: Boards, api: Api, history: None, hours: int, is_summarized: bool
) -> None:
    until_ms = boards.end_ms // HOUR_MS * HOUR_MS
    span = f"from={iso(until_ms - hours * HOUR_MS)}&to={iso(until_ms)}"
    grains = ["", "&grain=minute", "&grain=hour", *(["&grain=live"] if hours <= 24 else [])]
    summaries = [
        (await api.get(f"channels/1/series?metrics=excitement&{span}{grain}")).json()["summary"] for grain in grains
    ]
    assert all(summary == summaries[0] for summary in summaries)
    assert (summaries[0]["values"]["excitement"] is not None) == is_summarized
    assert (summaries[0]["peaks"]["excitement"] is not None) == is_summarized


@RANGES
async def test_a_table_has_excitement_only_where_it_is_defined(
    boards: Boards, api: Api, history: None, age_h: int, grain: str, is_defined: bool
) -> None:
    text = (await api.get(path(boards, age_h, ".csv", grain))).text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(rows) > 0
    assert all(bool(row["excitement (× usual spread)"]) == is_defined for row in rows)


async def test_30_second_windows_are_rejected_beyond_48_h(boards: Boards, api: Api, history: None) -> None:
    response = await api.get(path(boards, 49, "", "&grain=live"))
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "grain")
