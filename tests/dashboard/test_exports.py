"""Files to take along: how they are written, and what is refused."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.test import Client

from apps.dashboard.channel.spans import iso
from apps.dashboard.exports.formats import Cell, Field, writer_of
from apps.dashboard.exports.series import EVENT_FIELDS, POINT_FIELDS, event_rows, finer, pieces, point_rows
from apps.metrics.marks import EventMark
from apps.metrics.queries import RANGES, GapSpan, Point, Series, past_range
from core.times import DAY_MS, HOUR_MS
from tests.dashboard.conftest import Boards

T = 1_795_392_000_000
FIELDS = [Field("channel"), Field("messages", "msg / 30 s"), Field("viewers", "viewers")]


def test_csv_has_units_in_its_head_and_empty_cells_for_what_is_not_known() -> None:
    writer = writer_of("csv", FIELDS)
    text = writer.head() + writer.rows([["a, b", 1.5, None]])
    assert text == '\ufeffchannel,messages (msg / 30 s),viewers (viewers)\r\n"a, b",1.5,\r\n'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "=cmd|' /C calc'!A0"])
def test_no_text_is_a_formula(text: str) -> None:
    rows: list[list[Cell]] = [[text, -1.5, 2]]
    (read,) = csv.reader(io.StringIO(writer_of("csv", FIELDS).rows(rows), newline=""))
    assert read == [f"'{text}", "-1.5", "2"]


def test_ndjson_tells_the_units_first_and_leaves_out_what_is_not_known() -> None:
    writer = writer_of("ndjson", FIELDS)
    lines = (writer.head() + writer.rows([["=é", 1.5, None], ["b", None, 3]])).splitlines()
    assert json.loads(lines[0]) == {"schema": {"channel": "", "messages": "msg / 30 s", "viewers": "viewers"}}
    assert [json.loads(line) for line in lines[1:]] == [
        {"channel": "=é", "messages": 1.5},
        {"channel": "b", "viewers": 3},
    ]


def test_a_long_span_is_read_in_pieces_that_follow_each_other() -> None:
    shown = past_range(T - 89 * DAY_MS, T - HOUR_MS, T)
    minutes = finer(shown, "minute", T)
    assert minutes is not None
    parts = list(pieces(minutes, T))
    ends = [part.until_ms for part in parts]
    starts = [(part.until_ms or 0) - part.span_ms for part in parts]
    assert (starts[0], ends[-1], len(parts)) == (T - 89 * DAY_MS, T - HOUR_MS, 45)
    assert starts[1:] == ends[:-1]
    assert {part.grain for part in parts} == {"minute"}


def test_a_range_up_to_now_ends_now() -> None:
    (part,) = pieces(RANGES["10m"], T)
    assert (part.until_ms, part.span_ms) == (T, 600_000)


def test_windows_that_are_not_kept_any_more_are_not_offered() -> None:
    shown = past_range(T - 3 * DAY_MS, T - 2 * DAY_MS, T)
    assert finer(shown, "live", T) is None
    assert finer(shown, "hour", T) is not None


def test_a_window_tells_its_end_length_coverage_and_metrics() -> None:
    series = Series(
        RANGES["10m"],
        [Point(T, 0.9876, {"viewers": 12, "spam": 1.23456}), Point(T + 10_000, 0, {"messages": 0})],
        [],
        [],
    )
    names = [field.name for field in POINT_FIELDS]
    first, second = (dict(zip(names, row, strict=True)) for row in point_rows(series))
    assert (first["end"], first["length"], first["coverage"]) == (iso(T), 30, 98.8)
    assert (first["viewers"], first["spam"], first["chatters"]) == (12, 1.2346, None)
    # What nobody listened to is not 0.
    assert (second["coverage"], second["messages"]) == (0, None)


def test_events_and_gaps_are_told_by_time() -> None:
    marks = [EventMark("a", T + 2, None, "raid", 5, "Raid")]
    series = Series(RANGES["10m"], [], [GapSpan(T, T + 1_000, "the listener was restarted")], marks)
    rows = event_rows(series)
    assert [dict(zip([f.name for f in EVENT_FIELDS], row, strict=True))["kind"] for row in rows] == ["gap", "raid"]


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("range=9y", 400, "no such range"),
        ("grain=day", 400, "no such grain"),
        ("range=7d&grain=live", 400, "Take a coarser one"),
        ("from=2026-01-01", 400, "is missing"),
        ("", 503, "History cannot be read just now"),
    ],
)
def test_what_cannot_be_exported_is_said(
    boards: Boards, signed_in: Client, query: str, status: int, reason: str
) -> None:
    answer = signed_in.get(f"/channels/1/windows.csv?{query}")
    assert answer.status_code == status
    assert reason in answer.json()["reason"]


def test_unknown_channels_forms_and_strangers_are_turned_away(boards: Boards, signed_in: Client) -> None:
    assert signed_in.get("/channels/404/windows.csv").status_code == 404
    assert signed_in.get("/channels/1/windows.xls").status_code == 404
    assert Client().get("/channels/1/windows.csv").status_code == 401
