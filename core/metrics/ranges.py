"""Values, peaks and coverage of a range of time, from the minute and hour rows that tile it.

Rows are added up column by column and the metric's own formula is applied to the sums, so every tiling of a range by
minutes and hours gives the same values. Peaks come from the busiest minute, which hour rows store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

from core.metrics.columns import COLUMNS, HOUR_SUMS, SUM, Minutes
from core.metrics.lower_bounds import LowerBounds
from core.metrics.missed import MissedSpan, Part, missed_spans
from core.metrics.peaks import PEAK, PEAKS, unpack
from core.metrics.table import Metric, columns_read_by
from core.metrics.windows import Columns
from core.pipeline.coverage import RecordedGaps
from core.pipeline.intervals import Intervals, Span
from core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

# Hours watched are undefined if viewer counts are known for less than this share of the time on air.
VIEWERS_COVERAGE_MIN = 0.5

# Columns that coverage is computed from.
COVERAGE_COLUMNS = frozenset({"observed_ms", "pulses", "on_air_pulses", "on_air_observed_ms", "viewer_pulses"})

_SUMS_OF_MINUTES = [column.name for column in COLUMNS if column.roll is SUM]
# Columns in the sums of a range.
SUMMED = (*_SUMS_OF_MINUTES, *(column.name for column in HOUR_SUMS))
_ENGAGED = ("messages", "observed_ms", "viewers_sum", "viewer_pulses")


@dataclass(frozen=True, slots=True)
class Row:
    """A stored minute or hour by its start and its length."""

    start_ms: int
    length_ms: int
    columns: Columns

    @property
    def end_ms(self) -> int:
        """Return the end."""
        return self.start_ms + self.length_ms

    @property
    def has_peaks(self) -> bool:
        """Return whether the busiest minute is known; hours stored by version 0.3 and earlier lack it."""
        return self.length_ms == MINUTE_MS or "heard_minutes" in self.columns


@dataclass(frozen=True, slots=True)
class PeakValue:
    """The highest value of a minute or window in a range, and when that minute or window ended."""

    value: float
    end_ms: int


@dataclass(frozen=True, slots=True)
class RangeSummary:
    """Sums, peaks and coverage of a range of whole minutes.

    `sums` are summed columns. `heard_ms`, `missed_ms` (on air or tracked, but not heard) and the rest (off air or not
    tracked) add up to the range; `on_air_heard_ms` is the heard part of `on_air_ms`. `unrecorded` is the missed time
    without a recorded gap. `hourly_average_only`: the busiest minute of some hours is unknown, so only viewers have a
    peak. `excitement` is the mean over the 30-second windows; rows do not store it.
    """

    from_ms: int
    until_ms: int
    sums: Columns = field(default_factory=dict)
    peaks: Mapping[str, PeakValue] = field(default_factory=dict)
    hourly_average_only: bool = False
    heard_ms: int = 0
    missed_ms: int = 0
    on_air_ms: int = 0
    on_air_heard_ms: int = 0
    unrecorded: Sequence[MissedSpan] = ()
    excitement: float | None = None

    @property
    def span_ms(self) -> int:
        """Return the length."""
        return self.until_ms - self.from_ms

    @property
    def coverage(self) -> float:
        """Return the share of the range that was heard, 0 to 1."""
        return self.heard_ms / self.span_ms if self.span_ms else 0.0

    @property
    def coverage_on_air(self) -> float | None:
        """Return the share of the time on air that was heard, 0 to 1; None if the channel was never on air."""
        return _share(self.on_air_heard_ms, self.on_air_ms)

    @property
    def viewers_known_on_air(self) -> float | None:
        """Return the share of the time on air with known viewer counts, 0 to 1; None if there was no time on air."""
        known_ms = self.sums.get("viewer_pulses", 0) * SECOND_MS
        return _share(min(known_ms, self.on_air_ms), self.on_air_ms)

    @property
    def lower_bounds(self) -> LowerBounds:
        """Return which figures are lower bounds.

        For a channel that was never on air, the coverage of the time tracked is used.
        """
        heard, viewers_known = self.coverage_on_air, self.viewers_known_on_air
        if heard is None:
            heard = _share(self.heard_ms, self.heard_ms + self.missed_ms) or 0.0
        return LowerBounds.of_shares(heard=heard, viewers_known=1.0 if viewers_known is None else viewers_known)

    @property
    def hours_watched(self) -> float | None:
        """Return the sum of the viewer counts of all seconds in which they are known, in viewer hours.

        Seconds with unknown viewers are not filled in. Return None if viewer counts are known for less than
        VIEWERS_COVERAGE_MIN of the time on air.
        """
        known = self.viewers_known_on_air
        return None if known is not None and known < VIEWERS_COVERAGE_MIN else hours_watched(self.sums)

    def value(self, metric: Metric) -> float | None:
        """Return a metric's value over the range, or None if there is no data."""
        if metric.key == "coverage":
            return 100 * self.coverage
        if metric.key == "excitement":
            return self.excitement
        return metric.range_value(self.sums, self.span_ms)


def hours_watched(sums: Columns) -> float | None:
    """Return the hours watched from summed columns, or None if no viewer counts are known."""
    return sums["viewers_sum"] * SECOND_MS / HOUR_MS if sums.get("viewer_pulses") else None


def whole_minutes(from_ms: int, until_ms: int) -> tuple[int, int]:
    """Return the start of the first and the end of the last minute whose midpoint is in [from_ms, until_ms)."""
    return _nearest_minute(from_ms), _nearest_minute(until_ms)


def summarize(
    rows: Iterable[Row], gaps: RecordedGaps, broadcasts: Intervals, from_ms: int, until_ms: int
) -> RangeSummary:
    """Return the summary of [from_ms, until_ms); `rows`, oldest first, cover it without overlap where data is stored.

    `broadcasts` is the time on air as far as it is known; see core/metrics/on_air.py.
    """
    tiles = list(rows)
    hourly_average_only = not all(row.has_peaks for row in tiles)
    peaks = highest_peaks(
        ({peak.metric: best for peak in PEAKS if (best := _peak_of(row, peak.metric)) is not None} for row in tiles),
        hourly_average_only=hourly_average_only,
    )
    parts = list(parts_of(tiles, gaps, broadcasts, from_ms, until_ms))
    times = TimeHeard.of(parts)
    return RangeSummary(
        from_ms,
        until_ms,
        sum_columns(tiles),
        peaks,
        hourly_average_only,
        times.heard_ms,
        times.missed_ms,
        times.on_air_ms,
        times.on_air_heard_ms,
        missed_spans(parts, gaps, broadcasts),
    )


def time_heard(
    rows: Sequence[Row], gaps: RecordedGaps, broadcasts: Intervals, from_ms: int, until_ms: int
) -> TimeHeard:
    """Return how much of [from_ms, until_ms) was heard. Rows need only COVERAGE_COLUMNS."""
    return TimeHeard.of(parts_of(rows, gaps, broadcasts, from_ms, until_ms))


def sum_columns(rows: Iterable[Row]) -> dict[str, int]:
    """Return the sums of the rows' columns; columns that no row has are absent."""
    minutes: dict[int, Columns] = {}
    parts: list[Columns] = []
    for row in rows:
        if row.length_ms == MINUTE_MS:
            minutes[row.start_ms] = row.columns
        else:
            parts.append(sums_of_hour(row))
    if minutes:
        parts.append(_sums_of_minutes(minutes))
    return sums_of(parts)


def sums_of(parts: Collection[Columns]) -> dict[str, int]:
    """Return the sums of the SUMMED columns; columns that no part has are absent."""
    return _sums(SUMMED, parts)


def _sums_of_minutes(minutes: Minutes) -> dict[str, int]:
    special = {column.name: column.reference(minutes) for column in HOUR_SUMS}
    return {
        **_sums(_SUMS_OF_MINUTES, minutes.values()),
        **{name: value for name, value in special.items() if value is not None},
    }


def _sums(names: Iterable[str], parts: Collection[Columns]) -> dict[str, int]:
    """Return the sum of each column; columns that no part has are absent."""
    return {name: sum(known) for name in names if (known := [part[name] for part in parts if name in part])}


def sums_of_hour(row: Row) -> Columns:
    """Return the columns of an hour. An hour without the newer columns counts toward engagement in full."""
    if "heard_minutes" in row.columns:
        return row.columns
    is_engaged = all(row.columns.get(name) for name in ("observed_ms", "viewer_pulses"))
    engaged = {f"engaged_{name}": row.columns.get(name, 0) for name in _ENGAGED} if is_engaged else {}
    return {**row.columns, **engaged, "heard_minutes": 0}


def highest_peaks(parts: Iterable[Mapping[str, PeakValue]], *, hourly_average_only: bool) -> dict[str, PeakValue]:
    """Return the highest peak of each metric in the parts of a range, the earliest if several are equal.

    If the busiest minute of some hours is unknown, only viewers have a peak.
    """
    highest: dict[str, PeakValue] = {}
    for metric, peak in ((metric, peak) for part in parts for metric, peak in part.items()):
        best = highest.get(metric)
        if best is None or (peak.value, -peak.end_ms) > (best.value, -best.end_ms):
            highest[metric] = peak
    return {metric: peak for metric, peak in highest.items() if metric == "viewers" or not hourly_average_only}


def _peak_of(row: Row, metric: str) -> PeakValue | None:
    peak = PEAK[metric]
    if row.length_ms == MINUTE_MS:
        value = peak.of_minute(row.columns)
        return None if value is None else PeakValue(value, row.end_ms)
    if peak.column in row.columns:
        return PeakValue(*unpack(row.columns[peak.column], row.start_ms, HOUR_MS))
    if metric == "viewers" and "viewers_max" in row.columns:
        return PeakValue(row.columns["viewers_max"], row.end_ms)
    return None


@dataclass(frozen=True, slots=True)
class TimeHeard:
    """Time heard, missed and on air, in ms; see RangeSummary."""

    heard_ms: int
    missed_ms: int
    on_air_ms: int
    on_air_heard_ms: int

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Self:
        """Return the sums of parts."""
        times = [(part.heard_ms, part.missed_ms, part.on_air_ms, part.on_air_heard_ms) for part in parts]
        return cls(*map(sum, zip((0, 0, 0, 0), *times, strict=True)))

    @property
    def coverage_on_air(self) -> float | None:
        """Return the share of the time on air that was heard, 0 to 1; None if the channel was never on air."""
        return _share(self.on_air_heard_ms, self.on_air_ms)


def parts_of(
    rows: Sequence[Row], gaps: RecordedGaps, broadcasts: Intervals, from_ms: int, until_ms: int
) -> Iterator[Part]:
    """Yield the rows and the intervals without a row, in chronological order.

    An interval counts as on air if it borders on an on-air row of the same UTC day, so that days add up to the range.
    """
    missed = gaps | broadcasts
    edges = [None, *rows, None]
    for before, after in pairwise(edges):
        for start_ms, end_ms in _by_day(before.end_ms if before else from_ms, after.start_ms if after else until_ms):
            missed_ms = missed.overlap_ms(start_ms, end_ms)
            beside = [row for row in (before, after) if row is not None and _touches(row, start_ms, end_ms)]
            is_on_air = any(row_on_air_ms(row) > 0 for row in beside)
            on_air_ms = missed_ms if is_on_air else broadcasts.overlap_ms(start_ms, end_ms)
            yield Part(start_ms, end_ms, 0, missed_ms, on_air_ms, 0)
        if after:
            yield _part_of(after, gaps, broadcasts)


def _by_day(start_ms: int, end_ms: int) -> Iterator[Span]:
    """Yield the parts of a span in each UTC day."""
    while start_ms < end_ms:
        next_ms = min(end_ms, (start_ms // DAY_MS + 1) * DAY_MS)
        yield start_ms, next_ms
        start_ms = next_ms


def _touches(row: Row, start_ms: int, end_ms: int) -> bool:
    """Return whether a row borders on a span of the same UTC day."""
    shared_ms = start_ms if row.end_ms == start_ms else end_ms
    return shared_ms in (row.start_ms, row.end_ms) and shared_ms % DAY_MS != 0


def _part_of(row: Row, gaps: RecordedGaps, broadcasts: Intervals) -> Part:
    columns = row.columns
    heard_ms = gaps.observed_ms(columns.get("observed_ms", 0), row.start_ms, row.end_ms)
    on_air_ms = max(row_on_air_ms(row), broadcasts.overlap_ms(row.start_ms, row.end_ms))
    on_air_heard_ms = min(heard_ms, on_air_ms, _on_air_heard_ms(row, heard_ms, on_air_ms))
    pulses_ms = min(row.length_ms, columns.get("pulses", 0) * SECOND_MS)
    unheard_ms = max(0, pulses_ms - heard_ms, on_air_ms - on_air_heard_ms)
    # The part of the gaps for which there are no pulses, because the producer was down.
    silent_ms = max(0, gaps.overlap_ms(row.start_ms, row.end_ms) - unheard_ms)
    on_air_ms += silent_ms if on_air_ms else 0
    is_tracked = pulses_ms > heard_ms
    return Part(
        row.start_ms, row.end_ms, heard_ms, unheard_ms + silent_ms, on_air_ms, on_air_heard_ms, is_tracked=is_tracked
    )


def _share(part_ms: int, whole_ms: int) -> float | None:
    return part_ms / whole_ms if whole_ms else None


def row_on_air_ms(row: Row) -> int:
    """Return the time on air: one second per on-air pulse.

    Rows stored by version 0.3 and earlier have only the number of pulses with viewers.
    """
    pulses = row.columns.get("on_air_pulses", row.columns.get("viewer_pulses", 0))
    return min(row.length_ms, pulses * SECOND_MS)


def _on_air_heard_ms(row: Row, heard_ms: int, on_air_ms: int) -> int:
    """Return the time heard on air: that of on-air pulses, plus other time heard that exceeds the time off air."""
    columns = row.columns
    if "on_air_pulses" not in columns:
        return heard_ms
    noticed_ms = columns.get("on_air_observed_ms", 0)
    off_air_ms = row.length_ms - on_air_ms
    return noticed_ms + max(0, heard_ms - noticed_ms - off_air_ms)


def _nearest_minute(ms: int) -> int:
    return -((MINUTE_MS // 2 - ms) // MINUTE_MS) * MINUTE_MS


def columns_behind_range(metrics: Sequence[Metric]) -> set[str]:
    """Return the columns of hour rows that a summary of these metrics needs."""
    # No metric includes messages from bots, but days store the count of such messages.
    names = {"viewers_sum", "viewers_max", "heard_minutes", "bot_messages", *COVERAGE_COLUMNS}
    names |= columns_read_by((metric.range_value for metric in metrics), HOUR_MS)
    return names | {PEAK[metric.key].column for metric in metrics if metric.key in PEAK}
