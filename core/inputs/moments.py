"""Moments as text: ISO 8601 from outside into UTC, and back."""

from __future__ import annotations

import datetime as dt


def read_moment(text: object, *, zone: dt.tzinfo | None = None) -> dt.datetime | None:
    """Return in UTC the moment that `text` names in ISO 8601; None when it names none.

    A text without an offset is read in `zone`; without a `zone` it names no moment. Near the years 1 and 9999
    an offset leads out of the calendar: such a text names none either.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return None if zone is None else moment.replace(tzinfo=zone).astimezone(dt.UTC)
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: dt.datetime, *, timespec: str = "seconds") -> str:
    """Return an aware `moment` in UTC, as in 2026-11-23T14:00:00Z, cut to `timespec`.

    strftime cannot be used: its %Y does not pad the year to four digits everywhere, and nothing reads "1-01-01" back.
    """
    return moment.astimezone(dt.UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def utc(at_ms: float) -> str:
    """Return ms since the epoch as `write_moment` writes a moment, to the second."""
    return write_moment(dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC))
