"""Units of time in ms, and UTC days."""

from __future__ import annotations

import datetime as dt

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def datetime_of(ms: int) -> dt.datetime:
    """Return a time as a datetime in UTC."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)


def ms_of(time: dt.datetime) -> int:
    """Return a time in ms since the epoch."""
    return round(time.timestamp() * 1000)


def day_of(ms: int) -> dt.date:
    """Return the UTC day of a time."""
    return datetime_of(ms).date()


def midnight_ms(day: dt.date) -> int:
    """Return the start of a UTC day."""
    return ms_of(dt.datetime.combine(day, dt.time(), dt.UTC))
