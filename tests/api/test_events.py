"""The list of events has the same gaps as the series."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from pytest_django import Settings

from apps.metrics import queries, series_version
from apps.metrics.gaps import GAP_REASONS, NOT_HEARD
from apps.metrics.spans import iso
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.api.conftest import Api
from tests.dashboard.missed_history import MissedStore
from twitchly.clock import now_ms

END = now_ms() // HOUR_MS * HOUR_MS - DAY_MS
START = END - 34 * DAY_MS
EDGE = START + 31 * DAY_MS
MISSED = EDGE - 40 * MINUTE_MS, EDGE + 5 * HOUR_MS
RESTART = EventRecord("g", "gap", "1", EDGE + DAY_MS, EDGE + DAY_MS + 9_000, "restart")
RAID = EventRecord("r", "raid", "1", EDGE + HOUR_MS, count=7)
SPAN = f"from={iso(START)}&to={iso(END)}"
GAPS = [
    (iso(MISSED[0]), iso(MISSED[1]), NOT_HEARD),
    (iso(RESTART.at_ms), iso(RESTART.until_ms or 0), GAP_REASONS["restart"]),
]


@pytest.fixture(autouse=True)
def history(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CASSANDRA_HOSTS = ["invented"]
    for module in (queries, series_version):
        monkeypatch.setattr(module, "WindowStore", lambda: MissedStore([MISSED], (), [RAID, RESTART]))


def gaps_of(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return the gaps among the rows of an export."""
    return [(row["at"], row["until"], row["what"]) for row in rows if row["kind"] == "gap"]


async def test_a_missed_span_is_a_gap_in_every_format_and_in_the_series(api: Api) -> None:
    series = (await api.get(f"channels/1/series?{SPAN}")).json()
    assert [(gap["from"], gap["to"], gap["reason"]) for gap in series["gaps"]] == GAPS
    events = (await api.get(f"channels/1/events?{SPAN}")).json()["items"]
    assert [(event["at"], event["to"], event["label"]) for event in events if event["kind"] == "gap"] == GAPS
    _, *lines = (await api.get(f"channels/1/events.ndjson?{SPAN}")).text.splitlines()
    assert gaps_of([json.loads(line) for line in lines]) == GAPS
    text = (await api.get(f"channels/1/events.csv?{SPAN}")).text.removeprefix("\ufeff").replace(" (UTC)", "")
    assert gaps_of(list(csv.DictReader(io.StringIO(text, newline="")))) == GAPS


async def test_event_pages_contain_a_missed_span_once(api: Api) -> None:
    ids, cursor = [], ""
    while cursor is not None:
        page = (await api.get(f"channels/1/events?{SPAN}&limit=1{cursor and '&cursor='}{cursor}")).json()
        ids += [event["id"] for event in page["items"]]
        cursor = page["next"]
    assert ids == [f"1-gap-{MISSED[0]}", "r", f"1-gap-{RESTART.at_ms}"]
