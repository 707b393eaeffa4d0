"""The typical week of a channel: heat map, usual times on air, and the usual values of the current hour."""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from apps.dashboard.queries import read_channels
from apps.live.services import LiveServices
from apps.metrics.store import WindowStore
from core.errors import ServiceUnavailable
from core.metrics.display import number
from core.metrics.ranges import COVERAGE_COLUMNS
from core.metrics.table import METRIC, Metric, columns_behind
from core.metrics.week import DAYS, HOURS, WEEKDAYS, UsualTime, Week, WeekHour, usual_value, week_of
from core.times import DAY_MS, HOUR_MS

log = logging.getLogger(__name__)

# The past four weeks, so that every hour of the week counts equally often.
SPAN_MS = 28 * DAY_MS
SHOWN: tuple[Metric, ...] = (METRIC["viewers"], METRIC["messages"])
# Number of shades of the heat map, from the lowest values to the highest.
SHADES = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of the heat map: its value as text, "" while off air, its shade (0 for none), and its description."""

    text: str
    shade: int
    title: str


@dataclass(frozen=True, slots=True)
class Usual:
    """A metric's usual value at this time of day, and the live value; `times` is their ratio."""

    metric: Metric
    usual: float
    now: float | None

    @property
    def times(self) -> str:
        return number(self.now / self.usual, 1) if self.now is not None and self.usual else ""


@dataclass(frozen=True, slots=True)
class WeekPanel:
    """The panel. `zone` is its time zone; `has_half_hours` means that its hours do not begin with UTC hours."""

    metric: Metric
    zone: str
    has_half_hours: bool
    rows: list[tuple[str, list[Cell]]]
    highest: float | None
    times: list[str]
    hour: str
    usual: list[Usual]

    @property
    def is_empty(self) -> bool:
        return self.highest is None


def read_zone(name: str) -> dt.tzinfo:
    """Return the IANA time zone with this name, or UTC for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def read_week(live: LiveServices, channel_id: str, metric: Metric, zone: dt.tzinfo, now_ms: int) -> WeekPanel | None:
    """Return the panel of a channel, or None if Cassandra is unavailable or not configured."""
    if not settings.CASSANDRA_HOSTS:
        return None
    until_ms = now_ms // HOUR_MS * HOUR_MS
    columns = COVERAGE_COLUMNS | columns_behind(SHOWN, HOUR_MS)
    try:
        stored = WindowStore().read_windows("hour", channel_id, until_ms - SPAN_MS, until_ms, columns)
    except ServiceUnavailable as error:
        log.warning("typical week not read: %s", error)
        return None
    hours = {window.end_ms - HOUR_MS: window.columns for window in stored}
    reading = read_channels(live.boards, [channel_id], now_ms)
    channel = reading.channels.get(channel_id) if reading else None
    values = channel.values if channel else {}
    usual = [
        Usual(shown, value, values.get(shown.key))
        for shown in SHOWN
        if (value := usual_value(hours, now_ms, shown)) is not None
    ]
    return panel_of(week_of(hours, zone, until_ms), metric, zone, usual, now_ms)


def panel_of(week: Week, metric: Metric, zone: dt.tzinfo, usual: list[Usual], now_ms: int) -> WeekPanel:
    """Build the panel from a week."""
    values = [hour.value(metric) if hour.on_air else None for hour in week.hours]
    highest = max((value for value in values if value is not None), default=None)
    rows = [
        (
            WEEKDAYS[day],
            [
                _cell(
                    week.at(day, hour), values[day * HOURS + hour], highest, metric, f"{WEEKDAYS[day]} {_clock(hour)}"
                )
                for hour in range(HOURS)
            ],
        )
        for day in range(DAYS)
    ]
    now = dt.datetime.fromtimestamp(now_ms // HOUR_MS * HOUR_MS / 1000, zone)
    return WeekPanel(
        metric,
        str(zone),
        bool(now.minute),
        rows,
        highest,
        [_time_text(time) for time in week.usual_times],
        f"{now:%H:%M} to {now + dt.timedelta(hours=1):%H:%M}",
        usual,
    )


def _cell(hour: WeekHour, value: float | None, highest: float | None, metric: Metric, name: str) -> Cell:
    on_air = f"on air in {hour.on_air} of {hour.count} weeks" if hour.count else "no data yet"
    if value is None or not highest:
        return Cell("", 0, f"{name}: {on_air}")
    text = number(value, metric.decimals)
    return Cell(text, max(1, math.ceil(SHADES * value / highest)), f"{name}: {text} {metric.unit}, {on_air}")


def _time_text(time: UsualTime) -> str:
    """Return a usual time as text, such as Mon to Fri 18:00 to 02:00."""
    if time.hours == DAYS * HOURS:
        return "around the clock"
    last_day, until_hour = divmod(time.from_hour + time.hours, HOURS)
    until = _clock(until_hour)
    if time.hours > HOURS:
        until = f"{WEEKDAYS[(time.weekdays[0] + last_day) % DAYS]} {until}"
    return f"{_days_text(time.weekdays)} {_clock(time.from_hour)} to {until}"


def _days_text(weekdays: Sequence[int]) -> str:
    """Return weekdays as text, such as “Mon to Fri” or “Mon, Wed, Sat”."""
    if len(weekdays) == DAYS:
        return "every day"
    if len(weekdays) > 2 and weekdays[-1] - weekdays[0] == len(weekdays) - 1:
        return f"{WEEKDAYS[weekdays[0]]} to {WEEKDAYS[weekdays[-1]]}"
    return ", ".join(WEEKDAYS[day] for day in weekdays)


def _clock(hour: int) -> str:
    return f"{hour:02}:00"
