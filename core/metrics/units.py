"""Units of metrics. If a value grows with the window's length, its unit includes that length."""

from __future__ import annotations

from collections.abc import Mapping

from core.metrics.columns import StoredGrain
from core.metrics.table import Metric

# The window length of each stored grain, as used in units.
LENGTHS: Mapping[StoredGrain, str] = {"live": "30 s", "minute": "min", "hour": "h"}


def unit_of(metric: Metric, grain: StoredGrain) -> str:
    """Return the unit of a metric in windows of a grain."""
    return metric.unit.removesuffix(LENGTHS["live"]) + LENGTHS[grain] if metric.by_length else metric.unit


def unit_beside_name(metric: Metric, grain: StoredGrain = "live") -> str:
    """Return a unit as it is written after the metric's name: "" if it only repeats the name.

    Viewers have none, and chatters are "per 30 s".
    """
    unit = unit_of(metric, grain)
    if not unit.startswith(metric.name.lower()):
        return unit
    return unit.removeprefix(metric.name.lower()).strip().replace("/ ", "per ", 1)


def name_with_unit(metric: Metric, grain: StoredGrain = "live") -> str:
    """Return the name of a metric with its unit: "Messages, msg / 30 s", or "Viewers" alone."""
    return ", ".join(filter(None, (metric.name, unit_beside_name(metric, grain))))


def average_unit(metric: Metric) -> str:
    """Return the unit of a metric's value over a range: counts of people are averaged per minute."""
    return unit_of(metric, "minute")
