"""Chart of an ended broadcast: viewers and messages per minute, its categories, events, moments and gaps."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby, pairwise

from apps.dashboard.plot import Tick, TimeTick, line, nice_top, share, time_ticks, value_ticks
from apps.dashboard.queries import gap_json, range_json
from apps.dashboard.timeline import Line, effects_of, lines_of, noted
from apps.metrics import queries as history
from apps.metrics.chart_ranges import Range, past_range
from apps.metrics.event_marks import EventMark
from apps.metrics.queries import Point, Series, value_of
from core.errors import ServiceUnavailable
from core.irc.channel_events import LABELS, STREAM_END, STREAM_START, SUMMED
from core.metrics.broadcasts import Broadcast
from core.metrics.columns import StoredGrain
from core.metrics.grains import RETENTION_MS
from core.metrics.raids import RaidEffect, raid_effect
from core.metrics.table import METRIC, Metric
from core.metrics.units import name_with_unit
from core.times import DAY_MS, MINUTE_MS

CHARTED = (METRIC["viewers"], METRIC["messages"])
# Longer broadcasts are drawn with one point per hour, as are those whose minutes have expired.
MINUTES_UP_TO_MS = 2 * DAY_MS
TABLE_ROWS = 24
EVENTS_SHOWN = 60
# The width of a letter and of the space around a label, in percent of a wide chart. A category band narrower than
# its label is not labeled, and a narrow page shows no labels. The list below the chart shows all categories.
LETTER_WIDTH, LABEL_SPACE = 0.75, 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plot:
    """One metric: its name with its unit, the path of its line in the coordinates of `plot.CHART`, and its ticks.

    Without values, it has neither a path nor ticks.
    """

    metric: Metric
    title: str
    path: str
    ticks: list[Tick]


@dataclass(frozen=True, slots=True)
class Band:
    """A time span from `from_ms`, as position and width in percent. `label` is a category or the reason for a gap."""

    from_ms: int
    at: float
    width: float
    label: str

    @property
    def is_labeled(self) -> bool:
        """Return whether the label fits into the band on a wide page."""
        return self.width >= LABEL_SPACE + LETTER_WIDTH * len(self.label)


@dataclass(frozen=True, slots=True)
class Pin:
    """An event at a position in percent."""

    at: float
    at_ms: int
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class StreamChart:
    """The chart of a broadcast, its event list and its raids. `columns` are the values for the script's readout.

    `is_by_minute` means that its points are minutes; otherwise, they are hours.
    """

    is_by_minute: bool
    plots: list[Plot]
    ticks: list[TimeTick]
    categories: list[Band]
    gaps: list[Band]
    pins: list[Pin]
    lines: list[Line]
    raids: list[RaidEffect]
    table: list[Point]
    columns: dict[str, object]

    @property
    def has_unlabeled_categories(self) -> bool:
        return not all(band.is_labeled for band in self.categories)


def read_chart(broadcast: Broadcast, now_ms: int) -> StreamChart | None:
    """Return the chart of a broadcast, or None if Cassandra is unavailable."""
    try:
        series = history.series(broadcast.channel_id, _range(broadcast, now_ms), now_ms, CHARTED)
    except ServiceUnavailable as error:
        log.warning("chart of a stream not read: %s", error)
        return None
    return chart_of(replace(series, marks=marks_within(series.marks, broadcast)), now_ms)


def marks_within(marks: Iterable[EventMark], broadcast: Broadcast) -> list[EventMark]:
    """Return the events of a broadcast, without those of a broadcast that ends as it starts or starts as it ends.

    Sums cover a whole minute, so the sum of its first minute may begin before it.
    """
    start_ms, end_ms = broadcast.started_ms, broadcast.ended_ms
    return [
        mark
        for mark in marks
        if ((mark.at_ms >= start_ms or mark.kind in SUMMED) and mark.at_ms < end_ms)
        or (mark.kind, mark.at_ms) == (STREAM_END, end_ms)
    ]


def _range(broadcast: Broadcast, now_ms: int) -> Range:
    """Return a broadcast's range, in whole minutes. Long and old broadcasts are drawn with one point per hour."""
    from_ms = broadcast.started_ms // MINUTE_MS * MINUTE_MS
    until_ms = -(-broadcast.ended_ms // MINUTE_MS) * MINUTE_MS
    has_minutes = from_ms >= now_ms - RETENTION_MS["minute"] and until_ms - from_ms <= MINUTES_UP_TO_MS
    grain: StoredGrain = "minute" if has_minutes else "hour"
    merge_ms = past_range(from_ms, until_ms, now_ms).merge_ms
    return Range("", "", until_ms - from_ms, merge_ms, grain, has_live=False, until_ms=until_ms)


def chart_of(series: Series, now_ms: int) -> StreamChart:
    """Build the chart of a broadcast from the channel's history during that time."""
    chosen, points = series.range, series.points
    from_ms, until_ms = chosen.bounds(now_ms)
    marks = [mark for mark in series.marks if from_ms <= mark.at_ms <= until_ms]
    pins = [mark for mark in noted(marks, chosen.merge_ms) if mark.kind not in ("category", STREAM_START, STREAM_END)]
    viewers = {point.end_ms: value for point in points if (value := value_of(point, "viewers")) is not None}
    is_by_minute = chosen.grain == "minute"
    return StreamChart(
        is_by_minute,
        [_plot(metric, points, chosen, from_ms, until_ms) for metric in CHARTED],
        time_ticks(from_ms, until_ms),
        _categories(marks, from_ms, until_ms),
        [_band(gap.from_ms, gap.until_ms, gap.reason, from_ms, until_ms) for gap in series.gaps],
        [Pin(share(mark.at_ms, from_ms, until_ms), mark.at_ms, mark.kind, mark.label) for mark in pins],
        lines_of(marks, chosen.merge_ms, effects_of(series))[:EVENTS_SHOWN],
        [raid_effect(mark.at_ms, mark.count, viewers) for mark in marks if mark.kind == "raid"] if is_by_minute else [],
        points[:: max(1, -(-len(points) // TABLE_ROWS))],
        {
            "from_ms": from_ms,
            "until_ms": until_ms,
            "range": range_json(chosen),
            "end_ms": [point.end_ms for point in points],
            "coverage": [round(point.coverage, 4) for point in points],
            "values": {metric.key: [_rounded(value_of(point, metric.key)) for point in points] for metric in CHARTED},
            "gaps": [gap_json(gap) for gap in series.gaps],
            "marks": [asdict(mark) for mark in pins],
        },
    )


def _plot(metric: Metric, points: Sequence[Point], chosen: Range, from_ms: int, until_ms: int) -> Plot:
    known = [(point.end_ms, value) for point in points if (value := value_of(point, metric.key)) is not None]
    title = name_with_unit(metric, chosen.grain)
    if not known:
        return Plot(metric, title, "", [])
    top = nice_top(max(value for _, value in known))
    return Plot(metric, title, line(known, from_ms, until_ms, chosen.step_ms, top), value_ticks(top))


def _categories(marks: Sequence[EventMark], from_ms: int, until_ms: int) -> list[Band]:
    """Return the categories in chronological order; no band covers the time before the first recorded one.

    A category that is recorded again, such as after a restart, is one band.
    """
    prefix = LABELS["category"].removesuffix("{text}")
    recorded = [(mark.at_ms, mark.label.removeprefix(prefix)) for mark in marks if mark.kind == "category"]
    changes = [next(group) for _, group in groupby(recorded, key=lambda change: change[1])]
    # The last category lasts until the end of the chart.
    return [
        _band(at_ms, end_ms, name, from_ms, until_ms)
        for (at_ms, name), (end_ms, _) in pairwise([*changes, (until_ms, "")])
        if end_ms > at_ms
    ]


def _band(start_ms: int, end_ms: int, label: str, from_ms: int, until_ms: int) -> Band:
    at = share(start_ms, from_ms, until_ms)
    return Band(start_ms, at, round(share(end_ms, from_ms, until_ms) - at, 2), label)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
