"""Formatting of numbers and times for templates."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.dashboard.channel import peer_groups
from apps.dashboard.summary import Summary, peak_name
from apps.dashboard.timeline import SHAPES
from apps.live.readings import ChannelNow
from apps.metrics.chart_ranges import Range, between
from apps.metrics.periods import Period
from apps.metrics.queries import Point, peak_unit, value_of
from core.inputs.timestamps import iso_utc, parse_timestamp
from core.metrics.broadcasts import Broadcast
from core.metrics.display import (
    ABSENT,
    LOWER_BOUND,
    age,
    at_least,
    change,
    count,
    duration,
    figure,
    number,
    ordinal,
    percent,
    signed,
)
from core.metrics.table import Metric
from core.metrics.units import average_unit, name_with_unit, unit_beside_name, unit_of
from core.times import DAY_MS, MINUTE_MS, day_of
from twitchly import clock

register = template.Library()
register.simple_tag(figure)
register.simple_tag(at_least)
register.simple_tag(age)
register.simple_tag(average_unit)
register.simple_tag(peak_name)
register.simple_tag(peak_unit)
register.filter("peer_group_note", peer_groups.note)
register.filter(change)
register.filter(count)
register.filter(duration)
register.filter(name_with_unit)
register.filter(unit_beside_name)
register.filter(ordinal)
register.filter(percent)
register.filter(signed)


@register.simple_tag
def point_figure(metric: str, point: Point) -> str:
    """Return the value of one chart point."""
    return figure(metric, value_of(point, metric), point.coverage)


@register.simple_tag
def days(period: Period) -> str:
    """Return the days of a period, such as 22 Nov to 28 Nov 2026 (UTC)."""
    first, last = day_of(period.from_ms), day_of(period.until_ms - DAY_MS)
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first:%-d %b}{year} to {last:%-d %b %Y} (UTC)"


@register.simple_tag
def unit(metric: Metric, chart_range: Range) -> str:
    """Return a metric's unit at the grain of a chart."""
    return unit_of(metric, chart_range.grain)


@register.simple_tag
def name_unit(metric: Metric, chart_range: Range) -> str:
    """Return a metric's unit at the grain of a chart, as written after the metric's name."""
    return unit_beside_name(metric, chart_range.grain)


@register.simple_tag
def chart_title(metric: Metric, chart_range: Range) -> str:
    """Return the name of a metric with its unit at the grain of a chart."""
    return name_with_unit(metric, chart_range.grain)


@register.filter
def of(values: dict[str, float], metric: str) -> float | None:
    """Return the value of a metric, or None without data."""
    return values.get(metric)


@register.filter
def coverage_of(channel: ChannelNow, metric: str) -> float:
    """Return the coverage of the window that a metric's value comes from."""
    return channel.coverage_of(metric)


@register.simple_tag
def watched(broadcast: Broadcast) -> str:
    """Return a broadcast's hours watched, marked as a lower bound if viewer counts are unknown for part of it."""
    bound = LOWER_BOUND if broadcast.lower_bounds.viewers else ""
    return ABSENT if broadcast.watched is None else bound + number(broadcast.watched, 1)


@register.filter
def watched_note(broadcast: Broadcast) -> str:
    """Return the part of a broadcast's counted time for which viewer counts are known, as text."""
    known = f"viewers known for {duration(broadcast.watched_ms)} of the {duration(broadcast.counted_ms)} counted"
    return f"not enough data: {known}" if broadcast.watched is None else f"hours, {known}"


@register.simple_tag
def minutes(from_ms: int, until_ms: int) -> int:
    """Return the number of whole minutes between two times."""
    return (until_ms - from_ms) // MINUTE_MS


@register.simple_tag
def span(from_ms: int, until_ms: int) -> str:
    """Return the length of a gap."""
    return duration(until_ms - from_ms)


@register.simple_tag
def peak(metric: str, summary: Summary | None) -> str:
    """Return the peak of a range, marked if it is a lower bound."""
    return at_least(metric, summary.peak, summary.lower_bound) if summary else ABSENT


@register.filter
def heard(summary: Summary) -> str:
    """Return the heard time of a range, its exact start and end, and the time on air, as text.

    A channel is heard only while it is tracked.
    """
    off_air = "off air" if summary.heard_ms >= summary.span_ms else "off air or not tracked"
    on_air = f"on air {duration(summary.on_air_ms)}" if summary.on_air_ms else off_air
    span = f" ({between(summary.from_ms, summary.until_ms)} UTC)" if summary.span_ms else ""
    return f"heard {duration(summary.heard_ms)} of {duration(summary.span_ms)}{span}, {on_air}"


@register.simple_tag
def shape(kind: str) -> str:
    """Return the icon path for a kind of event."""
    return SHAPES.get(kind, SHAPES["summed"])


@register.simple_tag
def utc(at_ms: int) -> SafeString:
    """Return a <time> element in UTC; the script adds or substitutes local time."""
    return format_html('<time data-utc datetime="{}">{}</time>', iso_utc(at_ms), when(at_ms, clock.now_ms()))


@register.simple_tag
def utc_date(at_ms: int) -> SafeString:
    """Return a <time> element in UTC with its date, for headings."""
    return format_html('<time data-utc="date" datetime="{}">{}</time>', iso_utc(at_ms), date_of(at_ms))


def when(at_ms: int, now_ms: int) -> str:
    """Return the time of day in UTC, with the date unless it is today."""
    moment, now = (datetime.fromtimestamp(ms // 1000, UTC) for ms in (at_ms, now_ms))
    time = moment.strftime("%H:%M:%S")
    return time if moment.date() == now.date() else f"{moment.day} {moment.strftime('%b')}, {time}"


@register.filter
def hm(at_ms: int) -> str:
    """Return the time of day in UTC, to the minute."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%H:%M")


@register.filter
def date_of(at_ms: int) -> str:
    """Return the date and time in UTC, for headings."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{moment.day} {moment.strftime('%b %Y, %H:%M')}"


@register.simple_tag
def on_air(started_at: str, now_ms: int) -> str:
    """Return the time for which a broadcast has been live, or "" if unknown."""
    started = parse_timestamp(started_at)
    if started is None:
        return ""
    return f"On air {duration(now_ms - int(started.timestamp() * 1000))}"
