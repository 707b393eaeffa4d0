"""Columns and rows of exported tables: boards, live channels, comparisons, broadcasts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from apps.dashboard.compare.comparison import Comparison
from apps.dashboard.compare.page import Line, Measure
from apps.dashboard.summary import Summary, peak_name
from apps.live.board import Board
from apps.live.directory import Profile
from apps.live.readings import ChannelNow, Row
from apps.live.search import PERIOD_MEASURES
from apps.live.table import value_of as value_now
from apps.metrics.chart_ranges import Range
from apps.metrics.exports.formats import COVERAGE, UTC, Cell, ExportColumn, coverage_cell, metric_column
from apps.metrics.exports.intervals import non_overlapping
from apps.metrics.exports.raw_counts import Count, counts_behind
from apps.metrics.exports.series import Rows, count_cells, count_columns, rounded
from apps.metrics.queries import Point, peak_unit, value_of
from apps.metrics.spans import iso
from core.metrics.broadcasts import Broadcast
from core.metrics.columns import WINDOW_MS, StoredGrain
from core.metrics.table import METRIC, METRICS, Metric
from core.metrics.units import average_unit, unit_of
from core.metrics.windows import DEFAULT_WINDOW

PROFILE_COLUMNS = [
    ExportColumn("id", words="Channel ID"),
    ExportColumn("login"),
    ExportColumn("name", words="Channel"),
    ExportColumn("category"),
    ExportColumn("language", words="Language code"),
    ExportColumn("language_name", words="Language"),
]
NAME_COLUMNS = [ExportColumn("id", words="Channel ID"), ExportColumn("name", words="Channel")]
WINDOW_COLUMNS = [ExportColumn("end", UTC, words="Window end"), ExportColumn("length", "s", words="Window length")]
INDEX_UNIT = "own average = 100"
SINCE = ExportColumn("into_stream", "s", words="Time into the stream")
_METRICS = [metric for metric in METRICS if metric.key != COVERAGE.name]
CHANNEL_COLUMNS = [
    *PROFILE_COLUMNS,
    ExportColumn("offline"),
    ExportColumn("window_end", UTC),
    COVERAGE,
    ExportColumn("distinct_end", UTC, words="Window end of chatters"),
    ExportColumn("distinct_coverage", words="Coverage of chatters, share"),
    *(metric_column(metric, unit_of(metric, "live")) for metric in _METRICS),
]

_PERIOD_METRICS = [metric for metric in _METRICS if metric.key != "excitement"]
PERIOD_COLUMNS = [
    *PROFILE_COLUMNS,
    COVERAGE,
    *(metric_column(metric, average_unit(metric)) for metric in _PERIOD_METRICS),
    *(ExportColumn(key, unit, words=name) for key, (name, unit) in PERIOD_MEASURES.items()),
]

STREAM_COLUMNS = [
    ExportColumn("began", UTC, words="Start"),
    ExportColumn("ended", UTC, words="End"),
    ExportColumn("viewers_peak", "viewers", words="Viewers, peak"),
    ExportColumn("viewers_mean", "viewers", words="Viewers, mean"),
    ExportColumn("hours_watched", "h"),
    ExportColumn("messages", "messages"),
    COVERAGE,
    ExportColumn("is_lower_bound", words="Messages are a lower bound"),
    ExportColumn("viewers_is_lower_bound", words="Viewers are a lower bound"),
]


def profile_cells(profile: Profile) -> list[Cell]:
    """Return the cells of PROFILE_COLUMNS."""
    return [profile.id, profile.login, profile.name, profile.category, profile.language, profile.language_name]


def channel_row(channel: ChannelNow) -> list[Cell]:
    """Return the cells of CHANNEL_COLUMNS. Values of windows that were not heard are empty, not 0.

    Metrics that count distinct people or texts belong to the window that ends at `distinct_end`, all other metrics to
    the window that ends at `window_end`.
    """
    values = [rounded(value_now(channel, metric.key), metric.decimals) for metric in _METRICS]
    windows = [
        channel.end_ms and iso(channel.end_ms),
        None if channel.end_ms is None else coverage_cell(channel.coverage),
        channel.distinct_end_ms and iso(channel.distinct_end_ms),
        coverage_cell(channel.distinct_coverage),
    ]
    return [*profile_cells(channel.profile), _yes_no(channel.profile.is_offline), *windows, *values]


def period_row(channel: ChannelNow) -> list[Cell]:
    """Return the cells of PERIOD_COLUMNS. Unknown values are empty."""
    values = [rounded(value_now(channel, metric.key), metric.decimals) for metric in _PERIOD_METRICS]
    others = [rounded(channel.values.get(key), 1) for key in PERIOD_MEASURES]
    return [*profile_cells(channel.profile), coverage_cell(channel.coverage), *values, *others]


def unknown_channel(channel_id: str) -> ChannelNow:
    """Return a placeholder for a channel that is no longer known."""
    return ChannelNow(Profile(channel_id, "", ""), None, 0.0, {}, {}, {})


def board_columns(board: Board) -> list[ExportColumn]:
    """Return the columns of a board; the column of a 5-minute value has the suffix `_5m`."""
    metric = METRIC[board.metric]
    part = "" if board.window == DEFAULT_WINDOW else board.window
    value = metric_column(metric, unit_of(metric, "live"), part)
    return [
        ExportColumn("rank"),
        *PROFILE_COLUMNS,
        value,
        COVERAGE,
        ExportColumn("window_end", UTC),
        ExportColumn("state"),
        ExportColumn("moved", "change in rank within a minute"),
    ]


def board_rows(metric: str, rows: Sequence[Row]) -> Rows:
    """Return the cells of `board_columns`, a row per channel."""
    return [
        [
            row.rank,
            row.id,
            row.login,
            row.name,
            row.category,
            row.language,
            row.language_name,
            rounded(row.value, METRIC[metric].decimals),
            coverage_cell(row.coverage),
            iso(row.end_ms),
            row.state,
            "new" if row.is_new else row.moved,
        ]
        for row in rows
    ]


def hour_columns(metric: str) -> list[ExportColumn]:
    """Return the columns of a watchlist's past hour, for one metric."""
    return [
        *NAME_COLUMNS,
        *WINDOW_COLUMNS,
        COVERAGE,
        metric_column(METRIC[metric], unit_of(METRIC[metric], "minute")),
    ]


def hour_rows(
    metric: str,
    channel_ids: Collection[str],
    channels: Mapping[str, ChannelNow],
    lines: Mapping[str, Sequence[Point]],
) -> Iterator[Rows]:
    """Yield the past hour minute by minute, channel by channel in the list's order."""
    length_s, decimals = WINDOW_MS["minute"] // 1000, METRIC[metric].decimals
    for channel_id in channel_ids:
        name = channels[channel_id].profile.name if channel_id in channels else None
        yield [
            [
                channel_id,
                name,
                iso(point.end_ms),
                length_s,
                coverage_cell(point.coverage),
                rounded(value_of(point, metric), decimals),
            ]
            for point in lines.get(channel_id, ())
        ]


def line_columns(comparison: Comparison, grain: StoredGrain) -> list[ExportColumn]:
    """Return the columns of a comparison's lines at a grain, with the stream time if the lines are aligned by it."""
    since = [SINCE] if comparison.align == "stream" else []
    end, length = WINDOW_COLUMNS
    windows = [end, *since, length, COVERAGE]
    counts = count_columns(_counts(comparison, grain), non_overlapping(grain))
    values = [column for key in comparison.metrics for column in _value_columns(comparison, METRIC[key], grain)]
    return [*NAME_COLUMNS, *windows, *values, *counts]


def _value_columns(comparison: Comparison, metric: Metric, grain: StoredGrain) -> list[ExportColumn]:
    value = metric_column(metric, unit_of(metric, grain))
    index = ExportColumn(_named(comparison, metric, "index"), INDEX_UNIT)
    return [value, index] if comparison.scale == "index" else [value]


def _named(comparison: Comparison, metric: Metric, name: str) -> str:
    """Return the name of a metric's column, which begins with the metric's key if there are several metrics."""
    return name if len(comparison.metrics) == 1 else f"{metric.key}_{name}"


def _in_words(comparison: Comparison, metric: Metric, words: str) -> str:
    """Return the heading of a metric's column, which includes the metric's name if there are several metrics."""
    return words if len(comparison.metrics) == 1 else f"{metric.name}, {words[:1].lower()}{words[1:]}"


def line_rows(comparison: Comparison, grain: StoredGrain, lines: Sequence[Line]) -> Iterator[Rows]:
    """Yield the non-overlapping windows of each line; all lines have the same grain."""
    counts, length_s = _counts(comparison, grain), WINDOW_MS[grain] // 1000
    for line in lines:
        points = non_overlapping(grain).of(line.series.points) if line.series else []
        profile = line.channel.profile
        yield [
            [
                profile.id,
                profile.name,
                iso(point.end_ms),
                *([(point.end_ms - (line.zero_ms or 0)) // 1000] if comparison.align == "stream" else []),
                length_s,
                coverage_cell(point.coverage),
                *(
                    cell
                    for measure in line.measures
                    for cell in scaled(comparison, measure, value_of(point, measure.metric.key))
                ),
                *count_cells(point, counts),
            ]
            for point in points
        ]


def _counts(comparison: Comparison, grain: StoredGrain) -> list[Count]:
    return counts_behind([METRIC[key] for key in comparison.metrics], grain)


def summary_columns(comparison: Comparison, chart_range: Range) -> list[ExportColumn]:
    """Return the columns of the table below a comparison's chart, with current values only if the range ends now."""
    return [
        *PROFILE_COLUMNS,
        *(column for key in comparison.metrics for column in _measure_columns(comparison, METRIC[key], chart_range)),
        metric_column(METRIC["viewers"], METRIC["viewers"].unit, "mean"),
        metric_column(METRIC["engagement"], METRIC["engagement"].unit, "mean"),
        *(
            ExportColumn(
                _named(comparison, METRIC[key], "percentile_of_size"),
                "%",
                words=_in_words(comparison, METRIC[key], "Percentile, same size"),
            )
            for key in (comparison.metrics if comparison.shows_now else ())
        ),
        ExportColumn("from", UTC),
        ExportColumn("to", UTC),
        COVERAGE,
    ]


def _measure_columns(comparison: Comparison, metric: Metric, chart_range: Range) -> list[ExportColumn]:
    peak = peak_unit(metric, chart_range)
    if peak_name(metric, chart_range) != "Peak":
        peak += ", busiest minute"
    now = [metric_column(metric, unit_of(metric, "live"), "now")] if comparison.shows_now else []
    peaks = [
        metric_column(metric, peak, "peak"),
        ExportColumn(
            _named(comparison, metric, "peak_at"), UTC, words=_in_words(comparison, metric, "Time of the peak")
        ),
        ExportColumn(
            _named(comparison, metric, "peak_is_lower_bound"),
            words=_in_words(comparison, metric, "Peak is a lower bound"),
        ),
    ]
    return [*now, *(peaks if metric.has_peak else []), metric_column(metric, average_unit(metric), "average")]


def summary_row(comparison: Comparison, line: Line) -> list[Cell]:
    """Return the cells of `summary_columns` for a line."""
    summary, channel = line.summary, line.channel
    return [
        *profile_cells(channel.profile),
        *(cell for measure in line.measures for cell in _measure_cells(comparison, measure, channel)),
        rounded(line.mean_viewers, METRIC["viewers"].decimals),
        rounded(line.mean_engagement, METRIC["engagement"].decimals),
        *(measure.peer_group.percent for measure in (line.measures if comparison.shows_now else ())),
        *([iso(summary.from_ms), iso(summary.until_ms)] if summary else [None, None]),
        coverage_cell(summary.coverage) if summary else None,
    ]


def _measure_cells(comparison: Comparison, measure: Measure, channel: ChannelNow) -> list[Cell]:
    metric, summary = measure.metric, measure.summary
    return [
        *([rounded(value_now(channel, metric.key), metric.decimals)] if comparison.shows_now else []),
        *(_peak_cells(metric, summary) if metric.has_peak else []),
        rounded(summary.average if summary else None, metric.decimals),
    ]


def _peak_cells(metric: Metric, summary: Summary | None) -> list[Cell]:
    """Return a peak, its time, and whether it is a lower bound. All cells are empty without a peak."""
    if summary is None or summary.peak is None:
        return [None, None, None]
    at = None if summary.peak_ms is None else iso(summary.peak_ms)
    return [rounded(summary.peak, metric.decimals), at, _yes_no(summary.is_peak_lower_bound)]


def stream_rows(broadcasts: Sequence[Broadcast]) -> Rows:
    """Return the cells of STREAM_COLUMNS, a row per broadcast."""
    return [
        [
            iso(broadcast.started_ms),
            iso(broadcast.ended_ms),
            broadcast.peak_viewers,
            rounded(broadcast.mean_viewers, 0),
            rounded(broadcast.watched, 1),
            broadcast.heard_messages,
            coverage_cell(broadcast.coverage),
            None if broadcast.heard_messages is None else _yes_no(broadcast.lower_bounds.chat),
            _yes_no(broadcast.lower_bounds.viewers) if broadcast.has_viewers else None,
        ]
        for broadcast in broadcasts
    ]


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def scaled(comparison: Comparison, measure: Measure, value: float | None) -> list[Cell]:
    """Return a value, and its index if the chart shows the index."""
    cells: list[Cell] = [rounded(value, measure.metric.decimals)]
    if comparison.scale == "values":
        return cells
    average = measure.summary.average if measure.summary else None
    return [*cells, None if value is None or not average else round(value / average * 100, 2)]
