"""Columns that Flink aggregates per channel and window: the SQL for each, next to its reference in Python.

The kind of a record determines which columns count it. Hours are rolled up from minutes, except distinct people:
someone who wrote in two different minutes is one chatter in the hour, so chatters are counted from the records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from core.metrics.peaks import HEARD_SQL, PEAKS, is_heard
from core.metrics.windows import LIVE_WINDOW_MS as LIVE_WINDOW_MS
from core.metrics.windows import Columns as Columns
from core.pipeline.records import EPOCH_MS, VIEWERS_MAX, ChatRecord, Grain
from core.times import HOUR_MS, MINUTE_MS

WINDOW_MS: Mapping[Grain, int] = {
    "live": LIVE_WINDOW_MS,
    "live_distinct": LIVE_WINDOW_MS,
    "minute": MINUTE_MS,
    "hour": HOUR_MS,
    "hour_distinct": HOUR_MS,
}
SLIDE_MS: Mapping[Grain, int] = {**WINDOW_MS, "live": 1_000, "live_distinct": 5_000}
GRAINS: tuple[Grain, ...] = ("live", "live_distinct", "minute", "hour", "hour_distinct")
# Kinds of stored rows, the grains whose columns each contains, and the time between row ends (multiples of 10 s).
StoredGrain = Literal["live", "minute", "hour"]
STORED_GRAINS: tuple[StoredGrain, ...] = ("live", "minute", "hour")
GRAINS_OF: Mapping[StoredGrain, tuple[Grain, ...]] = {
    "live": ("live", "live_distinct"),
    "minute": ("minute",),
    "hour": ("hour", "hour_distinct"),
}
STORED_AS: Mapping[Grain, StoredGrain] = {part: stored for stored, parts in GRAINS_OF.items() for part in parts}
STEP_MS: Mapping[StoredGrain, int] = {"live": 10_000, "minute": MINUTE_MS, "hour": HOUR_MS}

# The column `viewers` takes the MAX of the time with the viewer count in its low digits, so that the newest pulse wins.
VIEWERS_LIMIT = VIEWERS_MAX + 1


@dataclass(frozen=True, slots=True)
class Roll:
    """Roll-up of a column from several windows, oldest first: `sql` over their rows, `reference` in Python."""

    description: str
    sql: str
    reference: Callable[[Sequence[int]], int]


SUM = Roll("the sum of its minutes", "SUM({name})", sum)
LARGEST = Roll("the maximum of its minutes", "MAX({name})", max)
NEWEST = Roll(
    "the value of its last minute",
    f"MOD(MAX((start_ms - {EPOCH_MS}) * {VIEWERS_LIMIT} + {{name}}), {VIEWERS_LIMIT})",
    lambda values: values[-1],
)
RECOUNTED = Roll("counted from the messages themselves", "", lambda _values: 0)


@dataclass(frozen=True, slots=True)
class Column:
    """One aggregate: `sql` over the usable chat rows, `reference` over the same records in Python."""

    name: str
    sql: str
    reference: Callable[[Sequence[ChatRecord]], int | None]
    grains: frozenset[Grain]
    roll: Roll = SUM


def _of_kind(kind: str, records: Iterable[ChatRecord]) -> list[ChatRecord]:
    return [record for record in records if record.kind == kind]


_messages = partial(_of_kind, "message")
_pulses = partial(_of_kind, "pulse")


def _viewer_counts(records: Iterable[ChatRecord]) -> list[tuple[int, int]]:
    return [(r.at_ms, r.viewers) for r in _pulses(records) if r.viewers is not None]


def _on_air(records: Iterable[ChatRecord]) -> list[ChatRecord]:
    return [record for record in _pulses(records) if record.live]


def _last_viewers(records: Sequence[ChatRecord]) -> int | None:
    counts = _viewer_counts(records)
    return max(counts)[1] if counts else None


def _sum_or_none(values: Sequence[int]) -> int | None:
    return sum(values) if values else None


_SUMS: frozenset[Grain] = frozenset({"live", "minute", "hour"})
# Live windows use the newest viewer count; longer ones also have the mean and the peak.
_LONG: frozenset[Grain] = frozenset({"minute", "hour"})
_EVERY_LIVE: frozenset[Grain] = _SUMS | {"live_distinct"}


def _count(name: str, kind: str, grains: frozenset[Grain] = _SUMS) -> Column:
    return Column(name, f"COUNT(*) FILTER (WHERE kind = '{kind}')", lambda rs: len(_of_kind(kind, rs)), grains)


def _trait(name: str, field: str) -> Column:
    """Return a column that counts messages with a trait, a field that the intake sets to 1."""
    return Column(
        name,
        f"COUNT(*) FILTER (WHERE kind = 'message' AND {field} = 1)",
        lambda rs: sum(getattr(r, field) == 1 for r in _messages(rs)),
        _SUMS,
    )


COLUMNS: tuple[Column, ...] = (
    _count("messages", "message", _EVERY_LIVE),
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
        _EVERY_LIVE,
    ),
    Column(
        "viewers",
        f"MOD(MAX((at_ms - {EPOCH_MS}) * {VIEWERS_LIMIT} + viewers) FILTER (WHERE kind = 'pulse'), {VIEWERS_LIMIT})",
        _last_viewers,
        _SUMS,
        NEWEST,
    ),
    Column(
        "viewers_sum",
        "SUM(viewers) FILTER (WHERE kind = 'pulse')",
        lambda rs: _sum_or_none([viewers for _, viewers in _viewer_counts(rs)]),
        _LONG,
    ),
    Column(
        "viewers_max",
        "MAX(viewers) FILTER (WHERE kind = 'pulse')",
        lambda rs: max((viewers for _, viewers in _viewer_counts(rs)), default=None),
        _LONG,
        LARGEST,
    ),
    Column(
        "viewer_pulses",
        "COUNT(viewers) FILTER (WHERE kind = 'pulse')",
        lambda rs: len(_viewer_counts(rs)),
        _LONG,
    ),
    # Seconds tracked, seconds on air, and the time heard while on air.
    _count("pulses", "pulse", _LONG),
    Column(
        "on_air_pulses",
        "COUNT(*) FILTER (WHERE kind = 'pulse' AND live)",
        lambda rs: len(_on_air(rs)),
        _LONG,
    ),
    Column(
        "on_air_observed_ms",
        "SUM(observed_ms) FILTER (WHERE kind = 'pulse' AND live)",
        lambda rs: _sum_or_none([r.observed_ms or 0 for r in _on_air(rs)]),
        _LONG,
    ),
    _trait("first_messages", "is_first"),
    _trait("returning_messages", "is_returning"),
    _trait("subscriber_messages", "is_subscriber"),
    _trait("emote_messages", "is_emotes"),
    _count("removals", "removal"),
    # Messages that are excluded from every other metric.
    _count("copies", "copy"),
    _count("bot_messages", "bot"),
    Column(
        "chatters",
        "COUNT(DISTINCT user_hash) FILTER (WHERE kind = 'message')",
        lambda rs: len({r.user_hash for r in _messages(rs)}),
        frozenset({"live_distinct", "minute", "hour_distinct"}),
        RECOUNTED,
    ),
    # Distinct texts. An hour sums the counts of its minutes, so its repetition is their weighted mean.
    Column(
        "texts",
        "COUNT(DISTINCT text_hash) FILTER (WHERE kind = 'message')",
        lambda rs: len({r.text_hash for r in _messages(rs) if r.text_hash is not None}),
        frozenset({"live_distinct", "minute", "hour"}),
    ),
)


Minutes = Mapping[int, Columns]


@dataclass(frozen=True, slots=True)
class HourColumn:
    """A column that only hours have: `sql` over the rows of their minutes, `reference` over the minutes by start in ms.

    `description` is for the documentation. A value of None is stored as an absent column.
    """

    name: str
    description: str
    sql: str
    reference: Callable[[Minutes], int | None]


def _sum_where(
    name: str, column: str, description: str, condition: str, holds: Callable[[Columns], bool]
) -> HourColumn:
    return HourColumn(
        name,
        f"the sum of `{column}` over {description}",
        f"SUM(CASE WHEN {condition} THEN {column} END)",
        lambda minutes: _sum_or_none([m[column] for m in minutes.values() if holds(m) and column in m]),
    )


def _has_both(minute: Columns) -> bool:
    return minute.get("observed_ms", 0) > 0 and minute.get("viewer_pulses", 0) > 0


_BOTH = (
    "minutes that were heard and whose viewer counts are known",
    "observed_ms > 0 AND viewer_pulses > 0",
    _has_both,
)
_HEARD = ("minutes heard for 50% or more", HEARD_SQL, is_heard)

# Columns that may be summed over hours; peaks may not.
HOUR_SUMS: tuple[HourColumn, ...] = (
    _sum_where("engaged_messages", "messages", *_BOTH),
    _sum_where("engaged_observed_ms", "observed_ms", *_BOTH),
    _sum_where("engaged_viewers_sum", "viewers_sum", *_BOTH),
    _sum_where("engaged_viewer_pulses", "viewer_pulses", *_BOTH),
    _sum_where("minute_chatters", "chatters", *_HEARD),
    # Present in every row that has any of these columns; rows stored before version 0.4 have none of them.
    HourColumn(
        "heard_minutes",
        f"the number of {_HEARD[0]}",
        f"SUM(CASE WHEN {_HEARD[1]} THEN 1 ELSE 0 END)",
        lambda minutes: sum(map(is_heard, minutes.values())),
    ),
)
HOUR_COLUMNS: tuple[HourColumn, ...] = (
    *HOUR_SUMS,
    *(
        HourColumn(
            peak.column,
            f"the busiest minute by `{peak.metric}`: 60 × value × 10⁶ + 59 − minute of the hour",
            peak.sql,
            peak.of_hour,
        )
        for peak in PEAKS
    ),
)


def columns_of(grain: Grain) -> tuple[Column, ...]:
    """Return the columns of a window of `grain` in table order, without hour-only columns."""
    return tuple(column for column in COLUMNS if grain in column.grains)


def names_of(grain: Grain) -> tuple[str, ...]:
    """Return the names of all columns that a window of `grain` carries."""
    hours = HOUR_COLUMNS if grain == "hour" else ()
    return (*(column.name for column in columns_of(grain)), *(column.name for column in hours))


def aggregate(records: Sequence[ChatRecord], grain: Grain) -> dict[str, int]:
    """Return the columns of one channel's window by the reference rules; unknown values are absent."""
    if grain == "hour":
        return roll_up(_minutes(records))
    values = {column.name: column.reference(records) for column in columns_of(grain)}
    return {name: value for name, value in values.items() if value is not None}


def roll_up(minutes: Minutes) -> dict[str, int]:
    """Return the columns of an hour from its minutes, by start in ms; values that no minute has are absent."""
    if not minutes:
        return {}
    ordered = [minutes[start_ms] for start_ms in sorted(minutes)]
    values_of = {c: [minute[c.name] for minute in ordered if c.name in minute] for c in columns_of("hour")}
    values = {column.name: column.roll.reference(known) for column, known in values_of.items() if known}
    special = {column.name: column.reference(minutes) for column in HOUR_COLUMNS}
    return {**values, **{name: value for name, value in special.items() if value is not None}}


def _minutes(records: Iterable[ChatRecord]) -> dict[int, Columns]:
    by_minute: dict[int, list[ChatRecord]] = defaultdict(list)
    for record in records:
        by_minute[record.at_ms // MINUTE_MS * MINUTE_MS].append(record)
    return {start_ms: aggregate(group, "minute") for start_ms, group in by_minute.items()}
