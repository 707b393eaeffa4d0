"""A channel's typical week: mean values and time on air by weekday and hour of day, from its stored hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from core.metrics.ranges import RangeSummary, Row, row_on_air_ms, sums_of
from core.metrics.table import Metric
from core.metrics.windows import Columns
from core.times import DAY_MS, HOUR_MS

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS, HOURS = len(WEEKDAYS), DAY_MS // HOUR_MS
# A channel counts as on air in an hour if it was on air for at least this much of it.
ON_AIR_FROM_MS = HOUR_MS // 2
# An hour of the week is usual if the channel was on air in it more often than not, and at least this many times.
USUAL_FROM = 2
# Fewer hours than this give no usual value for an hour of the day.
BASELINE_FROM = 3


@dataclass(frozen=True, slots=True)
class WeekHour:
    """One hour of the week: the stored hours that began in it, out of `count` that could have been stored.

    `on_air` is the number of those hours in which the channel was on air.
    """

    count: int
    on_air: int
    rows: Sequence[Columns] = ()

    @property
    def is_usual(self) -> bool:
        """Return whether the channel is usually on air."""
        return self.on_air >= USUAL_FROM and 2 * self.on_air > self.count

    def value(self, metric: Metric) -> float | None:
        """Return a metric's value over these hours, or None if there is no data."""
        return RangeSummary(0, len(self.rows) * HOUR_MS, sums_of(self.rows)).value(metric) if self.rows else None


@dataclass(frozen=True, slots=True)
class UsualTime:
    """The weekdays (0 is Monday) on which the channel is usually on air for `hours` hours from `from_hour`."""

    weekdays: tuple[int, ...]
    from_hour: int
    hours: int


@dataclass(frozen=True, slots=True)
class Week:
    """The hours of a week from Monday, 00:00."""

    hours: Sequence[WeekHour]

    def at(self, weekday: int, hour: int) -> WeekHour:
        """Return an hour of the week; 0 is Monday."""
        return self.hours[weekday * HOURS + hour]

    @property
    def usual_times(self) -> list[UsualTime]:
        """Return the usual times on air, ordered by first weekday.

        A time that spans midnight is listed on the day on which it begins.
        """
        runs: dict[tuple[int, int], list[int]] = {}
        for start, length in _runs([hour.is_usual for hour in self.hours]):
            runs.setdefault((start % HOURS, length), []).append(start // HOURS)
        times = [UsualTime(tuple(days), from_hour, length) for (from_hour, length), days in runs.items()]
        return sorted(times, key=lambda time: (time.weekdays, time.from_hour))


def week_of(hours: Mapping[int, Columns], zone: dt.tzinfo, until_ms: int) -> Week:
    """Return the week of a channel in a time zone, from its stored hours by start, up to the whole hour `until_ms`.

    An hour belongs to the hour of the day in which it begins: in zones with half-hour offsets, the one from 15:30 to
    16:30 counts as 15:00. Hours before the first stored one are not counted, because the channel was not tracked yet.
    """
    from_ms = min(hours, default=until_ms)
    counts, on_air = [0] * (DAYS * HOURS), [0] * (DAYS * HOURS)
    rows: list[list[Columns]] = [[] for _ in counts]
    for start_ms in range(from_ms, until_ms, HOUR_MS):
        began = dt.datetime.fromtimestamp(start_ms / 1000, zone)
        index = began.weekday() * HOURS + began.hour
        counts[index] += 1
        if (columns := hours.get(start_ms)) is not None:
            is_on_air = row_on_air_ms(Row(start_ms, HOUR_MS, columns)) >= ON_AIR_FROM_MS
            on_air[index] += is_on_air
            rows[index] += [columns] if is_on_air else []
    parts = zip(counts, on_air, rows, strict=True)
    return Week([WeekHour(*part) for part in parts])


def usual_value(hours: Mapping[int, Columns], at_ms: int, metric: Metric) -> float | None:
    """Return a metric's median over the stored hours at the same time of day in which the channel was on air.

    Return None if fewer than BASELINE_FROM hours have a value. The hour that contains `at_ms` is not included.
    """
    hour_ms = at_ms // HOUR_MS * HOUR_MS
    values = [
        value
        for start_ms, columns in hours.items()
        if start_ms < hour_ms and (hour_ms - start_ms) % DAY_MS == 0
        if row_on_air_ms(Row(start_ms, HOUR_MS, columns)) >= ON_AIR_FROM_MS
        if (value := WeekHour(1, 1, [columns]).value(metric)) is not None
    ]
    return median(values) if len(values) >= BASELINE_FROM else None


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield the start and the length of each run of true flags; the last flag is followed by the first one."""
    if all(flags):
        yield 0, len(flags)
        return
    for start, flag in enumerate(flags):
        if flag and not flags[start - 1]:
            length = 1
            while flags[(start + length) % len(flags)]:
                length += 1
            yield start, length
