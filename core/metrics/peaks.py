"""Busiest minute of an hour by metric: SQL over the hour's minutes, next to the same formula in Python.

A minute counts if it was heard for half of its length or more and meets the ranking threshold. Viewers come from
Helix and always count. An hour row packs value and minute into one whole number, so that the maximum belongs to the
highest value and, among equal values, to the earliest minute.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.metrics.formulas import (
    RankingThresholds,
    Value,
    per_30s,
    per_messages,
    per_minute_per_thousand,
    repetition,
    words_per_message,
)
from core.metrics.windows import LIVE_WINDOW_MS, Columns
from core.times import HOUR_MS, MINUTE_MS

HEARD_ENOUGH_MS = MINUTE_MS // 2
HEARD_SQL = f"observed_ms >= {HEARD_ENOUGH_MS}"
# Values are rounded to six decimal places and stored as whole numbers.
SCALE = 1_000_000
# Default ranking thresholds, the one for messages scaled from 30 s to a minute. They are part of the definition:
# an instance that sets other thresholds for its boards stores the same peaks.
MIN_VIEWERS = RankingThresholds().min_viewers
MIN_MESSAGES = RankingThresholds().min_messages * (MINUTE_MS // LIVE_WINDOW_MS)
_MINUTES = HOUR_MS // MINUTE_MS


@dataclass(frozen=True, slots=True)
class Peak:
    """One metric's highest minute. `value` and `counts` take a minute's columns; the SQL computes the same.

    `value_sql` is a DOUBLE, evaluated in the order of the Python formula so that both results are bit-identical.
    """

    metric: str
    value: Value
    value_sql: str
    counts: Callable[[Columns], bool]
    counts_sql: str

    @property
    def column(self) -> str:
        """Return the name of its column in hour rows."""
        return f"peak_{self.metric}"

    @property
    def sql(self) -> str:
        """Return the aggregate over the minutes of an hour."""
        packed = (
            f"CAST(FLOOR(({self.value_sql}) * {SCALE}e0 + 0.5e0) AS BIGINT) * {_MINUTES} + {_MINUTES - 1}"
            f" - CAST(MOD(start_ms, {HOUR_MS}) / {MINUTE_MS} AS BIGINT)"
        )
        return f"MAX(CASE WHEN {self.counts_sql} THEN {packed} END)"

    def of_minute(self, minute: Columns) -> float | None:
        """Return a minute's value, rounded as it is stored, or None if the minute does not count."""
        value = self.value(minute, MINUTE_MS) if self.counts(minute) else None
        return None if value is None else _scaled(value) / SCALE

    def of_hour(self, minutes: Mapping[int, Columns]) -> int | None:
        """Return the peak column of an hour from its minutes, keyed by start in ms, or None if none qualifies."""
        values = ((start_ms, self.of_minute(minute)) for start_ms, minute in minutes.items())
        return max((pack(value, start_ms, HOUR_MS) for start_ms, value in values if value is not None), default=None)


def pack(value: float, start_ms: int, length_ms: int) -> int:
    """Return the peak column of a row of `length_ms` from the value of a minute and its start."""
    minutes = length_ms // MINUTE_MS
    return _scaled(value) * minutes + minutes - 1 - start_ms % length_ms // MINUTE_MS


def unpack(packed: int, row_start_ms: int, length_ms: int) -> tuple[float, int]:
    """Return the value in the peak column of a row, and the end of the minute that has it."""
    scaled, minutes_after = divmod(packed, length_ms // MINUTE_MS)
    return scaled / SCALE, row_start_ms + length_ms - minutes_after * MINUTE_MS


def _scaled(value: float) -> int:
    return math.floor(value * SCALE + 0.5)


def is_heard(minute: Columns) -> bool:
    """Return whether a minute was heard for half of its length or more; HEARD_SQL is the same condition."""
    return minute.get("observed_ms", 0) >= HEARD_ENOUGH_MS


def _has_messages(minute: Columns) -> bool:
    return is_heard(minute) and minute.get("messages", 0) >= MIN_MESSAGES


def _has_viewers(minute: Columns) -> bool:
    pulses = minute.get("viewer_pulses", 0)
    return is_heard(minute) and pulses > 0 and minute["viewers_sum"] >= MIN_VIEWERS * pulses


_MESSAGES_SQL = f"{HEARD_SQL} AND messages >= {MIN_MESSAGES}"
_VIEWERS_SQL = f"{HEARD_SQL} AND viewer_pulses > 0 AND viewers_sum >= {MIN_VIEWERS} * viewer_pulses"


def _rate(metric: str, name: str) -> Peak:
    return Peak(metric, per_30s(name), f"{LIVE_WINDOW_MS}e0 * {name} / observed_ms", is_heard, HEARD_SQL)


def _per_messages(metric: str, name: str, of: int) -> Peak:
    return Peak(metric, per_messages(name, of), f"{of}e0 * {name} / messages", _has_messages, _MESSAGES_SQL)


PEAKS: tuple[Peak, ...] = (
    Peak(
        "viewers",
        lambda minute, _window_ms: minute["viewers_max"],
        "CAST(viewers_max AS DOUBLE)",
        lambda minute: "viewers_max" in minute,
        "viewers_max IS NOT NULL",
    ),
    _rate("messages", "messages"),
    Peak(
        "engagement",
        per_minute_per_thousand,
        f"messages * ({MINUTE_MS}e0 / observed_ms) / (CAST(viewers_sum AS DOUBLE) / viewer_pulses / 1000e0)",
        _has_viewers,
        _VIEWERS_SQL,
    ),
    Peak("spam", words_per_message, "CAST(words AS DOUBLE) / messages", _has_messages, _MESSAGES_SQL),
    Peak(
        "chatters",
        lambda minute, _window_ms: minute.get("chatters"),
        "CAST(chatters AS DOUBLE)",
        is_heard,
        HEARD_SQL,
    ),
    Peak(
        "repetition",
        repetition,
        "100e0 * (1e0 - CAST(texts AS DOUBLE) / messages)",
        lambda minute: _has_messages(minute) and minute.get("texts", 0) > 0,
        f"{_MESSAGES_SQL} AND texts > 0",
    ),
    _per_messages("first_time", "first_messages", 100),
    _per_messages("returning", "returning_messages", 100),
    _per_messages("subscribers", "subscriber_messages", 100),
    _per_messages("emotes", "emote_messages", 100),
    _per_messages("removals", "removals", 1000),
    _rate("shared", "copies"),
)
PEAK: Mapping[str, Peak] = {peak.metric: peak for peak in PEAKS}
