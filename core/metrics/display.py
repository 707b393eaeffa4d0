"""Formatting of metric values. static/js/figures.js formats the same way."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from core.metrics.table import METRIC

ABSENT = "–"
LOWER_BOUND = "≥ "


def number(value: float, decimals: int) -> str:
    """Return the number with thousands separators; halves round up and -0 becomes 0, as in the script."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{rounded or abs(rounded):,}"


def figure(metric: str, value: float | None, coverage: float | None = 1.0) -> str:
    """Return a metric's value without its unit; a count with less than full coverage is a lower bound."""
    if value is None:
        return ABSENT
    partial = METRIC[metric].is_count and coverage is not None and coverage < 1
    return (LOWER_BOUND if partial else "") + number(value, METRIC[metric].decimals)


def at_least(metric: str, value: float | None, lower_bound: bool) -> str:
    """Return a peak, marked as a lower bound if part of the range was not heard."""
    if value is None:
        return ABSENT
    return (LOWER_BOUND if lower_bound else "") + number(value, METRIC[metric].decimals)
