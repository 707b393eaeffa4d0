"""Figures for channels over ranges and periods of whole UTC days, as pages and the API show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from core.metrics.ranges import PeakValue, RangeSummary
from core.metrics.table import METRIC
from core.metrics.units import average_unit
from core.times import DAY_MS, HOUR_MS, day_of


@dataclass(frozen=True, slots=True)
class Period:
    """Whole UTC days: `from_ms` is the start of the first, `until_ms` the end of the last."""

    from_ms: int
    until_ms: int

    @property
    def days(self) -> int:
        return (self.until_ms - self.from_ms) // DAY_MS

    @property
    def hours(self) -> int:
        return (self.until_ms - self.from_ms) // HOUR_MS

    @property
    def previous(self) -> Period:
        """The period of the same length before this one."""
        return Period(2 * self.from_ms - self.until_ms, self.from_ms)


@dataclass(frozen=True, slots=True)
class Figures:
    """Values and peaks of some metrics over a range, with the units of the values."""

    summary: RangeSummary
    keys: Sequence[str]

    @property
    def values(self) -> dict[str, float | None]:
        return {key: self.summary.value(METRIC[key]) for key in self.keys}

    @property
    def peaks(self) -> dict[str, PeakValue | None]:
        return {key: self.summary.peaks.get(key) for key in self.keys if METRIC[key].has_peak}

    @property
    def units(self) -> dict[str, str]:
        return {key: average_unit(METRIC[key]) for key in self.keys}

    @property
    def messages(self) -> int | None:
        return self.summary.sums.get("messages") if self.summary.heard_ms else None


@dataclass(frozen=True, slots=True)
class Days:
    """Values for a channel by day."""

    summaries: Sequence[RangeSummary]
    keys: Sequence[str]

    @property
    def day(self) -> list[dt.date]:
        return [day_of(summary.from_ms) for summary in self.summaries]

    @property
    def values(self) -> dict[str, list[float | None]]:
        return {key: [summary.value(METRIC[key]) for summary in self.summaries] for key in self.keys}

    @property
    def on_air_s(self) -> list[float]:
        return [summary.on_air_ms / 1000 for summary in self.summaries]

    @property
    def heard_s(self) -> list[float]:
        return [summary.heard_ms / 1000 for summary in self.summaries]


@dataclass(frozen=True, slots=True)
class Hours:
    """Values and times for a channel by hour, computed together because there may be many hours."""

    values: Mapping[str, Sequence[float | None]]
    on_air_s: Sequence[float]
    heard_s: Sequence[float]

    @classmethod
    def of(cls, summaries: Sequence[RangeSummary], keys: Sequence[str]) -> Self:
        """Return the columns of consecutive hours for these metrics."""
        return cls(
            {key: [summary.value(METRIC[key]) for summary in summaries] for key in keys},
            [summary.on_air_ms / 1000 for summary in summaries],
            [summary.heard_ms / 1000 for summary in summaries],
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over channels."""

    figures: Sequence[Figures]

    @property
    def channels(self) -> int:
        return len(self.figures)

    @property
    def live_channels(self) -> int:
        return len(self._on_air)

    @property
    def messages(self) -> int:
        return sum(figures.messages or 0 for figures in self.figures)

    @property
    def hours_watched(self) -> float:
        return sum(figures.summary.hours_watched or 0.0 for figures in self.figures)

    @property
    def on_air_ms(self) -> int:
        return sum(figures.summary.on_air_ms for figures in self.figures)

    @property
    def is_lower_bound(self) -> bool:
        return any(
            bounds.chat or bounds.viewers or summary.hours_watched is None
            for summary in self._on_air
            if (bounds := summary.lower_bounds)
        )

    @property
    def _on_air(self) -> list[RangeSummary]:
        return [figures.summary for figures in self.figures if figures.summary.on_air_ms]
