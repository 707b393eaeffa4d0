"""The comparison page and its query strings."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.http import QueryDict
from django.test import Client
from pytest_django import Settings

from apps.channels.models import Channel
from apps.dashboard.compare.comparison import (
    CHANNELS_MAX,
    Comparison,
    compared_ranges,
    query_fields,
    read_comparison,
    with_previous,
)
from apps.metrics import queries
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chart_ranges import past_range
from apps.metrics.spans import BadSpan, Span, iso, read_span
from apps.metrics.store import StoredWindow
from core.inputs.timestamps import format_timestamp
from core.metrics.table import METRIC
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.conftest import Boards, content_of
from tests.page_services import page_services
from tests.pages import read_page
from twitchly.clock import now_ms

NOW = 1_795_399_200_000


def test_query_strings_round_trip() -> None:
    span = Span(NOW - 2 * HOUR_MS, NOW - HOUR_MS)
    item = Comparison(("2", "1"), ("spam", "viewers"), "7d", span, "stream", "index", True)
    query = dict(pair.split("=") for pair in item.query()[1:].split("&"))
    assert read_comparison(query, NOW) == item
    assert Comparison().query() == "?"


def test_channels_are_unique_valid_and_at_most_ten() -> None:
    ids = ",".join(["1", "1", "x", "", "../2", *map(str, range(2, 15))])
    assert read_comparison({"channels": ids}, NOW).channels == tuple(map(str, range(1, 11)))
    full = Comparison(tuple(map(str, range(CHANNELS_MAX))))
    assert full.with_channel("99") == full
    assert full.without("3").channels == ("0", "1", "2", *map(str, range(4, 10)))


def test_invalid_parameters_become_defaults_and_errors_name_the_choices() -> None:
    odd = {"metric": "excitement", "range": "9y", "align": "moon", "scale": "log"}
    comparison = read_comparison(odd, NOW)
    assert replace(comparison, errors=()) == Comparison()
    assert [error.split(".")[0] for error in comparison.errors] == [
        f"Unknown {name} “{value}”" for name, value in odd.items()
    ]
    assert comparison.errors[2] == "Unknown align “moon”. Choose one of clock, stream."
    with pytest.raises(BadSpan, match="future"):
        read_comparison({"from": "2026-01-01T00:00Z", "until": "2099-01-01T00:00Z"}, NOW)


@pytest.mark.parametrize(
    ("span_ms", "grain"), [(HOUR_MS, "live"), (2 * HOUR_MS, "minute"), (DAY_MS, "minute"), (7 * DAY_MS, "hour")]
)
def test_long_spans_use_coarser_grains(span_ms: int, grain: str) -> None:
    (line_range,) = compared_ranges(Comparison(span=Span(NOW - span_ms, NOW)), [0], NOW)
    assert line_range.grain == grain


@pytest.mark.parametrize(
    ("age_ms", "grain", "is_short"),
    [(HOUR_MS, "live", True), (3 * DAY_MS, "minute", False), (100 * DAY_MS, "hour", False)],
)
def test_lines_have_windows_and_peaks_of_the_same_kind(age_ms: int, grain: str, is_short: bool) -> None:
    comparison = Comparison(("1", "2"), range="10m", align="stream")
    ranges = compared_ranges(comparison, [NOW - HOUR_MS, NOW - age_ms], NOW)
    assert [line_range.bounds(NOW)[0] for line_range in ranges] == [NOW - HOUR_MS, NOW - age_ms]
    assert {(line_range.grain, line_range.is_short) for line_range in ranges} == {(grain, is_short)}


def start_of(page: str) -> dict[str, object]:
    result = re.search(r'<script id="start" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert result is not None
    data: dict[str, object] = json.loads(result[1])
    return data


def test_channels_are_compared_in_the_selected_order(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/compare?channels=3,2,404&metric=viewers"))
    assert re.findall(r"<span data-now>([^<]*)</span>", page) == ["500", "12,418"]
    assert "Unknown channel IDs were omitted: 404" in page
    assert "History could not be loaded" in page
    lines = start_of(page)["lines"]
    assert isinstance(lines, list)
    assert [(line["name"], line["number"], line["zero_ms"]) for line in lines] == [("Gamma", 1, 0), ("Beta", 2, 0)]


def test_stream_time_starts_with_each_broadcast(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("3", "Gamma", live=False)
    lines = start_of(read_page(signed_in.get("/compare?channels=2,3&align=stream")))["lines"]
    assert isinstance(lines, list)
    assert [line["zero_ms"] for line in lines] == [1_795_022_970_000, None]


@pytest.mark.parametrize("started_at", ["1-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00"])
def test_a_malformed_start_time_is_unknown(boards: Boards, signed_in: Client, started_at: str) -> None:
    boards.list_channel("2", "Beta", started_at=started_at)
    lines = start_of(read_page(signed_in.get("/compare?channels=2,3&align=stream")))["lines"]
    assert isinstance(lines, list)
    assert [line["zero_ms"] for line in lines] == [None, 1_795_022_970_000]


def test_a_channel_is_added_by_its_name(boards: Boards, signed_in: Client) -> None:
    Channel.objects.create(id="3", login="gamma", name="Gämma")
    for name in ("gamma", "@Gamma", "Gämma", " GAMMA "):
        response = signed_in.get("/compare", {"channels": "2", "metric": "spam", "add": name})
        assert response.headers["Location"] == "/compare?channels=2,3&metric=spam", name
    response = signed_in.get("/compare?channels=2&add=<b>nobody")
    assert response.status_code == 400
    assert "Unknown channel “&lt;b&gt;nobody”" in read_page(response)


def test_a_channel_is_added_by_url_or_id(boards: Boards, signed_in: Client) -> None:
    Channel.objects.create(id="3", login="gamma", name="Gamma")
    Channel.objects.create(id="555", login="3", name="Three")
    Channel.objects.create(id="556", login="2460329693", name="Digits")
    typed = {"https://www.twitch.tv/Gamma/about": "3", "popout/gamma/chat": "3", "3": "3", "2460329693": "556"}
    for text, channel_id in typed.items():
        response = signed_in.get("/compare", {"channels": "2", "add": text})
        assert response.headers["Location"] == f"/compare?channels=2,{channel_id}", text
    response = signed_in.get("/compare", {"channels": "2", "add": "https://www.twitch.tv/videos/2460329693"})
    assert response.status_code == 400
    assert "This is the URL of a video." in read_page(response)


def test_the_empty_page_has_instructions_and_requires_sign_in(boards: Boards, signed_in: Client) -> None:
    assert "No channels to compare yet" in read_page(signed_in.get("/compare"))
    assert Client().get("/compare?channels=2").status_code == 302
    assert Client().get("/compare/lines?channels=2").status_code == 401
    assert signed_in.get("/compare/lines?channels=2").status_code == 503


def test_each_channel_has_its_percentile_among_channels_of_its_size(boards: Boards, signed_in: Client) -> None:
    page_services.reset()
    for n in range(20, 40):
        boards.list_channel(str(n), f"Channel {n}")
    boards.write_viewers({str(n): 1_000 + n for n in range(20, 40)})
    page = read_page(signed_in.get("/compare?channels=39,2&metric=viewers"))
    assert re.findall(r'same size, now"><span>([^<]*)<span class="cat">([^<]*)', page) == [
        ("100", "among 21 live channels: 1,000 – 4,999 viewers"),
        ("–", "fewer than 10 live channels: 10,000 – 24,999 viewers"),
    ]


class Stored:
    """Three minutes of each channel, without gaps; the second minute is the busiest."""

    def read_events(self, _channel: str, _from_ms: int, _until_ms: int) -> list[EventRecord]:
        return []

    def read_broadcasts(
        self, channel_ids: list[str], _from_ms: int, _until_ms: int
    ) -> dict[str, list[tuple[int, int]]]:
        return {channel_id: [] for channel_id in channel_ids}

    def read_windows(
        self, grain: str, _channel: str, from_ms: int, until_ms: int, _columns: object = None
    ) -> list[StoredWindow]:
        first_ms = now_ms() // MINUTE_MS * MINUTE_MS - 3 * MINUTE_MS
        ends = [first_ms + n * MINUTE_MS for n in (1, 2, 3)] if grain == "minute" else []
        heard = {"observed_ms": 60_000, "pulses": 60, "on_air_pulses": 60, "on_air_observed_ms": 60_000}
        viewers = {"viewers_sum": 6_000, "viewer_pulses": 60, "viewers_max": 110}
        return [
            StoredWindow(end_ms, {**heard, "messages": 40 if n == 1 else 10, **viewers})
            for n, end_ms in enumerate(ends)
            if from_ms < end_ms <= until_ms
        ]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.CASSANDRA_HOSTS = ["store"]
    monkeypatch.setattr(queries, "WindowStore", Stored)


def cells(page: str, name: str) -> list[str]:
    return [text.strip() for text in re.findall(rf"<td\s[^>]*data-{name}\s*>([^<]*)</td>", page)]


def test_the_legend_the_table_and_the_script_show_the_same_summary(
    boards: Boards, stored: None, signed_in: Client
) -> None:
    page = read_page(signed_in.get("/compare?channels=2&metric=messages&range=6h"))
    (average,) = cells(page, "average")
    assert (cells(page, "peak"), average) == (["20"], "10")
    assert re.findall(r"<b data-value>([^<]*)</b>", page) == [average]
    (line,) = cast("list[dict[str, Any]]", start_of(page)["lines"])
    summary = line["metrics"]["messages"]["summary"]
    assert (summary["peak"], summary["average"]) == ("20", average)
    assert (cells(page, "viewers"), line["viewers"]) == (["100"], "100")
    assert "Busiest minute<br>msg / 30 s" in page


def test_coverage_has_no_peak(boards: Boards, stored: None, signed_in: Client) -> None:
    page = read_page(signed_in.get("/compare?channels=2&metric=coverage&range=6h"))
    assert cells(page, "peak") == []
    assert len(cells(page, "average")) == 1
    assert not re.search(r"(Peak|Busiest minute)<br>", page)


def test_past_ranges_show_no_live_values(boards: Boards, stored: None, signed_in: Client) -> None:
    live = read_page(signed_in.get("/compare?channels=2&metric=messages&range=6h"))
    past = read_page(
        signed_in.get("/compare?channels=2&metric=messages&from=2026-01-01T00:00Z&until=2026-01-01T06:00Z")
    )
    assert ("data-now" in live, "Now<br>" in live) == (True, True)
    assert ("data-now" in past, "Now<br>" in past) == (False, False)
    assert ("same size, now" in live, "same size" in past) == (True, False)


def test_a_peak_is_never_below_the_live_value_beside_it(boards: Boards, stored: None, signed_in: Client) -> None:
    query = "channels=2&metric=viewers&range=6h"
    page = read_page(signed_in.get(f"/compare?{query}"))
    assert re.findall(r"<span data-now>([^<]*)</span>", page) == ["12,418"]
    assert cells(page, "peak") == ["12,418"]
    (line,) = cast("list[dict[str, Any]]", start_of(page)["lines"])
    viewers = line["metrics"]["viewers"]
    assert (viewers["now"], viewers["summary"]["peak"], viewers["summary"]["peak_value"]) == (
        "12,418",
        "12,418",
        12_418,
    )


def test_the_exported_peak_matches_the_exported_range(boards: Boards, stored: None, signed_in: Client) -> None:
    response = signed_in.get("/compare/summary.ndjson?channels=2&metric=viewers&range=6h")
    (_, row) = map(json.loads, content_of(response).splitlines())
    span = read_span(row["from"], row["to"], now_ms())
    assert span is not None
    stated = past_range(span.from_ms, span.until_ms, now_ms())
    best = queries.series("2", stated, now_ms(), [METRIC["viewers"]]).summary.peaks["viewers"]
    assert (row["viewers_now"], row["viewers_peak"], row["peak_at"]) == (12_418, best.value, iso(best.end_ms))
    assert best.value == 110


def test_current_broadcasts_have_peaks_from_windows_of_the_same_length(
    boards: Boards, stored: None, signed_in: Client
) -> None:
    began = format_timestamp(dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC) - dt.timedelta(minutes=20))
    boards.list_channel("3", "Gamma", started_at=began)
    page = read_page(signed_in.get("/compare?channels=2,3&metric=messages&range=6h&align=stream"))
    lines = cast("list[dict[str, Any]]", start_of(page)["lines"])
    assert [line["metrics"]["messages"]["summary"]["peak_name"] for line in lines] == ["Busiest minute"] * 2


def test_if_one_broadcast_is_old_all_peaks_come_from_minutes(boards: Boards, stored: None, signed_in: Client) -> None:
    began = format_timestamp(dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC) - dt.timedelta(minutes=3))
    boards.list_channel("3", "Gamma", started_at=began)
    query = "/compare?channels=2,3&metric=messages&range=10m&align=stream"
    page = read_page(signed_in.get(query))
    lines = cast("list[dict[str, Any]]", start_of(page)["lines"])
    assert [line["metrics"]["messages"]["summary"]["peak_name"] for line in lines] == ["Busiest minute"] * 2
    assert "Busiest minute<br>msg / 30 s" in page
    # Alone, the current broadcast has peaks of 30-second windows.
    (line,) = cast("list[dict[str, Any]]", start_of(read_page(signed_in.get(query.replace("2,3", "3"))))["lines"])
    assert line["metrics"]["messages"]["summary"]["peak_name"] == "Peak"


def test_omitted_channels_are_counted(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/compare?channels=1,2,3,4,5,6,7,8,9,10,11,12,12"))
    assert "Only 10 channels can be compared, so 2 were omitted." in page
    assert "omitted. Remove" not in read_page(signed_in.get("/compare?channels=1,2,3"))


@pytest.mark.parametrize("query", ["metric=viewers&metric=spam", "metric=viewers,spam", "metric=viewers,spam,viewers,"])
def test_metrics_may_be_repeated_or_separated_by_commas(query: str) -> None:
    comparison = read_comparison(query_fields(QueryDict(query)), NOW)
    assert (comparison.metrics, comparison.errors) == (("viewers", "spam"), ())
    assert comparison.query() == "?metric=viewers,spam"


def test_the_default_is_one_metric_and_the_maximum_is_four(boards: Boards, signed_in: Client) -> None:
    assert read_comparison(query_fields(QueryDict("metric=")), NOW).metrics == ("messages",)
    five = read_comparison({"metric": "viewers,spam,messages,chatters,emotes"}, NOW)
    assert five.metrics == ("viewers", "spam", "messages", "chatters")
    assert five.errors == ("Choose up to 4 values for metric.",)
    response = signed_in.get("/compare?channels=2&metric=viewers&metric=love")
    assert response.status_code == 400
    assert "Unknown metric “love”" in read_page(response)


def test_each_of_several_metrics_has_a_chart_and_columns(boards: Boards, stored: None, signed_in: Client) -> None:
    page = read_page(signed_in.get("/compare?channels=2&metric=viewers&metric=messages&range=6h"))
    assert re.findall(r'<div class="chart"[^>]* data-metric="(\w+)"', page) == ["viewers", "messages"]
    assert page.count('id="chart"') == 1
    assert "<h2>Viewers</h2>" in page
    assert "<h2>Messages, msg / 30 s</h2>" in page
    assert cells(page, "average") == ["100", "10"]
    assert re.findall(r'name="metric" value="(\w+)" checked', page) == ["viewers", "messages"]
    assert '<input type="hidden" name="metric" value="viewers,messages">' in page, "adding a channel keeps the metrics"
    start = start_of(page)
    assert start["units"] == {"viewers": "viewers", "messages": "msg / 30 s"}
    (line,) = cast("list[dict[str, Any]]", start["lines"])
    assert {key: len(metric["values"]) for key, metric in line["metrics"].items()} == {"viewers": 3, "messages": 3}
    assert line["previous"] is None


def test_the_previous_period_has_the_length_and_the_windows_of_the_range() -> None:
    ranges = compared_ranges(Comparison(range="6h"), [0], NOW)
    ((current, before),) = with_previous(ranges, [6 * HOUR_MS], NOW)
    assert before is not None
    (from_ms, until_ms) = current.bounds(NOW)
    assert before.bounds(NOW) == (from_ms - 6 * HOUR_MS, from_ms)
    assert (current.grain, before.grain) == ("minute", "minute")
    assert until_ms <= NOW
    # The 30-second windows of an earlier stream have expired, so both lines are drawn by the minute.
    recent = past_range(NOW - HOUR_MS, NOW, NOW)
    ((current, before),) = with_previous([recent], [60 * HOUR_MS], NOW)
    assert (recent.grain, current.grain, before and before.grain) == ("live", "minute", "minute")
    assert with_previous([recent], [None], NOW) == [(recent, None)]


def test_the_previous_period_is_drawn_on_request(boards: Boards, stored: None, signed_in: Client) -> None:
    page = read_page(signed_in.get("/compare?channels=2&range=6h"))
    assert 'href="?channels=2&amp;range=6h&amp;previous=1"' in page
    page = read_page(signed_in.get("/compare?channels=2&range=6h&previous=1"))
    assert "previous period</span>" in page
    (line,) = cast("list[dict[str, Any]]", start_of(page)["lines"])
    assert (line["previous"]["zero_ms"], line["previous"]["values"]) == (-6 * HOUR_MS, {"messages": []})


def test_when_aligned_by_stream_the_previous_line_is_the_previous_stream(
    boards: Boards, stored: None, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_ms = now_ms() // 1000 * 1000 - HOUR_MS
    began = format_timestamp(dt.datetime.fromtimestamp(started_ms / 1000, dt.UTC))
    boards.list_channel("3", "Gamma", started_at=began)
    before_ms = started_ms - DAY_MS
    stored_streams = [SimpleNamespace(started_ms=started_ms), SimpleNamespace(started_ms=before_ms)]
    monkeypatch.setattr(BroadcastStore, "read", lambda *_: stored_streams)
    page = read_page(signed_in.get("/compare?channels=3&range=1h&align=stream&previous=1"))
    (line,) = cast("list[dict[str, Any]]", start_of(page)["lines"])
    assert (line["zero_ms"], line["previous"]["zero_ms"]) == (started_ms, before_ms)
    assert "With the previous stream" in page
