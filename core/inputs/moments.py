"""Parsing and formatting of ISO 8601 timestamps in UTC."""

from __future__ import annotations

import datetime as dt


def read_moment(text: object, *, zone: dt.tzinfo | None = None) -> dt.datetime | None:
    """Parse an ISO 8601 timestamp into UTC; None if invalid.

    A timestamp without an offset is read in `zone`, and is invalid without one. So is one that is
    before the year 1 or after 9999 in UTC.
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
    """Format an aware datetime in UTC, as in 2026-11-23T14:00:00Z, truncated to `timespec`.

    strftime is unsuitable: on some platforms %Y does not pad the year to four digits, and no parser accepts "1-01-01".
    """
    return moment.astimezone(dt.UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def utc(at_ms: float) -> str:
    """Format ms since the epoch like `write_moment`, to the second."""
    return write_moment(dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC))
