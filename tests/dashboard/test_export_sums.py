"""Summable export columns add up to the raw counts, for every interval."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.test import Client
from pytest_django import Settings

from apps.metrics import queries
from apps.metrics.exports.raw_counts import COUNTS
from apps.metrics.spans import iso
from core.metrics.columns import COLUMNS, SUM
from core.times import HOUR_MS
from tests.dashboard.conftest import Boards, content_of
from tests.dashboard.reference_history import FROM_MS, RECORDS, UNTIL_MS, ReferenceStore

SPAN = f"from={iso(FROM_MS)}&until={iso(UNTIL_MS)}"
MESSAGES = [record for record in RECORDS if record.kind == "message"]
RAW = {
    "count_messages": len(MESSAGES),
    "count_words": sum(record.words or 0 for record in MESSAGES),
    "count_first_messages": sum(record.is_first or 0 for record in MESSAGES),
    "count_subscriber_messages": sum(record.is_subscriber or 0 for record in MESSAGES),
    "count_copies": 50,
    "count_removals": 40,
    "observed_ms": 7_200 * 900,
}


@pytest.fixture
def history(boards: Boards, signed_in: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    settings.CASSANDRA_HOSTS = ["reference"]
    monkeypatch.setattr(queries, "WindowStore", ReferenceStore)
    return signed_in


def sums(rows: list[dict[str, str]]) -> dict[str, int]:
    """Return the sums of the summable columns, by machine-readable name."""
    names = [name for name in rows[0] if name.endswith("; may be summed)")]
    keys = {count.words: count.name for count in COUNTS}
    return {keys[name.partition(" (")[0]]: sum(int(row[name] or 0) for row in rows) for name in names}


@pytest.mark.parametrize(
    ("interval", "length_s", "rows"), [("", 30, 240), ("30s", 30, 240), ("1m", 60, 120), ("1h", 3_600, 2)]
)
def test_column_sums_equal_raw_counts(history: Client, interval: str, length_s: int, rows: int) -> None:
    response = history.get(f"/channels/1/windows.csv?{SPAN}&interval={interval}")
    assert response.status_code == 200, response.content
    table = list(csv.DictReader(io.StringIO(content_of(response).removeprefix("\ufeff"), newline="")))
    assert len(table) == rows
    assert {row["Window length (s)"] for row in table} == {str(length_s)}
    result = sums(table)
    assert {name: result[name] for name in RAW} == RAW
    assert not {"messages", "spam", "chatters", "viewers", "coverage"} & result.keys(), "rates must not be summed"
    if length_s > 30:
        assert result["viewers_sum"] == sum(record.viewers or 0 for record in RECORDS)


def test_overlapping_windows_have_no_summable_columns(history: Client) -> None:
    text = content_of(history.get(f"/channels/1/windows.ndjson?{SPAN}&interval=10s"))
    head, *rows = map(json.loads, text.splitlines())
    assert (len(rows), head["may_be_summed"]) == (720, [])
    assert sum(row["count_messages"] for row in rows) > 2.9 * len(MESSAGES)
    head = json.loads(content_of(history.get(f"/channels/1/windows.ndjson?{SPAN}")).splitlines()[0])
    assert {*RAW} <= set(head["may_be_summed"])


def test_a_sum_is_the_same_in_exports_at_every_interval(history: Client) -> None:
    short, *longer = (
        sums(list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))))
        for interval in ("30s", "1m", "1h")
        if (text := content_of(history.get(f"/channels/1/windows.csv?{SPAN}&interval={interval}")))
    )
    for minutes_or_hours in longer:
        assert short == {name: minutes_or_hours[name] for name in short}
        assert minutes_or_hours == longer[0]
    assert ("count_texts" in short, "count_texts" in longer[0]) == (False, True)


def test_the_error_for_an_unknown_interval_lists_the_options(history: Client) -> None:
    response = history.get(f"/channels/1/windows.csv?{SPAN}&interval=5m")
    assert response.status_code == 400
    assert "30s, 10s, 1m, 1h" in response.json()["reason"]


def test_comparison_exports_have_no_overlapping_windows(history: Client) -> None:
    hour = f"from={iso(UNTIL_MS - HOUR_MS)}&until={iso(UNTIL_MS)}"
    response = history.get(f"/compare/lines.csv?channels=1&metric=messages&{hour}")
    table = list(csv.DictReader(io.StringIO(content_of(response).removeprefix("\ufeff"), newline="")))
    assert len(table) == 120
    messages = sum(record.at_ms >= UNTIL_MS - HOUR_MS for record in MESSAGES)
    assert sums(table) == {"count_messages": messages, "observed_ms": RAW["observed_ms"] // 2}


def test_text_counts_of_a_comparison_may_be_summed_only_if_its_windows_are_minutes(history: Client) -> None:
    for from_ms, may_be_summed in (
        (UNTIL_MS - HOUR_MS, ["count_messages", "observed_ms"]),
        (FROM_MS, ["count_messages", "count_texts", "observed_ms"]),
    ):
        span = f"from={iso(from_ms)}&until={iso(UNTIL_MS)}"
        text = content_of(history.get(f"/compare/lines.ndjson?channels=1&metric=repetition&{span}"))
        assert json.loads(text.splitlines()[0])["may_be_summed"] == may_be_summed


def test_only_sum_columns_are_summable() -> None:
    summed = {column.name for column in COLUMNS if column.roll is SUM}
    assert {count.column for count in COUNTS} == summed
