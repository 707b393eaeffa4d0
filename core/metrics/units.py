"""Units of metrics. A value that grows with the window's length has that length in its unit."""

from __future__ import annotations

from collections.abc import Mapping

from core.metrics.columns import StoredGrain
from core.metrics.table import Metric

# The window length of each stored grain, as used in units.
LENGTHS: Mapping[StoredGrain, str] = {"live": "30 s", "minute": "min", "hour": "h"}


def unit_of(metric: Metric, grain: StoredGrain) -> str:
    """Return the unit of a metric in windows of a grain."""
    return metric.unit.removesuffix(LENGTHS["live"]) + LENGTHS[grain] if metric.by_length else metric.unit


def average_unit(metric: Metric) -> str:
    """Return the unit of a metric's value over a range: counts of people are averaged per minute."""
    return unit_of(metric, "minute")
