"""Parsing and formatting of ISO 8601 timestamps in UTC."""

from __future__ import annotations

import datetime as dt


def parse_timestamp(text: object, *, zone: dt.tzinfo | None = None) -> dt.datetime | None:
    """Parse an ISO 8601 timestamp into UTC. Return None if it is invalid.

    A timestamp without an offset is interpreted in `zone`; without `zone` it is invalid. A timestamp before year 1 or
    after year 9999 in UTC is invalid too.
    """
    if not isinstance(text, str):
        return None
    try:
        timestamp = dt.datetime.fromisoformat(text)
        if timestamp.tzinfo is None:
            return None if zone is None else timestamp.replace(tzinfo=zone).astimezone(dt.UTC)
        return timestamp.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def format_timestamp(timestamp: dt.datetime, *, timespec: str = "seconds") -> str:
    """Format an aware datetime in UTC, as in 2026-11-23T14:00:00Z, truncated to `timespec`.

    strftime is unsuitable, because on some platforms %Y does not pad the year to four digits, and no parser accepts
    "1-01-01".
    """
    return timestamp.astimezone(dt.UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def iso_utc(at_ms: float) -> str:
    """Format ms since the epoch like `format_timestamp`, to the second."""
    return format_timestamp(dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC))
