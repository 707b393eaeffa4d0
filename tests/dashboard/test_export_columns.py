"""Columns of each export: names are unique, and `coverage` is a share from 0 to 1."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from django.test import Client

from apps.api.rest.boards import board_table
from apps.api.rest.channels import FIELDS as API_CHANNEL_COLUMNS
from apps.api.rest.history import event_table, series_table
from apps.api.rest.responses import Table
from apps.dashboard.compare.comparison import COMPARED, Align, Comparison, Scale
from apps.dashboard.exports.tables import (
    CHANNEL_COLUMNS,
    STREAM_COLUMNS,
    board_columns,
    channel_row,
    hour_columns,
    line_columns,
    line_rows,
    stream_rows,
    summary_columns,
    summary_row,
)
from apps.live.board import Board
from apps.metrics.chart_ranges import RANGES
from apps.metrics.exports.formats import Cell, ExportColumn, Format, sheet_writer_of, writer_of
from apps.metrics.exports.intervals import INTERVALS
from apps.metrics.exports.series import EVENT_COLUMNS, point_columns, point_rows
from apps.metrics.queries import Point, Series
from core.metrics.broadcasts import Broadcast
from core.metrics.columns import STORED_GRAINS
from core.metrics.table import BOARDS, METRIC, METRICS
from tests.dashboard.conftest import Boards, content_of
from tests.dashboard.test_exports import CHANNEL, T, compared
from tests.page_services import page_services

PARTLY = Series(RANGES["10m"], [Point(T, 0.6035, {"messages": 7, "coverage": 60.35})], [], [])
COMPARISONS = [
    Comparison(("2",), metrics, align=align, scale=scale)
    for metrics, align, scale in product(
        [*((metric.key,) for metric in COMPARED), ("viewers", "coverage", "engagement", "messages")],
        get_args(Align),
        get_args(Scale),
    )
]


def api_series() -> Table:
    return series_table(PARTLY, list(METRIC), INTERVALS["10s"])


def tables() -> Iterator[tuple[str, list[ExportColumn]]]:
    for key, interval in INTERVALS.items():
        yield f"windows {key}", point_columns(interval)
    yield "events", EVENT_COLUMNS
    yield "streams", STREAM_COLUMNS
    yield "channels", [*CHANNEL_COLUMNS, ExportColumn("size_band", "viewers")]
    for metric in BOARDS:
        for window in metric.windows:
            yield f"board {metric.key} {window}", board_columns(Board(metric.key, window=window))
        yield f"API board {metric.key}", list(board_table(Board(metric.key), []).fields)
    for metric in METRICS:
        yield f"hour {metric.key}", hour_columns(metric.key)
    for comparison in COMPARISONS:
        for grain in STORED_GRAINS:
            yield f"lines {comparison.query()} {grain}", line_columns(comparison, grain)
        yield f"summary {comparison.query()}", summary_columns(comparison, RANGES[comparison.range])
    yield "API series", list(api_series().fields)
    yield "API events", list(event_table([]).fields)
    yield "API channels", [ExportColumn(name) for name in API_CHANNEL_COLUMNS]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_column_names_are_unique(form: Format) -> None:
    for name, fields in tables():
        for write in (writer_of, sheet_writer_of):
            names = names_in(form, write(form, fields).head())
            assert len(set(names)) == len(names) == len(fields), name


def test_every_table_of_figures_has_the_coverage_of_its_windows() -> None:
    for name, fields in tables():
        names = {field.name for field in fields}
        assert ("coverage" in names) != (name in ("events", "API events", "API channels")), name
        assert ("distinct_coverage" in names) == ("distinct_end" in names), name


def names_in(form: Format, head: str) -> list[str]:
    if form == "csv":
        heads = next(csv.reader(io.StringIO(head.removeprefix("\ufeff"), newline="")))
        return [item.partition(" (")[0] for item in heads]
    ((_, pairs), *_) = json.loads(head, object_pairs_hook=list)
    return [name for name, _ in pairs]


def as_objects(fields: list[ExportColumn], rows: list[list[Cell]]) -> list[dict[str, object]]:
    return [json.loads(line) for line in writer_of("ndjson", fields).rows(rows).splitlines()]


def test_coverage_is_exported_as_a_share_and_the_coverage_metric_as_a_percentage() -> None:
    comparison = Comparison(("2",), ("coverage",))
    series = api_series()
    (api,) = as_objects(list(series.fields), [list(row) for row in series.rows()])
    assert (api["coverage"], api["coverage_percent"]) == (0.6035, 60.35)
    (window,) = as_objects(point_columns(INTERVALS["10s"]), point_rows(PARTLY, INTERVALS["10s"]))
    assert window["coverage"] == 0.6035
    (rows,) = line_rows(comparison, "live", [compared(0, "coverage")])
    assert as_objects(line_columns(comparison, "live"), rows)[-1]["coverage"] == 0.5
    (summary,) = as_objects(
        summary_columns(comparison, RANGES[comparison.range]), [summary_row(comparison, compared(0, "coverage"))]
    )
    assert 0 < float(str(summary["coverage"])) < 1
    assert {"coverage_percent_now", "coverage_percent_average"} <= {
        field.name for field in summary_columns(comparison, RANGES[comparison.range])
    }
    (stream,) = as_objects(STREAM_COLUMNS, stream_rows([Broadcast("1", T, T + 1, 9, 0.51234)]))
    assert stream["coverage"] == 0.5123
    (channel,) = as_objects(CHANNEL_COLUMNS, [channel_row(CHANNEL)])
    assert channel["coverage"] == 1
    distinct = replace(CHANNEL, distinct_end_ms=T - 1_000, distinct_coverage=0.51234)
    (channel,) = as_objects(CHANNEL_COLUMNS, [channel_row(distinct)])
    assert (channel["coverage"], channel["distinct_coverage"]) == (1, 0.5123)


def test_live_exports_also_have_coverage_as_a_share(boards: Boards, signed_in: Client) -> None:
    boards.write_viewers({"1": 50_000}, observed_ms=18_105)
    page_services.reset()
    for path in ("/board.ndjson", "/discover.ndjson"):
        rows = [json.loads(line) for line in content_of(signed_in.get(path)).splitlines()[1:]]
        (row,) = (row for row in rows if row["id"] == "1")
        assert row["coverage"] == 0.6035
