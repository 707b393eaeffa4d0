"""Formatting of values as text, shared by pages, exports and the frames of the live socket."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from core.metrics.formulas import is_complete
from core.metrics.table import METRIC, is_known

ABSENT = "–"
LOWER_BOUND = "≥ "
# Coverage below this is marked as partial.
PARTIAL_BELOW = 0.95


def number(value: float, decimals: int) -> str:
    """Return a number with thousands separators; halves round up and -0 becomes 0, as in a browser."""
    rounded: float | Decimal = value
    if value * 10**decimals % 1 == 0.5:  # format() would round it to even
        rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{rounded:z,.{decimals}f}"


def count(value: int | None) -> str:
    """Return an integer, or a dash if it is unknown."""
    return ABSENT if value is None else number(value, 0)


def ordinal(value: int | None) -> str:
    """Return an integer with its English suffix, such as 2nd or 97th, or a dash if it is unknown."""
    if value is None:
        return ABSENT
    suffix = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{number(value, 0)}{suffix}"


def one_decimal(value: float | None) -> str:
    """Return a number with one decimal place, or a dash if it is unknown."""
    return ABSENT if value is None else number(value, 1)


def signed(value: float | None) -> str:
    """Return a number without decimal places and with its sign (+12, −3, 0), or a dash if it is unknown."""
    if value is None:
        return ABSENT
    rounded = round(value)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else ''}{abs(rounded):,}"


def change(percent: float) -> str:
    """Return a change in percent with its sign: +12%, −3%, 0%."""
    return f"{signed(percent)}%"


def percent(share: float | None) -> str:
    """Return a share from 0 to 1 as a percentage with one decimal place, rounded down unless it counts as complete."""
    if share is None:
        return ABSENT
    return "100.0" if is_complete(share) else f"{int(share * 1000) / 10:.1f}"


def figure(metric: str, value: float | None, coverage: float | None = 1.0) -> str:
    """Return a metric's value without its unit, or a dash if it is unknown.

    A count with incomplete coverage is a lower bound; without coverage it is unknown.
    """
    is_unheard = coverage is not None and not is_known(metric, coverage)
    return at_least(metric, None if is_unheard else value, is_partial(metric, coverage))


def is_partial(metric: str, coverage: float | None) -> bool:
    """Return whether a value of a window with this coverage is a lower bound."""
    return METRIC[metric].is_count and coverage is not None and not is_complete(coverage)


def at_least(metric: str, value: float | None, lower_bound: bool) -> str:
    """Return a value, marked if it is a lower bound; an unknown value is a dash without a mark."""
    if value is None:
        return ABSENT
    return (LOWER_BOUND if lower_bound else "") + number(value, METRIC[metric].decimals)


def excluded_text(counts: Mapping[str, int], coverage: float) -> str:
    """Return the excluded messages as text: shared copies and messages from known bots."""
    bound = "" if is_complete(coverage) else LOWER_BOUND
    names = {"copies": "from shared chat", "bot_messages": "by bots"}
    return ", ".join(f"{bound}{number(counts[key], 0)} {name}" for key, name in names.items() if counts.get(key))


def duration(span_ms: int) -> str:
    """Return a duration as text: 42 s, 3 min 10 s, 3 h 12 min."""
    if 0 < span_ms < 1000:
        return "< 1 s"
    seconds = max(0, span_ms // 1000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def age(end_ms: int | None, now_ms: int) -> str:
    """Return an age in seconds up to 999 s, then in minutes."""
    if end_ms is None:
        return ABSENT
    seconds = max(0, (now_ms - end_ms) // 1000)
    return f"{seconds} s" if seconds < 1000 else f"{number(seconds // 60, 0)} min"
