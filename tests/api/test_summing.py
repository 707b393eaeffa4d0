"""Series as tables: windows that do not overlap, and raw counts whose sums are those of the chat."""

from __future__ import annotations

import csv
import io
import json

import pytest
from pytest_django import Settings

from apps.metrics import queries, series_version
from apps.metrics.spans import iso
from tests.api.conftest import Api
from tests.dashboard.reference_history import FROM_MS, RECORDS, UNTIL_MS, ReferenceStore

SPAN = f"from={iso(FROM_MS)}&to={iso(UNTIL_MS)}"
MESSAGES = sum(record.kind == "message" for record in RECORDS)
WORDS = sum(record.words or 0 for record in RECORDS)


@pytest.fixture
def history(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CASSANDRA_HOSTS = ["reference"]
    monkeypatch.setattr(queries, "WindowStore", ReferenceStore)
    monkeypatch.setattr(series_version, "WindowStore", ReferenceStore)


@pytest.mark.parametrize(("asked", "rows"), [("", 240), ("&interval=1m", 120), ("&grain=hour", 2)])
async def test_the_sums_of_a_table_are_the_raw_counts(api: Api, history: None, asked: str, rows: int) -> None:
    answer = await api.get(f"channels/1/series.csv?{SPAN}&metrics=spam,coverage{asked}")
    table = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
    assert len(table) == rows
    assert sum(int(row["count_messages (messages; may be summed)"]) for row in table) == MESSAGES
    assert sum(int(row["count_words (words; may be summed)"] or 0) for row in table) == WORDS
    assert {row["coverage"] for row in table} == {"0.9"}
    assert {row["coverage_percent (% of time)"] for row in table} == {"90.0"}


async def test_windows_that_overlap_are_sent_on_request_and_say_so(api: Api, history: None) -> None:
    answer = await api.get(f"channels/1/series.ndjson?{SPAN}&interval=10s")
    head, *rows = map(json.loads, answer.text.splitlines())
    assert (len(rows), head["may_be_summed"]) == (720, [])


async def test_json_has_all_stored_windows_unless_an_interval_is_asked_for(api: Api, history: None) -> None:
    whole = (await api.get(f"channels/1/series?{SPAN}")).json()
    assert (whole["step_s"], whole["window_s"], len(whole["points"]["end"])) == (10, 30, 720)
    apart = (await api.get(f"channels/1/series?{SPAN}&interval=30s")).json()
    assert (apart["step_s"], apart["window_s"], len(apart["points"]["end"])) == (30, 30, 240)
    assert apart["coverage"] == whole["coverage"]


async def test_a_series_that_has_not_changed_is_not_read_again(
    api: Api, history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [f"channels/1/series{more}" for more in (f"?{SPAN}", f".csv?{SPAN}", f"?{SPAN}&metrics=spam")]
    tags = [(await api.get(path)).headers["ETag"] for path in paths]
    assert len(set(tags)) == len(tags)
    monkeypatch.setattr(queries, "WindowStore", None)
    for path, tag in zip(paths, tags, strict=True):
        assert (await api.get(path, headers={"If-None-Match": tag})).status_code == 304
    monkeypatch.setattr(ReferenceStore, "gaps_checksum", lambda *_: (1,))
    # A gap was recorded: the series is read, here in vain.
    assert (await api.get(paths[0], headers={"If-None-Match": tags[0]})).status_code == 500


async def test_a_grain_and_an_interval_exclude_each_other(api: Api, history: None) -> None:
    answer = await api.get(f"channels/1/series?{SPAN}&interval=30s&grain=live")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "interval")
