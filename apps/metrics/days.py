"""Rolls up a channel's stored minutes and hours into UTC days, and reads the summaries of several days."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from apps.metrics.day_store import DayStore
from apps.metrics.ranges import summary_of
from apps.metrics.store import WindowStore
from apps.metrics.window_reader import WindowReader
from core.metrics.days import SUMMARY_COLUMNS, columns_of_day, summary_of_day
from core.metrics.ranges import RangeSummary, columns_behind_range
from core.metrics.table import METRICS, Metric
from core.metrics.windows import Columns
from core.times import DAY_MS, HOUR_MS

# Channels per store read or write.
BATCH_SIZE = 50


def roll_up(channel_ids: Iterable[str], start_ms: int, now_ms: int, *, only_missing: bool = False) -> int:
    """Compute and store the UTC day that begins at `start_ms`; return the number of changed rows.

    With `only_missing`, only channels that have hours on that day but no row are computed. Repeated calls change
    nothing unless minutes, hours or gaps have changed.

    Raises: ServiceUnavailable; ValueError if the day has not ended or `start_ms` is not midnight.
    """
    if start_ms % DAY_MS or start_ms + DAY_MS > now_ms:
        raise ValueError("only UTC days that have ended can be rolled up")
    windows, days, changed = WindowStore(), DayStore(), 0
    ids = sorted(set(channel_ids))
    for part in (ids[first : first + BATCH_SIZE] for first in range(0, len(ids), BATCH_SIZE)):
        wanted = _without_row(windows, days, part, start_ms) if only_missing else part
        changed += days.save(start_ms, {i: compute_day(windows, i, start_ms, now_ms) for i in wanted})
    return changed


def _without_row(windows: WindowStore, days: DayStore, channel_ids: Sequence[str], start_ms: int) -> list[str]:
    stored = days.read(channel_ids, start_ms, start_ms + DAY_MS, ["heard_ms"])
    missing = [channel_id for channel_id in channel_ids if not stored[channel_id]]
    hours = windows.read_many("hour", missing, start_ms, start_ms + DAY_MS, ["pulses"])
    return [channel_id for channel_id in missing if hours[channel_id]]


def compute_day(store: WindowReader, channel_id: str, start_ms: int, now_ms: int) -> Columns:
    """Return the columns of a channel's day from its stored minutes, hours and events. Raises: ServiceUnavailable."""
    end_ms = start_ms + DAY_MS
    summary = summary_of(store, channel_id, start_ms, end_ms, now_ms, METRICS)
    hours = store.read_windows("hour", channel_id, start_ms, end_ms, {"chatters"})
    chatters = {hour.end_ms - HOUR_MS: hour.columns["chatters"] for hour in hours if "chatters" in hour.columns}
    return columns_of_day(summary, chatters)


def correct(channel_ids: Collection[str], from_ms: int, until_ms: int, now_ms: int) -> int:
    """Roll up again the completed days that overlap [from_ms, until_ms), after their windows were corrected."""
    starts = range(from_ms // DAY_MS * DAY_MS, until_ms, DAY_MS)
    return sum(roll_up(channel_ids, start_ms, now_ms) for start_ms in starts if start_ms + DAY_MS <= now_ms)


def read_days(
    channel_ids: Collection[str], from_ms: int, until_ms: int, metrics: Sequence[Metric]
) -> dict[str, list[RangeSummary]]:
    """Return the summaries of each channel's whole UTC days in [from_ms, until_ms), oldest first.

    Nothing is known about a day without a row. Raises: ServiceUnavailable.
    """
    stored = DayStore().read(channel_ids, from_ms, until_ms, columns_behind_range(metrics) | SUMMARY_COLUMNS)
    starts = range(from_ms, until_ms, DAY_MS)
    return {i: [summary_of_day(start_ms, days.get(start_ms, {})) for start_ms in starts] for i, days in stored.items()}
