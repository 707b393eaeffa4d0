"""The past of a channel: its series, what happened to it, its streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rest_framework.request import Request

from apps.api.description.schema import operation
from apps.api.rest import response_schemas
from apps.api.rest.channels import find_channel
from apps.api.rest.event_pages import read_events
from apps.api.rest.paging import page, read_cursor
from apps.api.rest.request_schemas import EventsQuery, Paged, SeriesQuery
from apps.api.rest.responses import A_MINUTE, FIVE_SECONDS, Answer, Table, moment
from apps.api.rest.spans import asked_interval, asked_span, ends_of, is_past, settled_ms, with_grain
from apps.api.rest.view import TABLES, ApiView, run_in_cassandra_thread
from apps.api.scopes import Scope
from apps.metrics import queries as history
from apps.metrics.broadcast_store import BroadcastStore
from apps.metrics.event_marks import EventMark
from apps.metrics.exports.formats import COVERAGE, Cell, ExportColumn, metric_column
from apps.metrics.exports.intervals import Interval, non_overlapping, stored
from apps.metrics.exports.raw_counts import columns_in, counts_behind
from apps.metrics.exports.series import EVENT_COLUMNS, count_cells, count_columns
from apps.metrics.queries import GapSpan, Series, value_of
from apps.metrics.series_version import series_version
from apps.metrics.spans import iso
from apps.metrics.store import WindowStore
from core.errors import NotFound
from core.metrics.broadcasts import Broadcast
from core.metrics.columns import WINDOW_MS
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRIC
from twitchly.clock import now_ms

# Times of more digits are none.
MS_MAX = 10**15


class SeriesView(ApiView):
    scopes = {"get": Scope.READ_SERIES}
    renderer_classes = TABLES

    @operation(
        "get_series",
        "Metrics of a channel over time, with gaps and coverage",
        "History",
        query=SeriesQuery,
        responses=response_schemas.Series,
        tagged=True,
        description="By columns as JSON, a row a window as CSV and NDJSON. The field `coverage` is 0 to 1 everywhere; "
        "in CSV and NDJSON the metric `coverage`, in %, is called `coverage_percent`. A gap is never filled in. "
        "CSV and NDJSON also have the raw counts behind the metrics, as `count_messages`; their windows do not overlap "
        "except with `interval=10s`, and the head names the columns that may be summed.",
    )
    async def get(self, _request: Request, channel_id: str) -> Answer:
        asked, now = self.query, now_ms()
        keys, interval = asked["metrics"], asked_interval(asked)
        shown = with_grain(asked_span(asked, now), interval.grain if interval else asked.get("grain"), now)
        now = settled_ms(shown, now)
        await find_channel(channel_id)
        kept = A_MINUTE if is_past(shown, now) else FIVE_SECONDS
        answer = self.unchanged(await run_in_cassandra_thread(series_version, channel_id, shown, now), kept)
        if answer.status == 304:
            return answer
        metrics = [METRIC[key] for key in keys]
        counts = counts_behind(metrics, shown.grain)
        found = await run_in_cassandra_thread(history.series, channel_id, shown, now, metrics, columns_in(counts))
        document = series_json(channel_id, found, keys, now, interval or stored(shown.grain))
        table = series_table(found, keys, interval or non_overlapping(shown.grain))
        return replace(answer, document=document, table=table)


class EventsView(ApiView):
    scopes = {"get": Scope.READ_EVENTS}
    renderer_classes = TABLES

    @operation(
        "list_events",
        "What happened in a channel, by time",
        "History",
        query=EventsQuery,
        responses=response_schemas.EventList,
        description="Raids, gift bombs, moderation, titles, categories, and gaps (`gap`).",
    )
    async def get(self, _request: Request, channel_id: str) -> Answer:
        asked, now = self.query, now_ms()
        from_ms, until_ms = ends_of(asked_span(asked, now), now)
        limit, cursor = asked["limit"], read_cursor(self.path, asked.get("cursor"))
        after = None if cursor is None else (int(cursor[0]), str(cursor[1]))
        await find_channel(channel_id)

        def read(piece_from_ms: int, piece_until_ms: int) -> tuple[list[EventMark], list[GapSpan]]:
            return history.marks_and_gaps(channel_id, piece_from_ms, piece_until_ms, now)

        found = await run_in_cassandra_thread(read_events, channel_id, read, from_ms, until_ms, after, limit + 1)
        document = page(found, limit, lambda one: [one.at_ms, one.id], event_json, self.path)
        return Answer(document, table=event_table(found[:limit]))


class StreamsView(ApiView):
    scopes = {"get": Scope.READ_SERIES}

    @operation(
        "list_streams",
        "A channel's streams that have ended, the newest first",
        "History",
        query=Paged,
        responses=response_schemas.StreamList,
    )
    async def get(self, _request: Request, channel_id: str) -> Answer:
        asked = self.query
        before_ms = read_cursor(self.path, asked.get("cursor"))
        await find_channel(channel_id)
        found = await run_in_cassandra_thread(_streams, channel_id, asked["limit"] + 1, before_ms)
        return Answer(page(found, asked["limit"], lambda one: one.started_ms, stream_json, self.path))


class StreamView(ApiView):
    scopes = {"get": Scope.READ_SERIES}

    @operation(
        "get_stream", "The summary of a stream", "History", responses=response_schemas.StreamSummary, tagged=True
    )
    async def get(self, _request: Request, channel_id: str, stream_id: str) -> Answer:
        await find_channel(channel_id)
        found = await run_in_cassandra_thread(_stream, channel_id, int(stream_id)) if _is_moment(stream_id) else None
        if found is None:
            raise NotFound("There is no stream of this channel with this id that has ended.")
        return Answer(stream_summary_json(found), A_MINUTE)


def _streams(channel_id: str, limit: int, before_ms: int | None) -> list[Broadcast]:
    return BroadcastStore(WindowStore()).read(channel_id, limit, before_ms)


def _stream(channel_id: str, started_ms: int) -> Broadcast | None:
    return BroadcastStore(WindowStore()).find(channel_id, started_ms)


def series_json(channel_id: str, series: Series, keys: Sequence[str], now: int, interval: Interval) -> dict[str, Any]:
    """Return a series by columns."""
    shown, points = series.range, interval.of(series.points)
    from_ms, until_ms = ends_of(shown, now)
    whole = series.summary
    return {
        "channel_id": channel_id,
        "from": moment(from_ms),
        "to": moment(until_ms),
        "grain": shown.grain,
        "window_s": WINDOW_MS[shown.grain] // 1000,
        "step_s": interval.step_ms // 1000,
        "units": {key: METRIC[key].unit for key in keys},
        "points": {
            "end": [moment(point.end_ms) for point in points],
            "coverage": [point.coverage for point in points],
            "values": {key: [value_of(point, key) for point in points] for key in keys},
        },
        "gaps": [
            {"from": moment(gap.from_ms), "to": moment(gap.until_ms), "reason": gap.reason} for gap in series.gaps
        ],
        "coverage": whole.coverage,
        "coverage_on_air": whole.coverage_on_air,
        "is_lower_bound": whole.is_lower_bound,
        "summary": range_json(whole, keys),
    }


def range_json(summary: RangeSummary, keys: Sequence[str]) -> dict[str, Any]:
    """Return what the metrics come to over the range, and how much of it was heard."""
    peaks = {key: summary.peaks.get(key) for key in keys}
    return {
        "from": moment(summary.from_ms),
        "to": moment(summary.until_ms),
        "values": {key: summary.value(METRIC[key]) for key in keys},
        "peaks": {key: {"value": p.value, "at": moment(p.end_ms)} if p else None for key, p in peaks.items()},
        "hourly_average_only": summary.hourly_average_only,
        "heard_s": summary.heard_ms / 1000,
        "missed_s": summary.missed_ms / 1000,
        "on_air_s": summary.on_air_ms / 1000,
        "hours_watched": summary.hours_watched,
    }


def series_table(series: Series, keys: Sequence[str], interval: Interval) -> Table:
    """Return a series as rows: metrics, and the raw counts that they are computed from."""
    metrics = [METRIC[key] for key in keys]
    counts = counts_behind(metrics, interval.grain)
    fields = [ExportColumn("end", "UTC"), COVERAGE, *map(metric_column, metrics), *count_columns(counts, interval)]

    def cells() -> list[list[Cell]]:
        return [
            [iso(p.end_ms), p.coverage, *(value_of(p, key) for key in keys), *count_cells(p, counts)]
            for p in interval.of(series.points)
        ]

    return Table(fields, cells)


def event_json(event: EventMark) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": moment(event.at_ms),
        "to": moment(event.until_ms),
        "kind": event.kind,
        "count": event.count,
        "label": event.label,
    }


def event_table(events: Sequence[EventMark]) -> Table:
    return Table(
        EVENT_COLUMNS,
        lambda: [[iso(e.at_ms), e.until_ms and iso(e.until_ms), e.kind, e.count, e.label] for e in events],
    )


def stream_json(stream: Broadcast) -> dict[str, Any]:
    return {
        "id": str(stream.started_ms),
        "channel_id": stream.channel_id,
        "started": moment(stream.started_ms),
        "ended": moment(stream.ended_ms),
        "peak_viewers": stream.peak_viewers,
        "mean_viewers": stream.mean_viewers,
        "hours_watched": stream.watched,
        "viewers_coverage": stream.viewers_coverage,
        "messages": stream.messages,
        "coverage": stream.coverage,
        "is_lower_bound": stream.is_partly_heard,
    }


def stream_summary_json(stream: Broadcast) -> dict[str, Any]:
    hours, moments = stream.chatters_by_hour, stream.moments
    return stream_json(stream) | {
        "chatters_by_hour": [{"end": moment(end_ms), "chatters": hours[end_ms]} for end_ms in sorted(hours)],
        "moments": [{"end": moment(end_ms), "excitement": moments[end_ms]} for end_ms in sorted(moments)],
    }


def _is_moment(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text[: len(str(MS_MAX))]) < MS_MAX
