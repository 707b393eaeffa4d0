"""Series as tables: windows do not overlap, and raw counts match the chat."""

from __future__ import annotations

import csv
import io
import json

import pytest
from pytest_django import Settings

from apps.metrics import queries, series_version
from apps.metrics.spans import iso
from core.times import MINUTE_MS
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


@pytest.mark.parametrize(("query", "rows"), [("", 240), ("&interval=1m", 120), ("&grain=hour", 2)])
async def test_raw_counts_of_a_table_match_the_chat(api: Api, history: None, query: str, rows: int) -> None:
    response = await api.get(f"channels/1/series.csv?{SPAN}&metrics=spam,coverage{query}")
    table = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"), newline="")))
    assert len(table) == rows
    assert sum(int(row["count_messages (messages; may be summed)"]) for row in table) == MESSAGES
    assert sum(int(row["count_words (words; may be summed)"] or 0) for row in table) == WORDS
    assert {row["coverage"] for row in table} == {"0.9"}
    assert {row["coverage_percent (% of time)"] for row in table} == {"90.0"}


async def test_overlapping_windows_are_sent_on_request_and_marked_as_not_summable(api: Api, history: None) -> None:
    response = await api.get(f"channels/1/series.ndjson?{SPAN}&interval=10s")
    head, *rows = map(json.loads, response.text.splitlines())
    assert (len(rows), head["may_be_summed"]) == (720, [])


@pytest.mark.parametrize(
    ("interval", "unit"), [("30s", "chatters / 30 s"), ("1m", "chatters / min"), ("1h", "chatters / h")]
)
async def test_units_match_the_windows(api: Api, history: None, interval: str, unit: str) -> None:
    query = f"{SPAN}&metrics=chatters,messages&interval={interval}"
    head = json.loads((await api.get(f"channels/1/series.ndjson?{query}")).text.splitlines()[0])
    series = (await api.get(f"channels/1/series?{query}")).json()
    units = {"chatters": unit, "messages": "msg / 30 s"}
    assert series["units"] == {name: head["schema"][name] for name in units} == units


@pytest.mark.parametrize(("minutes", "peak_unit"), [(30, "chatters / 30 s"), (60, "chatters / min")])
async def test_values_and_peaks_of_a_summary_have_their_own_units(
    api: Api, history: None, minutes: int, peak_unit: str
) -> None:
    span = f"from={iso(UNTIL_MS - minutes * MINUTE_MS)}&to={iso(UNTIL_MS)}"
    series = (await api.get(f"channels/1/series?{span}&metrics=chatters,messages,coverage&grain=hour")).json()
    summary, messages = series["summary"], {"messages": "msg / 30 s"}
    assert series["units"]["chatters"] == "chatters / h"
    assert summary["units"] == {"chatters": "chatters / min", **messages, "coverage": "% of time"}
    assert summary["peak_units"] == {"chatters": peak_unit, **messages}


async def test_text_counts_may_be_summed_only_in_tables_of_minutes_or_hours(api: Api, history: None) -> None:
    for interval, is_summable in (("30s", False), ("1m", True), ("1h", True)):
        response = await api.get(f"channels/1/series.ndjson?{SPAN}&metrics=repetition&interval={interval}")
        names = json.loads(response.text.splitlines()[0])["may_be_summed"]
        assert ("count_texts" in names, "count_messages" in names) == (is_summable, True)


async def test_json_contains_all_stored_windows_by_default(api: Api, history: None) -> None:
    stored = (await api.get(f"channels/1/series?{SPAN}")).json()
    assert (stored["step_s"], stored["window_s"], len(stored["points"]["end"])) == (10, 30, 720)
    disjoint = (await api.get(f"channels/1/series?{SPAN}&interval=30s")).json()
    assert (disjoint["step_s"], disjoint["window_s"], len(disjoint["points"]["end"])) == (30, 30, 240)
    assert disjoint["coverage"] == stored["coverage"]


async def test_an_unchanged_series_is_not_read_again(api: Api, history: None, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [f"channels/1/series{suffix}" for suffix in (f"?{SPAN}", f".csv?{SPAN}", f"?{SPAN}&metrics=spam")]
    etags = [(await api.get(path)).headers["ETag"] for path in paths]
    assert len(set(etags)) == len(etags)
    monkeypatch.setattr(queries, "WindowStore", None)
    for path, etag in zip(paths, etags, strict=True):
        assert (await api.get(path, headers={"If-None-Match": etag})).status_code == 304
    monkeypatch.setattr(ReferenceStore, "events_checksum", lambda *_: (1,))
    # A new gap changes the version, so the series is read again. The read fails here because there is no store.
    assert (await api.get(paths[0], headers={"If-None-Match": etags[0]})).status_code == 500


async def test_a_grain_and_an_interval_are_mutually_exclusive(api: Api, history: None) -> None:
    response = await api.get(f"channels/1/series?{SPAN}&interval=30s&grain=live")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "interval")
