"""Cells of the table of live channels."""

from __future__ import annotations

from django import template

from apps.live.search import PERCENTILE
from apps.live.table import TableRow
from core.metrics.display import ABSENT, figure

register = template.Library()


@register.simple_tag
def measure(row: TableRow, key: str) -> str:
    """Return the text of a cell: a metric or a percentile."""
    value = row.measures[key]
    if key.startswith(PERCENTILE):
        return ABSENT if value is None else ordinal(int(value))
    return figure(key, value, row.channel.coverage_of(key))


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 11th."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
