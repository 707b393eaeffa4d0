"""Reference computation of the sums and peaks of a day, from its minutes, or from hours where there are no minutes.

Unlike core/metrics/ranges.py, it always prefers minutes. The two tilings of a day must give the same values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.metrics.columns import Columns, roll_up
from core.metrics.days import HOUR_CHATTERS
from core.metrics.peaks import PEAKS
from core.metrics.ranges import SUMMED
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

# The columns that the reference computes; all other columns of a day are times.
REFERENCE_COLUMNS = frozenset({*SUMMED, *(peak.column for peak in PEAKS), HOUR_CHATTERS})

Rows = Mapping[int, Columns]


def reference_day(start_ms: int, minutes: Rows, hours: Rows) -> dict[str, int] | None:
    """Return REFERENCE_COLUMNS of the day from `start_ms`, from stored rows by their start; unknown columns are absent.

    Return None if the day has hours stored by version 0.3 or earlier, whose busiest minutes are unknown.
    """
    rows = dict(_hours(start_ms, minutes, hours))
    if any("heard_minutes" not in row for row in rows.values()):
        return None
    columns = {name: sum(row.get(name, 0) for row in rows.values()) for name in SUMMED if _is_known(name, rows)}
    for peak in PEAKS:
        if _is_known(peak.column, rows):
            columns[peak.column] = max(_in_day(row[peak.column], at) for at, row in rows.items() if peak.column in row)
    chatters = {at: hours[at]["chatters"] for at in _starts(start_ms) if "chatters" in hours.get(at, {})}
    if chatters:
        most = max(chatters.values())
        first_ms = min(at for at, count in chatters.items() if count == most)
        columns[HOUR_CHATTERS] = 24 * most + 23 - (first_ms - start_ms) // HOUR_MS
    return columns


def differing_columns(expected: Columns, stored: Columns) -> str:
    """Describe the columns in which a stored day differs from the expected one; "" if they are equal."""
    names = [name for name in sorted({*expected, *stored}) if expected.get(name) != stored.get(name)]
    return ", ".join(f"{name} is {stored.get(name)}, expected {expected.get(name)}" for name in names)


def _hours(start_ms: int, minutes: Rows, hours: Rows) -> Iterator[tuple[int, Columns]]:
    """Yield the hours of a day that are known, with their columns."""
    for at_ms in _starts(start_ms):
        inside = {ms: minutes[ms] for ms in range(at_ms, at_ms + HOUR_MS, MINUTE_MS) if ms in minutes}
        if row := roll_up(inside) or hours.get(at_ms):
            yield at_ms, row


def _starts(start_ms: int) -> range:
    return range(start_ms, start_ms + DAY_MS, HOUR_MS)


def _is_known(name: str, rows: Rows) -> bool:
    return any(name in row for row in rows.values())


def _in_day(packed: int, hour_ms: int) -> int:
    """Return the peak column of an hour as that of its day: see core/metrics/peaks.py."""
    scaled, minutes_after = divmod(packed, 60)
    minute = hour_ms % DAY_MS // MINUTE_MS + 59 - minutes_after
    return scaled * 1_440 + 1_439 - minute
