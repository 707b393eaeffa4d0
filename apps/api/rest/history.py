"""Channel history endpoints: series, events and streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.rest.channels import find_channel
from apps.api.rest.paging import page, read_cursor
from apps.api.rest.request_schemas import EventsQuery, PageQuery, SeriesQuery
from apps.api.rest.response_schemas import history as schemas
from apps.api.rest.responses import FIVE_SECONDS, ONE_MINUTE, ApiResponse, Table
from apps.api.rest.time_ranges import is_past, requested_interval, requested_range, with_end, with_grain
from apps.api.rest.view import TABLES, ApiView, run_in_cassandra_thread
from apps.api.scopes import Scope
from apps.metrics import queries as history
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.chart_ranges import Range
from apps.metrics.event_history import Position, stored_events
from apps.metrics.event_marks import EventMark
from apps.metrics.exports.formats import COVERAGE, Cell, ExportColumn, metric_column
from apps.metrics.exports.intervals import Interval, non_overlapping, stored
from apps.metrics.exports.raw_counts import columns_in, counts_behind
from apps.metrics.exports.series import EVENT_COLUMNS, count_cells, count_columns, event_rows
from apps.metrics.periods import Figures
from apps.metrics.queries import Point, Series, peak_unit, value_of
from apps.metrics.series_version import series_version
from apps.metrics.spans import iso
from apps.metrics.store import WindowStore
from core.errors import NotFound
from core.inputs.numbers import parse_whole_number
from core.metrics.broadcasts import Broadcast
from core.metrics.columns import WINDOW_MS
from core.metrics.table import METRIC
from core.metrics.units import unit_of
from twitchly.clock import now_ms

# Stream ids are start times in ms; a larger one is not a valid time.
MS_MAX = 10**15
NO_STREAM = "This channel has no finished stream with this ID."


@dataclass(frozen=True, slots=True)
class SeriesColumns:
    """Windows of a series, column by column."""

    points: Sequence[Point]
    keys: Sequence[str]

    @property
    def end_ms(self) -> list[int]:
        return [point.end_ms for point in self.points]

    @property
    def coverage(self) -> list[float]:
        return [point.coverage for point in self.points]

    @property
    def values(self) -> dict[str, list[float | None]]:
        return {key: [value_of(point, key) for point in self.points] for key in self.keys}


@dataclass(frozen=True, slots=True)
class SeriesSummary(Figures):
    """Values and peaks over the range of a series; peaks of a short range come from 30-second windows."""

    range: Range

    @property
    def peak_units(self) -> dict[str, str]:
        return {key: peak_unit(METRIC[key], self.range) for key in self.keys if METRIC[key].has_peak}


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """A series of the requested metrics, with its points at the requested interval."""

    channel_id: str
    series: Series
    keys: Sequence[str]
    now_ms: int
    interval: Interval

    @property
    def from_ms(self) -> int:
        return self.series.range.bounds(self.now_ms)[0]

    @property
    def until_ms(self) -> int:
        return self.series.range.bounds(self.now_ms)[1]

    @property
    def window_s(self) -> int:
        return WINDOW_MS[self.series.range.grain] // 1000

    @property
    def step_s(self) -> int:
        return self.interval.step_ms // 1000

    @property
    def units(self) -> dict[str, str]:
        return {key: unit_of(METRIC[key], self.series.range.grain) for key in self.keys}

    @property
    def points(self) -> SeriesColumns:
        return SeriesColumns(self.interval.of(self.series.points), self.keys)

    @property
    def summary(self) -> SeriesSummary:
        return SeriesSummary(self.series.summary, self.keys, self.series.range)


class SeriesView(ApiView):
    scopes = {"get": Scope.READ_SERIES}
    renderer_classes = TABLES

    @operation(
        "get_series",
        "Get a time series",
        "History",
        query=SeriesQuery,
        responses=schemas.Series,
        etag=True,
        description="JSON is column-oriented. CSV and NDJSON have a row per window. The field `coverage` is 0 to 1 "
        "everywhere. In CSV and NDJSON, the metric `coverage` (in %) is named `coverage_percent`. Gaps are never "
        "filled in. CSV and NDJSON also contain the raw counts behind the metrics, such as `count_messages`. Their "
        "windows do not overlap, except with `interval=10s`, and the header marks the columns that can be summed.",
    )
    async def get(self, _request: Request, channel_id: str) -> ApiResponse:
        query, now = self.query, now_ms()
        keys, interval = query["metrics"], requested_interval(query)
        range_ = with_grain(requested_range(query, now), interval.grain if interval else query.get("grain"), now)
        range_ = with_end(range_, now)
        await find_channel(self.services.readings, channel_id)
        cache_control = ONE_MINUTE if is_past(range_, now) else FIVE_SECONDS
        version = await run_in_cassandra_thread(series_version, channel_id, range_, now)
        response = self.conditional_response(version, cache_control)
        if response.status_code == 304:
            return response
        metrics = [METRIC[key] for key in keys]
        counts = counts_behind(metrics, range_.grain)
        series = await run_in_cassandra_thread(history.series, channel_id, range_, now, metrics, columns_in(counts))
        measured = MeasuredSeries(channel_id, series, keys, now, interval or stored(range_.grain))
        table = series_table(series, keys, interval or non_overlapping(range_.grain))
        response.data, response.table = schemas.Series.produce(measured), table
        return response


class EventsView(ApiView):
    scopes = {"get": Scope.READ_EVENTS}
    renderer_classes = TABLES

    @operation(
        "list_events",
        "List events of a channel",
        "History",
        query=EventsQuery,
        responses=schemas.EventList,
        description="Raids, gift bombs, moderation, title and category changes, and gaps (`gap`), including missed "
        "time that no recorded gap covers.",
    )
    async def get(self, _request: Request, channel_id: str) -> ApiResponse:
        query, now = self.query, now_ms()
        from_ms, until_ms = requested_range(query, now).event_bounds(now)
        limit, cursor, after = query["limit"], read_cursor(self.list_id, query.get("cursor")), None
        if cursor is not None:
            # Reuse the first page's range start, so that chunks and gaps clipped at the start are the same on every
            # page.
            *position, from_ms = cursor
            after = (int(position[0]), str(position[1]))
        await find_channel(self.services.readings, channel_id)
        events = await run_in_cassandra_thread(_events, channel_id, from_ms, until_ms, now, after, limit + 1)
        events_page = page(events, limit, lambda event: [event.at_ms, event.id, from_ms], self.list_id)
        return ApiResponse(schemas.EventList.produce(events_page), table=event_table(events[:limit]))


class StreamsView(ApiView):
    scopes = {"get": Scope.READ_SERIES}

    @operation(
        "list_streams",
        "List finished streams of a channel",
        "History",
        query=PageQuery,
        responses=schemas.StreamList,
    )
    async def get(self, _request: Request, channel_id: str) -> ApiResponse:
        query = self.query
        before_ms = read_cursor(self.list_id, query.get("cursor"))
        await find_channel(self.services.readings, channel_id)
        streams = await run_in_cassandra_thread(_streams, channel_id, query["limit"] + 1, before_ms)
        streams_page = page(streams, query["limit"], lambda stream: stream.started_ms, self.list_id)
        return ApiResponse(schemas.StreamList.produce(streams_page))


class StreamView(ApiView):
    scopes = {"get": Scope.READ_SERIES}

    @operation("get_stream", "Get a stream summary", "History", responses=schemas.StreamSummary, etag=True)
    async def get(self, _request: Request, channel_id: str, stream_id: str) -> ApiResponse:
        await find_channel(self.services.readings, channel_id)
        started_ms = parse_whole_number(stream_id)
        if started_ms is None or started_ms >= MS_MAX:
            raise NotFound(NO_STREAM)
        stream = await run_in_cassandra_thread(_stream, channel_id, started_ms)
        if stream is None:
            raise NotFound(NO_STREAM)
        return ApiResponse(schemas.StreamSummary.produce(stream), ONE_MINUTE)


def _events(
    channel_id: str, from_ms: int, until_ms: int, now_ms: int, after: Position | None, count: int
) -> list[EventMark]:
    return list(islice(chain.from_iterable(stored_events(channel_id, from_ms, until_ms, now_ms, after)), count))


def _streams(channel_id: str, limit: int, before_ms: int | None) -> list[Broadcast]:
    return BroadcastStore(WindowStore()).read(channel_id, limit, before_ms)


def _stream(channel_id: str, started_ms: int) -> Broadcast | None:
    return BroadcastStore(WindowStore()).find(channel_id, started_ms)


def series_table(series: Series, keys: Sequence[str], interval: Interval) -> Table:
    """Return a series as rows of metrics and of the raw counts behind them."""
    metrics = [METRIC[key] for key in keys]
    counts = counts_behind(metrics, interval.grain)
    values = [metric_column(metric, unit_of(metric, interval.grain)) for metric in metrics]
    fields = [ExportColumn("end", "UTC"), COVERAGE, *values, *count_columns(counts, interval)]

    def cells() -> list[list[Cell]]:
        return [
            [iso(p.end_ms), p.coverage, *(value_of(p, key) for key in keys), *count_cells(p, counts)]
            for p in interval.of(series.points)
        ]

    return Table(fields, cells)


def event_table(events: Sequence[EventMark]) -> Table:
    return Table(EVENT_COLUMNS, lambda: event_rows(events))
