"""The one list of metrics: what Flink aggregates, what is shown, and how either follows from chat.

A *column* is an aggregate that Flink computes per channel and window, with the same rule in Python as
reference. A *metric* is a number people see, computed from the columns of one window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from core.records import EPOCH_MS, ChatRecord
from core.times import HOUR_MS, MINUTE_MS

Grain = Literal["live", "live_distinct", "minute", "hour"]
Columns = Mapping[str, int]

LIVE_WINDOW_MS = 30_000

WINDOW_MS: Mapping[Grain, int] = {
    "live": LIVE_WINDOW_MS,
    "live_distinct": LIVE_WINDOW_MS,
    "minute": MINUTE_MS,
    "hour": HOUR_MS,
}
SLIDE_MS: Mapping[Grain, int] = {
    "live": 1_000,
    "live_distinct": 5_000,
    "minute": MINUTE_MS,
    "hour": HOUR_MS,
}
GRAINS: tuple[Grain, ...] = ("live", "live_distinct", "minute", "hour")

# Viewers ride in the low digits of a MAX over time, so that the newest pulse wins: see `viewers`.
VIEWERS_LIMIT = 10_000_000
VIEWERS_UNKNOWN = "viewers are unknown"


@dataclass(frozen=True, slots=True)
class Column:
    """One aggregate: `sql` over the usable chat rows, `reference` over the same records in Python."""

    name: str
    sql: str
    reference: Callable[[Sequence[ChatRecord]], int | None]
    grains: frozenset[Grain]


def _of_kind(kind: str, records: Iterable[ChatRecord]) -> list[ChatRecord]:
    return [record for record in records if record.kind == kind]


_messages = partial(_of_kind, "message")
_pulses = partial(_of_kind, "pulse")


def _viewer_counts(records: Iterable[ChatRecord]) -> list[tuple[int, int]]:
    return [(r.at_ms, r.viewers) for r in _pulses(records) if r.viewers is not None]


def _last_viewers(records: Sequence[ChatRecord]) -> int | None:
    counts = _viewer_counts(records)
    return max(counts)[1] if counts else None


def _sum_or_none(values: Sequence[int]) -> int | None:
    return sum(values) if values else None


_SUMS: frozenset[Grain] = frozenset({"live", "minute", "hour"})
_DISTINCT: frozenset[Grain] = frozenset({"live_distinct", "minute", "hour"})

COLUMNS: tuple[Column, ...] = (
    Column(
        "messages",
        "COUNT(*) FILTER (WHERE kind = 'message')",
        lambda rs: len(_messages(rs)),
        _SUMS,
    ),
    Column(
        "words",
        "SUM(words) FILTER (WHERE kind = 'message')",
        lambda rs: _sum_or_none([r.words or 0 for r in _messages(rs)]),
        _SUMS,
    ),
    Column(
        "observed_ms",
        "SUM(observed_ms) FILTER (WHERE kind = 'pulse')",
        lambda rs: _sum_or_none([r.observed_ms or 0 for r in _pulses(rs)]),
        _SUMS,
    ),
    Column(
        "viewers",
        f"MOD(MAX((at_ms - {EPOCH_MS}) * {VIEWERS_LIMIT} + viewers) FILTER (WHERE kind = 'pulse'), {VIEWERS_LIMIT})",
        _last_viewers,
        _SUMS,
    ),
    Column(
        "viewers_sum",
        "SUM(viewers) FILTER (WHERE kind = 'pulse')",
        lambda rs: _sum_or_none([viewers for _, viewers in _viewer_counts(rs)]),
        _SUMS,
    ),
    Column(
        "viewers_max",
        "MAX(viewers) FILTER (WHERE kind = 'pulse')",
        lambda rs: max((viewers for _, viewers in _viewer_counts(rs)), default=None),
        _SUMS,
    ),
    Column(
        "viewer_pulses",
        "COUNT(viewers) FILTER (WHERE kind = 'pulse')",
        lambda rs: len(_viewer_counts(rs)),
        _SUMS,
    ),
    Column(
        "chatters",
        "COUNT(DISTINCT user_hash) FILTER (WHERE kind = 'message')",
        lambda rs: len({r.user_hash for r in _messages(rs)}),
        _DISTINCT,
    ),
    # Counted apart: no metric is made of them.
    Column("copies", "COUNT(*) FILTER (WHERE kind = 'copy')", lambda rs: len(_of_kind("copy", rs)), _SUMS),
    Column("bot_messages", "COUNT(*) FILTER (WHERE kind = 'bot')", lambda rs: len(_of_kind("bot", rs)), _SUMS),
)


def columns_of(grain: Grain) -> tuple[Column, ...]:
    """Return the columns a window of `grain` carries, in the order of the table."""
    return tuple(column for column in COLUMNS if grain in column.grains)


def aggregate(records: Sequence[ChatRecord], grain: Grain) -> dict[str, int]:
    """Return the columns of one channel's window by the reference rules; what is unknown is left out."""
    values = {column.name: column.reference(records) for column in columns_of(grain)}
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Floors:
    """Below these a value is shown but not ranked."""

    engagement_min_viewers: int = 100
    spam_min_messages: int = 5


@dataclass(frozen=True, slots=True)
class Metric:
    """A number people see.

    `label` heads its board, `name` its line in a chart; `decimals` is how it is written. `value` takes a
    window's columns and its length in ms and returns None where there is no data. `unranked` returns why a
    window may not be ranked, or None.
    """

    key: str
    label: str
    name: str
    unit: str
    decimals: int
    definition: str
    ranked: bool
    value: Callable[[Columns, int], float | None]
    unranked: Callable[[Columns, Floors], str | None]
    version: int = 1


def _per_minute_per_thousand(columns: Columns, window_ms: int) -> float | None:
    viewers = _viewers_for_rate(columns, window_ms)
    messages = columns.get("messages")
    if messages is None or not viewers:
        return None
    return messages * (MINUTE_MS / window_ms) / (viewers / 1000)


def _viewers_for_rate(columns: Columns, window_ms: int) -> float | None:
    """Live windows use the last known viewers (the original formula), longer ones their mean."""
    if window_ms == LIVE_WINDOW_MS:
        return columns.get("viewers")
    pulses = columns.get("viewer_pulses", 0)
    return columns["viewers_sum"] / pulses if pulses else None


def _messages_per_30s(columns: Columns, window_ms: int) -> float | None:
    """The count itself in a live window; longer windows are brought to 30 s of observed time."""
    if "messages" not in columns:
        return None
    if window_ms == LIVE_WINDOW_MS:
        return columns["messages"]
    observed_ms = columns.get("observed_ms", 0)
    return columns["messages"] * LIVE_WINDOW_MS / observed_ms if observed_ms else None


def _words_per_message(columns: Columns, _window_ms: int) -> float | None:
    messages = columns.get("messages", 0)
    return columns["words"] / messages if messages and "words" in columns else None


def coverage(columns: Columns, window_ms: int) -> float:
    """Return the share of the window during which we were joined, 0 to 1."""
    return min(1.0, columns.get("observed_ms", 0) / window_ms)


def _always(_columns: Columns, _floors: Floors) -> str | None:
    return None


def _knows_viewers(columns: Columns, _floors: Floors) -> str | None:
    return None if "viewers" in columns else VIEWERS_UNKNOWN


def _needs_viewers(columns: Columns, floors: Floors) -> str | None:
    if "viewers" not in columns:
        return VIEWERS_UNKNOWN
    floor = floors.engagement_min_viewers
    return f"needs {floor:,} viewers" if columns["viewers"] < floor else None


def _needs_messages(columns: Columns, floors: Floors) -> str | None:
    floor = floors.spam_min_messages
    return f"needs {floor} messages in 30 s" if columns.get("messages", 0) < floor else None


METRICS: tuple[Metric, ...] = (
    Metric(
        "viewers",
        "Most Viewed",
        "Viewers",
        "viewers",
        0,
        "People watching now, as Twitch reports it, asked every 60 s.",
        True,
        lambda columns, _window_ms: columns.get("viewers"),
        _knows_viewers,
    ),
    Metric(
        "messages",
        "Most Active",
        "Messages",
        "msg / 30 s",
        0,
        "Chat messages in the past 30 s.",
        True,
        _messages_per_30s,
        _always,
    ),
    Metric(
        "engagement",
        "Most Engaged",
        "Messages a minute",
        "per 1k viewers",
        1,
        "Chat messages per minute per 1,000 viewers, over the past 30 s.",
        True,
        _per_minute_per_thousand,
        _needs_viewers,
    ),
    Metric(
        "spam",
        "Spam Rating",
        "Message length",
        "words / msg",
        2,
        "Mean words per message, over the past 30 s. Long messages are not always spam.",
        True,
        _words_per_message,
        _needs_messages,
    ),
    Metric(
        "chatters",
        "Chatters",
        "Chatters",
        "chatters / 30 s",
        0,
        "Different people who wrote in the past 30 s.",
        False,
        lambda columns, _window_ms: columns.get("chatters"),
        _always,
    ),
)
METRIC: Mapping[str, Metric] = {metric.key: metric for metric in METRICS}
BOARDS: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.ranked)


def counted_apart(columns: Columns) -> dict[str, int]:
    """Return what was heard and is in no metric: messages from a shared chat, and those of known bots."""
    return {name: columns[name] for name in ("copies", "bot_messages") if columns.get(name)}


def values_of(columns: Columns, window_ms: int) -> dict[str, float]:
    """Return every metric that the columns of one window give; what has no data is absent."""
    values = {metric.key: metric.value(columns, window_ms) for metric in METRICS}
    return {key: value for key, value in values.items() if value is not None}
