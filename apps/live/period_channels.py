"""Channels with their figures over the most recent UTC days, cached and shared by all pages of a process.

The rows have the same form as live channels, so that the same filters, percentiles and sort orders apply to them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.curation.queries import public_channels
from apps.live.directory import Profile, profile_of
from apps.live.readings import ChannelNow
from apps.metrics.days import read_days
from apps.metrics.periods import Period
from core.metrics.days import join
from core.metrics.formulas import RankingThresholds
from core.metrics.ranges import RangeSummary
from core.metrics.table import METRIC, METRICS
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, datetime_of

CACHE_MS = 10 * MINUTE_MS
_METRICS = [metric for metric in METRICS if metric.key not in ("excitement", "coverage")]


@dataclass(frozen=True, slots=True)
class PeriodRow(ChannelNow):
    """A channel with its figures over a period; `trend` is the mean viewer count of each day, None where unknown."""

    trend: Sequence[float | None] = ()


def period_before(now_ms: int, days: int) -> Period:
    """Return the most recent `days` complete UTC days."""
    until_ms = now_ms // DAY_MS * DAY_MS
    return Period(until_ms - days * DAY_MS, until_ms)


class PeriodTables:
    """The tables of all periods; each is read again after CACHE_MS, because days may be corrected."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[Period, tuple[int, Mapping[str, PeriodRow]]] = {}

    def of(self, days: int, now_ms: int) -> Mapping[str, PeriodRow]:
        """Return, by id, the channels with figures over the most recent `days` days. Raises: ServiceUnavailable."""
        period = period_before(now_ms, days)
        with self._lock:
            read_ms, table = self._tables.get(period, (0, None))
            if table is None or not 0 <= now_ms - read_ms < CACHE_MS:
                table = read_period(period)
                current = {p: cached for p, cached in self._tables.items() if p.until_ms == period.until_ms}
                self._tables = {**current, period: (now_ms, table)}
            return table


def read_period(period: Period) -> Mapping[str, PeriodRow]:
    """Return, by id, the public channels that were on air in a period. Raises: ServiceUnavailable."""
    since = datetime_of(period.from_ms)
    profiles = {channel.pk: profile_of(channel) for channel in public_channels().filter(last_seen_at__gte=since)}
    days = read_days(profiles.keys(), period.previous.from_ms, period.until_ms, _METRICS)
    rows = {i: _row(profile, days[i], period.days) for i, profile in profiles.items()}
    return {i: row for i, row in rows.items() if row is not None}


def _row(profile: Profile, days: Sequence[RangeSummary], length: int) -> PeriodRow | None:
    inside, before = join(days[-length:]), join(days[:-length])
    if not inside.on_air_ms:
        return None
    known = {metric.key: inside.value(metric) for metric in _METRICS}
    known["coverage"] = None if inside.coverage_on_air is None else 100 * inside.coverage_on_air
    known["hours_watched"] = inside.hours_watched
    known["hours_live"] = inside.on_air_ms / HOUR_MS
    known["growth"] = growth(known["viewers"], before.value(METRIC["viewers"]))
    return PeriodRow(
        profile,
        inside.until_ms,
        inside.coverage_on_air or 0.0,
        {key: value for key, value in known.items() if value is not None},
        _unranked(inside),
        {},
        trend=[day.value(METRIC["viewers"]) for day in days[-length:]],
    )


def growth(now: float | None, before: float | None) -> float | None:
    """Return the change between two periods in %, or None if either is unknown or the earlier one is 0."""
    return 100 * (now / before - 1) if now is not None and before else None


def _unranked(summary: RangeSummary) -> dict[str, str]:
    """Return the reason why metrics have no percentile, if there were too few messages for meaningful figures."""
    if summary.sums.get("messages", 0) >= RankingThresholds().min_messages * summary.span_ms // DAY_MS:
        return {}
    return {metric.key: "too few messages" for metric in _METRICS if metric.key not in ("viewers", "messages")}
