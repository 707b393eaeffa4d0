"""Cells of the table of channels."""

from __future__ import annotations

from django import template

from apps.dashboard.sparkline import line_path
from apps.live.period_channels import PeriodRow
from apps.live.search import PERCENTILE, PERIOD_MEASURES
from apps.live.table import TableRow
from core.metrics.display import ABSENT, change, figure, number, ordinal

register = template.Library()

# From this value on, numbers of hours are shown without decimal places.
HOURS_WHOLE = 100


@register.simple_tag
def measure(row: TableRow, key: str) -> str:
    """Return the text of a cell: a metric, a figure for a period, or a percentile."""
    value = row.measures[key]
    if key in PERIOD_MEASURES:
        return (
            ABSENT if value is None else change(value) if key == "growth" else number(value, int(value < HOURS_WHOLE))
        )
    if key.startswith(PERCENTILE):
        return ABSENT if value is None else ordinal(int(value))
    return figure(key, value, row.channel.coverage_of(key))


@register.simple_tag
def trend(row: TableRow) -> str:
    """Return the sparkline path of a channel's mean viewers per day, from 0 up, or "" for a live channel."""
    channel = row.channel
    days = channel.trend if isinstance(channel, PeriodRow) else ()
    points = [(number, value) for number, value in enumerate(days) if value is not None]
    return line_path(points, 0, len(days) - 1, 1) if points else ""
