"""Days of a channel: the summary of a UTC day as whole numbers, and the summary of several days.

A day has the columns that ranges add up, its busiest minutes, and the time heard, missed and on air. Adding up days
gives the same values as adding up the minutes and hours that they contain.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from core.metrics.peaks import PEAK, PEAKS, pack, unpack
from core.metrics.ranges import SUMMED, PeakValue, RangeSummary, highest_peaks, sums_of
from core.metrics.windows import Columns
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

_TIMES = ("heard_ms", "missed_ms", "on_air_ms", "on_air_heard_ms")
# 1 if the busiest minute of some hours is unknown; see RangeSummary.
_AVERAGES_ONLY = "hourly_average_only"
# The hour with the most chatters, packed as 24 × its chatters + 23 − hour.
HOUR_CHATTERS = "hour_chatters"
_HOURS = DAY_MS // HOUR_MS
# Columns that every summary needs, whatever its metrics.
SUMMARY_COLUMNS = frozenset({*_TIMES, _AVERAGES_ONLY})
DAY_COLUMNS: tuple[str, ...] = (*SUMMED, *(peak.column for peak in PEAKS), *_TIMES, _AVERAGES_ONLY, HOUR_CHATTERS)


def columns_of_day(summary: RangeSummary, chatters_by_hour: Mapping[int, int]) -> dict[str, int]:
    """Return the columns of a day from its summary and the chatters of its hours, by start in ms.

    Columns without a value are absent. Return {} if nothing is known about the day.
    """
    if not (summary.sums or summary.missed_ms or summary.on_air_ms):
        return {}
    columns = dict(summary.sums)
    columns |= {
        PEAK[metric].column: pack(peak.value, peak.end_ms - MINUTE_MS, DAY_MS) for metric, peak in summary.peaks.items()
    }
    columns |= {name: getattr(summary, name) for name in _TIMES}
    if summary.hourly_average_only:
        columns[_AVERAGES_ONLY] = 1
    if chatters_by_hour:
        columns[HOUR_CHATTERS] = max(
            chatters * _HOURS + _HOURS - 1 - start_ms % DAY_MS // HOUR_MS
            for start_ms, chatters in chatters_by_hour.items()
        )
    return columns


def summary_of_day(start_ms: int, columns: Columns) -> RangeSummary:
    """Return the summary of the day that begins at `start_ms`."""
    return RangeSummary(
        start_ms,
        start_ms + DAY_MS,
        {name: columns[name] for name in SUMMED if name in columns},
        {
            peak.metric: PeakValue(*unpack(columns[peak.column], start_ms, DAY_MS))
            for peak in PEAKS
            if peak.column in columns
        },
        hourly_average_only=bool(columns.get(_AVERAGES_ONLY)),
        heard_ms=columns.get("heard_ms", 0),
        missed_ms=columns.get("missed_ms", 0),
        on_air_ms=columns.get("on_air_ms", 0),
        on_air_heard_ms=columns.get("on_air_heard_ms", 0),
    )


def busiest_hour(start_ms: int, columns: Columns) -> PeakValue | None:
    """Return the chatters of a day's busiest hour and the end of that hour, or None if they are unknown."""
    if HOUR_CHATTERS not in columns:
        return None
    chatters, hours_after = divmod(columns[HOUR_CHATTERS], _HOURS)
    return PeakValue(chatters, start_ms + DAY_MS - hours_after * HOUR_MS)


def join(summaries: Sequence[RangeSummary]) -> RangeSummary:
    """Return the summary of a range from the summaries of its consecutive parts.

    Excitement over several parts is undefined.

    Raises: ValueError if `summaries` is empty or its ranges are not consecutive.
    """
    if not summaries or any(a.until_ms != b.from_ms for a, b in itertools.pairwise(summaries)):
        raise ValueError("expected the summaries of consecutive ranges")
    averages_only = any(summary.hourly_average_only for summary in summaries)
    return RangeSummary(
        summaries[0].from_ms,
        summaries[-1].until_ms,
        sums_of([summary.sums for summary in summaries]),
        highest_peaks((summary.peaks for summary in summaries), hourly_average_only=averages_only),
        hourly_average_only=averages_only,
        unrecorded=tuple(span for summary in summaries for span in summary.unrecorded),
        **{name: sum(getattr(summary, name) for summary in summaries) for name in _TIMES},
    )
