"""Results of the query for several channels: figures by channel, as a document and as a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from apps.api.rest.responses import Table
from apps.live.directory import Profile
from apps.metrics.exports.formats import Cell, ExportColumn, metric_column
from apps.metrics.periods import Days, Figures, Hours, Period, Totals
from apps.metrics.spans import iso
from core.metrics.days import join
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRIC
from core.metrics.units import average_unit, unit_of
from core.times import DAY_MS, HOUR_MS, day_of


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """A channel with its figures; `previous`, `days` and `hours` are None unless requested."""

    profile: Profile
    total: Figures
    previous: Figures | None
    days: Days | None
    hours: Hours | None


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a query."""

    period: Period
    grain: str
    keys: Sequence[str]
    items: Sequence[ChannelFigures]

    @property
    def first_day(self) -> dt.date:
        return day_of(self.period.from_ms)

    @property
    def last_day(self) -> dt.date:
        return day_of(self.period.until_ms - DAY_MS)

    @property
    def hour_start_ms(self) -> Sequence[int] | None:
        return range(self.period.from_ms, self.period.until_ms, HOUR_MS) if self.grain == "hour" else None

    @property
    def units(self) -> dict[str, str]:
        return {key: average_unit(METRIC[key]) for key in self.keys}

    @property
    def peak_units(self) -> dict[str, str]:
        return {key: unit_of(METRIC[key], "minute") for key in self.keys if METRIC[key].has_peak}

    @property
    def totals(self) -> Totals:
        return Totals([item.total for item in self.items])

    @property
    def previous_totals(self) -> Totals | None:
        previous = [item.previous for item in self.items if item.previous is not None]
        return Totals(previous) if previous else None


def figures_of(
    profile: Profile,
    days: Sequence[RangeSummary],
    period: Period,
    keys: Sequence[str],
    *,
    by_day: bool,
    hours: Hours | None,
) -> ChannelFigures:
    """Return the figures for a channel; `days` begins with the previous period's days if requested."""
    before, inside = days[: -period.days], days[-period.days :]
    return ChannelFigures(
        profile,
        Figures(join(inside), keys),
        Figures(join(before), keys) if before else None,
        Days(inside, keys) if by_day else None,
        hours,
    )


def period_table(result: Result) -> Table:
    """Return a result as rows: one per channel, or one per channel and day or hour."""
    metrics = [metric_column(METRIC[key], unit) for key, unit in result.units.items()]
    fields = [ExportColumn("channel_id"), ExportColumn("login"), ExportColumn("name")]
    times = [ExportColumn("on_air_s", "s"), ExportColumn("heard_s", "s")]
    if result.grain == "total":
        counts = [ExportColumn("message_count", "messages"), ExportColumn("hours_watched", "h")]
        fields += [*metrics, *counts, *times, ExportColumn("missed_s", "s")]
        if result.previous_totals is not None:
            fields += [ExportColumn(f"previous_{column.name}", column.unit) for column in metrics]
    else:
        fields += [ExportColumn("day" if result.grain == "day" else "start", "UTC"), *metrics, *times]
    return Table(fields, lambda: list(_rows(result)))


def _rows(result: Result) -> Iterator[list[Cell]]:
    starts = [iso(start_ms) for start_ms in result.hour_start_ms or ()]
    for item in result.items:
        if item.hours is not None:
            yield from _rows_by_time(item, starts, item.hours)
        elif item.days is not None:
            yield from _rows_by_time(item, map(str, item.days.day), item.days)
        else:
            yield _row(item)


def _row(item: ChannelFigures) -> list[Cell]:
    total = item.total
    previous: Iterable[Cell] = item.previous.values.values() if item.previous else ()
    summary = total.summary
    times = (summary.on_air_ms / 1000, summary.heard_ms / 1000, summary.missed_ms / 1000)
    return [*_names(item), *total.values.values(), total.messages, summary.hours_watched, *times, *previous]


def _rows_by_time(item: ChannelFigures, times: Iterable[str], columns: Days | Hours) -> Iterator[list[Cell]]:
    names = _names(item)
    for cells in zip(times, *columns.values.values(), columns.on_air_s, columns.heard_s, strict=True):
        yield [*names, *cells]


def _names(item: ChannelFigures) -> list[Cell]:
    return [item.profile.id, item.profile.login, item.profile.name]
