"""Exports: formats, ranges and errors."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.services import ensure_user
from apps.dashboard.channel.peer_groups import PeerGroup
from apps.dashboard.compare.comparison import Align, Comparison, Scale
from apps.dashboard.compare.page import Line, Measure
from apps.dashboard.exports.tables import (
    STREAM_COLUMNS,
    hour_rows,
    line_columns,
    line_rows,
    stream_rows,
    summary_columns,
    summary_row,
)
from apps.dashboard.exports.wide import wide_columns, wide_rows
from apps.dashboard.summary import summarize
from apps.live.directory import Profile
from apps.live.readings import ChannelNow
from apps.metrics import queries
from apps.metrics.chart_ranges import RANGES, past_range
from apps.metrics.exports.formats import Cell, ExportColumn, sheet_writer_of, writer_of
from apps.metrics.exports.intervals import INTERVALS
from apps.metrics.exports.series import (
    chunks,
    in_grain,
    point_columns,
    point_rows,
)
from apps.metrics.gaps import NOT_HEARD
from apps.metrics.queries import Point, Series
from apps.metrics.spans import Span, iso
from apps.workspaces import services as watchlists
from core.irc.channel_events import label
from core.metrics.broadcasts import Broadcast
from core.metrics.ranges import PeakValue, RangeSummary
from core.metrics.table import METRIC
from core.metrics.units import average_unit
from core.pipeline.records import EventRecord
from core.times import DAY_MS, HOUR_MS
from tests.dashboard.conftest import EMAIL, Boards, content_of, use_redis
from tests.dashboard.missed_history import MissedStore
from tests.dashboard.test_pages import rows_of
from tests.page_services import page_services
from twitchly.clock import now_ms

T = 1_795_392_000_000
FIELDS = [ExportColumn("channel"), ExportColumn("messages", "msg / 30 s"), ExportColumn("viewers", "viewers")]


def test_csv_has_units_in_its_header_and_empty_cells_for_unknown_values() -> None:
    writer = writer_of("csv", FIELDS)
    text = writer.head() + writer.rows([["a, b", 1.5, None]])
    assert text == '\ufeffchannel,messages (msg / 30 s),viewers (viewers)\r\n"a, b",1.5,\r\n'


def test_csv_exported_from_pages_has_readable_headings_and_spreadsheet_times() -> None:
    fields = [ExportColumn("began", "UTC", words="Start"), ExportColumn("peak_at", "UTC"), *FIELDS]
    writer = sheet_writer_of("csv", fields)
    text = writer.head() + writer.rows(
        [[iso(T), None, "2026-01-01T00:00:00Z", 1.5, None], [iso(T + 5), "", "=1", 2, 3]]
    )
    assert text.splitlines() == [
        "\ufeffStart (UTC),Peak at (UTC),Channel,Messages (msg / 30 s),Viewers (viewers)",
        "2026-11-23 00:00:00,,2026-01-01T00:00:00Z,1.5,",
        "2026-11-23 00:00:00.005,,'=1,2,3",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "=cmd|' /C calc'!A0"])
def test_formulas_are_escaped_in_csv(text: str) -> None:
    rows: list[list[Cell]] = [[text, -1.5, 2]]
    (read,) = csv.reader(io.StringIO(writer_of("csv", FIELDS).rows(rows), newline=""))
    assert read == [f"'{text}", "-1.5", "2"]


def test_ndjson_starts_with_a_schema_and_omits_unknown_values() -> None:
    writer = writer_of("ndjson", FIELDS)
    lines = (writer.head() + writer.rows([["=é", 1.5, None], ["b", None, 3]])).splitlines()
    schema = {"channel": "", "messages": "msg / 30 s", "viewers": "viewers"}
    assert json.loads(lines[0]) == {"schema": schema, "may_be_summed": []}
    assert [json.loads(line) for line in lines[1:]] == [
        {"channel": "=é", "messages": 1.5},
        {"channel": "b", "viewers": 3},
    ]


def test_long_spans_are_read_in_consecutive_chunks() -> None:
    displayed = past_range(T - 89 * DAY_MS, T - HOUR_MS, T)
    minutes = in_grain(displayed, "minute", T)
    assert minutes is not None
    parts = list(chunks(minutes, T))
    ends = [part.until_ms for part in parts]
    starts = [(part.until_ms or 0) - part.span_ms for part in parts]
    assert (starts[0], ends[-1], len(parts)) == (T - 89 * DAY_MS, T - HOUR_MS, 45)
    assert starts[1:] == ends[:-1]
    assert {part.grain for part in parts} == {"minute"}


def test_expired_windows_cannot_be_exported() -> None:
    displayed = past_range(T - 3 * DAY_MS, T - 2 * DAY_MS, T)
    assert in_grain(displayed, "live", T) is None
    assert in_grain(displayed, "hour", T) is not None


def test_window_rows_contain_end_length_coverage_and_metrics() -> None:
    series = Series(
        RANGES["10m"],
        [Point(T, 0.9876, {"viewers": 12, "spam": 1.23456}), Point(T + 10_000, 0, {"messages": 0})],
        [],
        [],
    )
    interval = INTERVALS["10s"]
    names = [field.name for field in point_columns(interval)]
    first, second = (dict(zip(names, row, strict=True)) for row in point_rows(series, interval))
    assert (first["end"], first["length"], first["coverage"]) == (iso(T), 30, 0.9876)
    assert (first["viewers"], first["spam"], first["chatters"]) == (12, 1.2346, None)
    # Values of windows that were not heard are unknown, not 0.
    assert (second["coverage"], second["messages"]) == (0, None)


@pytest.mark.parametrize("interval", ["1m", "1h"])
def test_the_event_export_contains_the_gaps_of_the_series_for_every_interval(
    boards: Boards, signed_in: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, interval: str
) -> None:
    until_ms = now_ms() // HOUR_MS * HOUR_MS - DAY_MS
    from_ms, edge_ms = until_ms - 34 * DAY_MS, until_ms - 3 * DAY_MS
    raid = EventRecord("r", "raid", "1", edge_ms, count=5)
    # Minutes are exported in chunks of 2 days, events in chunks of 31 days.
    missed = [
        (from_ms + 2 * DAY_MS + at_ms, from_ms + 2 * DAY_MS + at_ms + 6 * HOUR_MS) for at_ms in (-5_400_000, DAY_MS)
    ]
    missed.append((edge_ms - HOUR_MS, edge_ms + 2 * HOUR_MS))
    store = MissedStore(missed, (), [raid])
    settings.CASSANDRA_HOSTS = ["invented"]
    monkeypatch.setattr(queries, "WindowStore", lambda: store)
    response = signed_in.get(f"/channels/1/events.csv?from={iso(from_ms)}&until={iso(until_ms)}&interval={interval}")
    table = list(csv.reader(io.StringIO(content_of(response).removeprefix("\ufeff"), newline="")))
    assert table == [
        ["Start (UTC)", "End (UTC)", "Kind", "Count", "Event"],
        *([in_words(since_ms), in_words(end_ms), "gap", "", NOT_HEARD] for since_ms, end_ms in missed),
        [in_words(edge_ms), "", "raid", "5", label("raid", 5, "")],
    ]


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("range=9y", 400, "Unknown range"),
        ("grain=day", 400, "Unknown grain"),
        ("range=7d&grain=live", 400, "Choose a longer interval"),
        ("from=2026-01-01", 400, "is missing"),
        ("", 503, "History is unavailable"),
    ],
)
def test_invalid_exports_are_reported(boards: Boards, signed_in: Client, query: str, status: int, reason: str) -> None:
    response = signed_in.get(f"/channels/1/windows.csv?{query}")
    assert response.status_code == status
    assert reason in response.json()["reason"]


def test_unknown_channels_unknown_formats_and_anonymous_visitors_are_rejected(
    boards: Boards, signed_in: Client
) -> None:
    assert signed_in.get("/channels/404/windows.csv").status_code == 404
    assert signed_in.get("/channels/1/windows.xls").status_code == 404
    assert Client().get("/channels/1/windows.csv").status_code == 401


def in_words(at_ms: int) -> str:
    """Return a time in the format that spreadsheets recognize."""
    return iso(at_ms).replace("T", " ").removesuffix("Z")


def table(response: HttpResponseBase) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(content_of(response).removeprefix("\ufeff"), newline="")))


def objects(response: HttpResponseBase) -> list[dict[str, object]]:
    return [json.loads(line) for line in content_of(response).splitlines()[1:]]


def test_a_board_is_exported_as_displayed(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("2", "Beta", category="Music")
    for query, names in (("", ["Beta", "Alpha", "Gamma"]), ("?category=Chess", ["Alpha", "Gamma"])):
        displayed = [[row[0], row[1], row[-1].replace(",", "")] for row in rows_of(signed_in.get(f"/{query}"))]
        rows = table(signed_in.get(f"/board.csv{query}"))
        assert [[row["Rank"], row["Channel"], row["Viewers (viewers)"]] for row in rows] == displayed
        assert [row["name"] for row in objects(signed_in.get(f"/board.ndjson{query}"))] == names
    row = rows[0]
    assert (row["Channel ID"], row["Coverage, share"], row["Window end (UTC)"]) == ("1", "1.0", in_words(boards.end_ms))
    assert (row["Category"], row["Language code"], row["Language"]) == ("Chess", "en", "English")
    assert row["State"] == "live"


def test_the_board_export_contains_all_ranked_channels(boards: Boards, signed_in: Client) -> None:
    viewers = {str(number): number * 10 for number in range(1, 131)}
    boards.end_ms += 1_000
    for channel_id in viewers:
        boards.list_channel(channel_id, f"Name {channel_id}")
    boards.write_viewers(viewers)
    assert len(rows_of(signed_in.get("/?size=10"))) == 10
    rows = table(signed_in.get("/board.csv?size=10"))
    assert [row["Rank"] for row in rows] == [str(rank) for rank in range(1, 131)]


def test_the_board_export_has_the_unit_of_its_metric(boards: Boards, signed_in: Client) -> None:
    response = signed_in.get("/board.csv?board=engagement&size=25")
    assert 'filename="twitchly-engagement-' in response.headers["Content-Disposition"]
    assert f"{METRIC['engagement'].name} ({METRIC['engagement'].unit})" in table(response)[0]


def test_names_and_categories_are_escaped_in_exports(boards: Boards, signed_in: Client) -> None:
    boards.list_channel("1", "=HYPERLINK(1)", category="@SUM(A1)")
    watchlist = watching("1")
    for path in ("/board.csv", "/discover.csv", f"/watchlists/{watchlist}/now.csv"):
        page_services.reset()
        row = next(row for row in table(signed_in.get(path)) if row["Channel ID"] == "1")
        assert (row["Channel"], row["Category"]) == ("'=HYPERLINK(1)", "'@SUM(A1)")
        assert row["Login"] == "'=hyperlink(1)"


def watching(*channel_ids: str) -> int:
    owner = User.objects.get(email=EMAIL)
    watchlist = watchlists.create(owner=owner, name="Mine")
    for channel_id in channel_ids:
        watchlists.add(owner=owner, channel_id=channel_id, watchlist=watchlist)
    return watchlist.pk


def test_a_watchlist_is_exported_in_list_order(boards: Boards, signed_in: Client) -> None:
    url = f"/watchlists/{watching('3', '404', '2')}"
    rows = table(signed_in.get(f"{url}/now.csv"))
    assert [(row["Channel ID"], row["Channel"], row["Viewers (viewers)"]) for row in rows] == [
        ("3", "Gamma", "500"),
        ("404", "", ""),
        ("2", "Beta", "12418"),
    ]
    assert f'href="{url}/now.csv"' in signed_in.get(url).content.decode()
    assert signed_in.get(f"{url}/hour.csv?metric=messages").status_code == 503


def test_only_the_owner_can_export_a_watchlist(boards: Boards, signed_in: Client) -> None:
    url = f"/watchlists/{watching('1')}"
    ensure_user(email="other@example.com", password="another long password")
    other = Client()
    assert other.login(username="other@example.com", password="another long password")
    for path in (f"{url}/now.csv", f"{url}/hour.ndjson", "/watchlists/999/now.csv"):
        assert other.get(path).status_code == 404
        assert Client().get(path).status_code == 302


def test_the_past_hour_of_a_watchlist_is_exported_by_channel() -> None:
    lines = {"2": [Point(T, 1.0, {"messages": 3.0}), Point(T + 60_000, 0.25, {"messages": 4.5})]}
    first, second = hour_rows("messages", ["1", "2"], {"2": CHANNEL}, lines)
    assert first == []
    assert second == [["2", "=Beta", iso(T), 60, 1.0, 3], ["2", "=Beta", iso(T + 60_000), 60, 0.25, 4.5]]


CHANNEL = ChannelNow(Profile("2", "beta", "=Beta", "Chess", "en"), T, 1.0, {"messages": 7}, {}, {})
POINTS = [
    Point(T + 60_000, 1.0, {"messages": 10, "viewers": 100}),
    Point(T + 120_000, 0.0, {"messages": 0, "viewers": 110}),
    Point(T + 180_000, 0.5, {"messages": 30, "viewers": 120}),
]


def compared(zero_ms: int = 0, *keys: str) -> Line:
    minutes = {"observed_ms": 90_000, "on_air_pulses": 180, "messages": 60}
    whole = RangeSummary(
        T,
        T + 180_000,
        minutes,
        {"messages": PeakValue(30, T + 180_000)},
        heard_ms=90_000,
        on_air_ms=180_000,
        on_air_heard_ms=90_000,
    )
    series = Series(past_range(T, T + 180_000, T + 180_000), POINTS, [], [], summary=whole)
    return Line(
        1,
        CHANNEL,
        zero_ms,
        series,
        tuple(measure(series, key) for key in keys or ("messages",)),
        110.0,
        1.25,
    )


def measure(series: Series, key: str) -> Measure:
    summary = summarize(series, key)
    return Measure(METRIC[key], summary, summary, PeerGroup("size", "1,000 viewers", 80, 12))


def test_a_comparison_of_several_metrics_has_columns_for_each() -> None:
    comparison = Comparison(("2",), ("messages", "coverage"), scale="index")
    names = [field.name for field in line_columns(comparison, "live")]
    assert names[5:9] == ["messages", "messages_index", "coverage_percent", "coverage_index"]
    (rows,) = line_rows(comparison, "live", [compared(0, "messages", "coverage")])
    assert rows[0][5:9] == [10, 50.0, 100, 200.0]
    columns = summary_columns(comparison, past_range(T, T + 180_000, T + 180_000))
    row = summary_row(comparison, compared(0, "messages", "coverage"))
    data = dict(zip([field.name for field in columns], row, strict=True))
    assert (data["messages_peak_at"], data["messages_average"], data["coverage_percent_average"]) == (
        iso(T + 180_000),
        20,
        50,
    )
    assert data["messages_percentile_of_size"] == data["coverage_percentile_of_size"] == 80


def test_a_comparison_is_exported_by_line() -> None:
    comparison = Comparison(("2",), ("messages",))
    (rows,) = line_rows(comparison, "live", [compared()])
    names = [field.name for field in line_columns(comparison, "live")]
    assert names == ["id", "name", "end", "length", "coverage", "messages", "count_messages", "observed_ms"]
    assert [row[2:6] for row in rows] == [
        [iso(T + 60_000), 30, 1.0, 10],
        [iso(T + 120_000), 30, 0.0, None],
        [iso(T + 180_000), 30, 0.5, 30],
    ]


@pytest.mark.parametrize(
    ("align", "scale", "first", "times", "values"),
    [
        ("clock", "values", "Window end (UTC)", [iso(T + n * 60_000) for n in (1, 2, 3)], [10, None, 30]),
        ("stream", "index", "Time into the stream (s)", [60, 120, 180], [50.0, None, 150.0]),
    ],
)
def test_a_comparison_in_wide_form_has_a_column_per_channel(
    align: Align, scale: Scale, first: str, times: list[object], values: list[object]
) -> None:
    comparison = Comparison(("2", "3"), ("messages",), span=Span(T, T + 180_000), align=align, scale=scale)
    line = compared(T if align == "stream" else 0)
    other = replace(line, number=2, channel=replace(CHANNEL, profile=Profile("3", "gamma", "Gamma")), series=None)
    columns = wide_columns(comparison, "live", [line, other])
    unit = "own average = 100" if scale == "index" else "msg / 30 s"
    head = next(csv.reader([sheet_writer_of("csv", columns).head().removeprefix("\ufeff")]))
    assert head == [first, f"'=Beta ({unit})", f"Gamma ({unit})"]
    assert wide_rows(comparison, "live", [line, other]) == [
        [time, value, None] for time, value in zip(times, values, strict=True)
    ]


def test_wide_columns_of_channels_with_the_same_name_are_distinct() -> None:
    line = compared()
    other = replace(line, channel=replace(CHANNEL, profile=Profile("3", "beta2", "=Beta")))
    assert [column.words for column in wide_columns(Comparison(("2", "3")), "live", [line, other])[1:]] == [
        "=Beta 2",
        "=Beta 3",
    ]


def test_the_comparison_export_includes_stream_time_and_index() -> None:
    comparison = Comparison(("2",), ("messages",), span=Span(T, T + 180_000), align="stream", scale="index")
    (rows,) = line_rows(comparison, "live", [compared(T)])
    names = [field.name for field in line_columns(comparison, "live")]
    data = [dict(zip(names, row, strict=True)) for row in rows]
    assert [(row["into_stream"], row["messages"], row["index"]) for row in data] == [
        (60, 10, 50.0),
        (120, None, None),
        (180, 30, 150.0),
    ]


def test_an_unknown_peak_is_not_a_lower_bound_in_exports() -> None:
    comparison = Comparison(("2",), ("messages",))
    names = [field.name for field in summary_columns(comparison, past_range(T, T + 180_000, T + 180_000))]
    line = compared()
    assert line.summary is not None
    summary = replace(line.summary, peak=None, peak_ms=None, lower_bound=True)
    unknown = replace(line, measures=(replace(line.measures[0], summary=summary),))
    row = dict(zip(names, summary_row(comparison, unknown), strict=True))
    assert (row["messages_peak"], row["peak_at"], row["peak_is_lower_bound"]) == (None, None, None)


def test_the_summary_export_of_coverage_has_no_peak() -> None:
    comparison = Comparison(("2",), ("coverage",))
    names = [field.name for field in summary_columns(comparison, past_range(T, T + 180_000, T + 180_000))]
    assert not [name for name in names if "peak" in name]
    assert len(summary_row(comparison, compared(0, "coverage"))) == len(names)


def test_the_summary_export_matches_the_page() -> None:
    comparison = Comparison(("2",), ("messages",))
    columns = summary_columns(comparison, past_range(T, T + 180_000, T + 180_000))
    names = [field.name for field in columns]
    row = dict(zip(names, summary_row(comparison, compared()), strict=True))
    assert (row["messages_now"], row["messages_peak"], row["messages_average"]) == (7, 30, 20)
    assert (row["peak_at"], row["peak_is_lower_bound"]) == (iso(T + 180_000), "yes")
    assert (row["viewers_mean"], row["engagement_mean"], row["percentile_of_size"]) == (110, 1.25, 80)
    assert (row["from"], row["to"]) == (iso(T), iso(T + 180_000))


@pytest.mark.parametrize(
    ("metric", "range_key", "unit"),
    [
        ("messages", "10m", "msg / 30 s"),
        ("messages", "6h", "msg / 30 s, busiest minute"),
        ("chatters", "6h", "chatters / min, busiest minute"),
        ("viewers", "6h", "viewers"),
    ],
)
def test_the_summary_export_includes_the_units_of_its_peak_and_average(metric: str, range_key: str, unit: str) -> None:
    columns = {field.name: field for field in summary_columns(Comparison(("2",), (metric,)), RANGES[range_key])}
    assert columns[f"{metric}_peak"].unit == unit
    assert columns[f"{metric}_average"].unit == average_unit(METRIC[metric])


def test_the_summary_export_of_a_past_range_has_no_current_values() -> None:
    comparison = Comparison(("2",), ("messages",), span=Span(T, T + 180_000))
    columns = summary_columns(comparison, past_range(T, T + 180_000, T + 180_000))
    assert not {"messages_now", "percentile_of_size"} & {field.name for field in columns}
    assert len(summary_row(comparison, compared())) == len(columns)


def test_a_comparison_without_history_is_not_exported(boards: Boards, signed_in: Client) -> None:
    for name in ("lines", "wide", "summary"):
        response = signed_in.get(f"/compare/{name}.csv?channels=1,2")
        assert (response.status_code, response.json()["reason"][:7]) == (503, "History")
    assert signed_in.get("/compare/lines.csv?channels=1&from=x").status_code == 400
    assert content_of(signed_in.get("/compare/summary.csv")).startswith("\ufeffChannel ID,Login,Channel")


def test_the_error_for_a_comparison_without_live_data_names_live_data(
    boards: Boards, signed_in: Client, settings: Settings
) -> None:
    use_redis(settings, "redis://127.0.0.1:1")
    page_services.reset()
    for path in ("/compare/lines.csv", "/compare/summary.ndjson", "/compare/lines"):
        response = signed_in.get(f"{path}?channels=1,2")
        assert (response.status_code, response.json()["reason"][:9]) == (503, "Live data"), path


def test_exports_require_access_to_the_board(boards: Boards, signed_in: Client, settings: Settings) -> None:
    for path in ("/board.csv", "/compare/lines.csv", "/discover.ndjson"):
        assert Client().get(path).status_code == 401
    use_redis(settings, "redis://127.0.0.1:1")
    page_services.reset()
    for path in ("/board.csv", "/discover.csv", f"/watchlists/{watching('1')}/now.csv"):
        assert signed_in.get(path).status_code == 503


def test_broadcast_exports_leave_unknown_values_empty(boards: Boards, signed_in: Client) -> None:
    heard, partly = Broadcast("1", T, T + HOUR_MS, 9, 1.0, 100, 81.25, 81.25), Broadcast("1", T, T + HOUR_MS, 9, 0.5)
    names = [field.name for field in STREAM_COLUMNS]
    first, second = (dict(zip(names, row, strict=True)) for row in stream_rows([heard, partly]))
    assert (first["began"], first["viewers_mean"], first["is_lower_bound"]) == (iso(T), 81.25, "no")
    assert (second["viewers_peak"], second["hours_watched"], second["is_lower_bound"]) == (None, None, "yes")
    assert second["viewers_is_lower_bound"] is None
    (unheard,) = stream_rows([Broadcast("1", T, T + HOUR_MS, 0, 0.0)])
    assert unheard[names.index("messages")] is unheard[names.index("is_lower_bound")] is None
    bounds = stream_rows(
        [replace(partly, peak_viewers=100, viewers_coverage=1.0), replace(heard, viewers_coverage=0.9)]
    )
    assert [row[names.index("is_lower_bound") :] for row in bounds] == [["yes", "no"], ["no", "yes"]]
    assert signed_in.get("/channels/1/streams.csv").status_code == 503
    assert signed_in.get("/channels/404/streams.csv").status_code == 404
    assert 'href="/channels/1/streams.csv"' in signed_in.get("/?channel=1").content.decode()
