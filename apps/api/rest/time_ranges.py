"""The requested time range and grain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apps.api.problems import invalid_field
from apps.metrics.chart_ranges import Range, named_range, past_range
from apps.metrics.exports.intervals import INTERVALS, Interval
from apps.metrics.exports.series import in_grain
from apps.metrics.spans import iso
from core.metrics.columns import STEP_MS, StoredGrain
from core.metrics.grains import SPAN_MAX_MS, grain_for
from core.pipeline.records import EPOCH_MS
from core.times import DAY_MS, ms_of

DEFAULT_RANGE = "24h"
POINTS_MAX = 10_000
# Plots are rarely wider than this in pixels, so more points are sent only on request.
DEFAULT_POINTS_MAX = 2_500


def requested_range(query: Mapping[str, Any], now_ms: int) -> Range:
    """Return the requested range. A range up to now has no end yet: see `with_end`. Raises: Problem."""
    if "from" not in query:
        if "to" in query:
            raise invalid_field("to", "This requires “from”.")
        return named_range(query.get("range", DEFAULT_RANGE), now_ms)
    if "range" in query:
        raise invalid_field("range", "Send a range or “from”, not both.")
    from_ms, until_ms = ms_of(query["from"]), ms_of(query["to"]) if "to" in query else now_ms
    if from_ms >= until_ms:
        raise invalid_field("from", "“from” must be before “to”, or before now if “to” is omitted.")
    if until_ms > now_ms:
        raise invalid_field("to", f"“to” is in the future. The current time is {iso(now_ms)}.")
    if from_ms < EPOCH_MS:
        raise invalid_field("from", f"Nothing is recorded before {iso(EPOCH_MS)}.")
    if until_ms - from_ms > SPAN_MAX_MS:
        raise invalid_field("from", f"The maximum span is {SPAN_MAX_MS // DAY_MS} days.")
    range_ = past_range(from_ms, until_ms, now_ms)
    return range_ if "to" in query else replace(range_, until_ms=None)


def requested_interval(query: Mapping[str, Any]) -> Interval | None:
    """Return the requested interval, or None for the default. Raises: Problem."""
    if "interval" not in query:
        return None
    if "grain" in query:
        raise invalid_field("interval", "Send an interval or a grain, not both.")
    return INTERVALS[query["interval"]]


def with_grain(range_: Range, grain: StoredGrain | None, now_ms: int) -> Range:
    """Return a range with a grain, by default the finest one within the default limit. Raises: Problem."""
    if grain is None:
        return replace(range_, grain=grain_for(*range_.bounds(now_ms), now_ms, DEFAULT_POINTS_MAX))
    regrained = in_grain(range_, grain, now_ms)
    if regrained is None:
        reason = f"“{grain}” windows have expired for part of this range."
        raise invalid_field("grain", f"{reason} Choose a coarser grain or a later start.")
    if range_.span_ms // STEP_MS[grain] > POINTS_MAX:
        raise invalid_field("grain", f"The limit is {POINTS_MAX:,} windows. Choose a coarser grain or a shorter span.")
    return regrained


def with_end(range_: Range, now_ms: int) -> Range:
    """Return the range with an end. If it has none, it ends now, rounded like a named range.

    The response and its ETag thus stay the same until a new window can exist. Raises: Problem.
    """
    if range_.key or range_.until_ms is not None:
        return range_
    from_ms, until_ms = now_ms - range_.span_ms, range_.bounds(now_ms)[1]
    if from_ms >= until_ms:
        raise invalid_field("from", f"“from” must be before {iso(until_ms)}, where the range ends if “to” is omitted.")
    return replace(range_, span_ms=until_ms - from_ms, until_ms=until_ms)


def is_past(range_: Range, now_ms: int) -> bool:
    """Return whether all windows of a range are stored. Corrections may still change them."""
    return range_.until_ms is not None and range_.until_ms < now_ms - 2 * STEP_MS[range_.grain]
