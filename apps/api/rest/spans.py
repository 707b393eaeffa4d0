"""Which span of the past is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from apps.api.problems import Problem, Wrong
from apps.metrics.exports.intervals import INTERVALS, Interval
from apps.metrics.exports.series import in_grain
from apps.metrics.queries import RANGES, Range, past_range
from apps.metrics.spans import iso
from core.metrics.columns import STEP_MS, StoredGrain
from core.metrics.grains import SPAN_MAX_MS, grain_for
from core.pipeline.records import EPOCH_MS
from core.times import DAY_MS, MINUTE_MS

DEFAULT_RANGE = "24h"
POINTS_MAX = 10_000
# More than a plot has pixels is sent only to who asks for it.
POINTS_UNASKED = 2_500


def asked_span(asked: Mapping[str, Any], now_ms: int) -> Range:
    """Return the span between two moments, or a range up to now. Raises: Problem."""
    if "from" not in asked:
        if "to" in asked:
            raise wrong("to", "It needs “from”.")
        return RANGES[asked.get("range", DEFAULT_RANGE)]
    if "range" in asked:
        raise wrong("range", "Send a range or “from”, not both.")
    from_ms, until_ms = _ms(asked["from"]), _ms(asked["to"]) if "to" in asked else now_ms
    if from_ms >= until_ms:
        raise wrong("from", "It is not before the end of the span.")
    if until_ms > now_ms:
        raise wrong("to", f"It lies in the future: it is {iso(now_ms)} now.")
    if from_ms < EPOCH_MS:
        raise wrong("from", f"Nothing is recorded before {iso(EPOCH_MS)}.")
    if until_ms - from_ms > SPAN_MAX_MS:
        raise wrong("from", f"A span has {SPAN_MAX_MS // DAY_MS} days at most.")
    return past_range(from_ms, until_ms, now_ms)


def asked_interval(asked: Mapping[str, Any]) -> Interval | None:
    """Return the requested interval, None where the grain decides. Raises: Problem."""
    if "interval" not in asked:
        return None
    if "grain" in asked:
        raise wrong("interval", "Send an interval or a grain, not both.")
    return INTERVALS[asked["interval"]]


def with_grain(shown: Range, grain: StoredGrain | None, now_ms: int) -> Range:
    """Return the span in windows of a grain; where none is asked for, of one that gives few enough. Raises: Problem."""
    if grain is None:
        return replace(shown, grain=grain_for(*ends_of(shown, now_ms), now_ms, POINTS_UNASKED))
    other = in_grain(shown, grain, now_ms)
    if other is None:
        raise wrong("grain", f"Not all windows of the grain {grain} are kept for so long.")
    if shown.span_ms // STEP_MS[grain] > POINTS_MAX:
        raise wrong("grain", f"These are more than {POINTS_MAX:,} windows: take a coarser grain, or less time at once.")
    return other


def ends_of(shown: Range, now_ms: int) -> tuple[int, int]:
    """Return when a span begins and ends."""
    until_ms = now_ms if shown.until_ms is None else shown.until_ms
    return until_ms - shown.span_ms, until_ms


def settled_ms(shown: Range, now_ms: int) -> int:
    """Return the moment at which a range is answered that goes up to now: that of its newest whole step or minute.

    So an answer stays the same, and its entity tag with it, until there can be a new window.
    """
    step_ms = min(STEP_MS[shown.grain], MINUTE_MS)
    return now_ms // step_ms * step_ms if shown.until_ms is None else now_ms


def is_past(shown: Range, now_ms: int) -> bool:
    """Say whether all windows of a span are stored, as long as nobody corrects them."""
    return shown.until_ms is not None and shown.until_ms < now_ms - 2 * STEP_MS[shown.grain]


def wrong(name: str, reason: str) -> Problem:
    return Problem("invalid-request", "Some of it cannot be used: see errors.", [Wrong(name, reason)])


def _ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)
