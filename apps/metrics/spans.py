"""Spans of time in URLs: `from` and `until`, in UTC and ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import TwitchlyError
from core.inputs.timestamps import format_timestamp, parse_timestamp
from core.metrics.grains import SPAN_MAX_MS
from core.pipeline.records import EPOCH_MS
from core.times import DAY_MS, ms_of


class BadSpan(TwitchlyError):
    """A span that no chart can show. The message is shown to the user."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time between two timestamps."""

    from_ms: int
    until_ms: int


def read_span(since: str, until: str, now_ms: int) -> Span | None:
    """Return the span between two times, or None if neither is given. Raises: BadSpan.

    Times without an offset, as date fields send them, are in UTC.
    """
    if not since and not until:
        return None
    span = Span(_ms("from", since), _ms("until", until))
    if span.from_ms >= span.until_ms:
        raise BadSpan("“From” must be before “until”.")
    if span.until_ms > now_ms:
        raise BadSpan(f"“Until” is in the future. The current time is {iso(now_ms)}.")
    if span.from_ms < EPOCH_MS:
        raise BadSpan(f"“From” is too early. The earliest recorded time is {iso(EPOCH_MS)}.")
    if span.until_ms - span.from_ms > SPAN_MAX_MS:
        raise BadSpan(f"The range is too long. Charts show at most {SPAN_MAX_MS // DAY_MS} days.")
    return span


def span_from_query(query: Mapping[str, str], now_ms: int) -> Span | None:
    """Return the span in a query string, or None if there is none. Raises: BadSpan."""
    return read_span(query.get("from", ""), query.get("until", ""), now_ms)


def quick_picks(now_ms: int) -> list[tuple[str, Span]]:
    """Return labels and spans of past days, weeks and months in UTC; static/js/span.js computes the same."""
    today = datetime.fromtimestamp(now_ms // 1000, UTC).replace(hour=0, minute=0, second=0)
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    return [
        ("Yesterday", _span(today - timedelta(days=1), today)),
        ("2 days ago", _span(today - timedelta(days=2), today - timedelta(days=1))),
        ("Last week", _span(monday - timedelta(days=7), monday)),
        ("Last month", _span(last_month, first)),
    ]


def iso(at_ms: int) -> str:
    """Return a time for a URL, with milliseconds only if there are any."""
    precision = "milliseconds" if at_ms % 1000 else "seconds"
    return format_timestamp(datetime.fromtimestamp(at_ms / 1000, UTC), timespec=precision)


def field_value(at_ms: int) -> str:
    """Return a time for a date field: to the minute, without an offset."""
    return format_timestamp(datetime.fromtimestamp(at_ms / 1000, UTC), timespec="minutes").removesuffix("Z")


def _span(since: datetime, until: datetime) -> Span:
    return Span(ms_of(since), ms_of(until))


def _ms(name: str, text: str) -> int:
    if not text:
        raise BadSpan(f"“{name}” is missing: enter both ends of the range.")
    at = parse_timestamp(text, zone=UTC)
    if at is None:
        raise BadSpan(f"“{name}” is not a time: use the form {iso(EPOCH_MS)}.")
    return ms_of(at)
