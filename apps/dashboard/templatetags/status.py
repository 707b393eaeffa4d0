"""Labels for the status page's bars and states, so that none is expressed by color alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.dashboard.templatetags.figures import hm
from apps.status.queries import Bar, Status
from apps.status.stages import State
from core.metrics.display import duration, number, percent
from core.ops.health import COVERAGE_TARGET
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

register = template.Library()

# The current minute is incomplete and individual samples may be late, so an hour with at most this much unmeasured time
# counts as measured.
UNMEASURED_MAX_MS = 2 * MINUTE_MS

_WORDS: dict[State, str] = {"works": "Operational", "partial": "Degraded", "wrong": "Failing", "unknown": "Unknown"}
_SIGNS: dict[State, str] = {"works": "✓", "partial": "≥", "wrong": "!", "unknown": "–"}


@register.simple_tag
def state(value: State) -> SafeString:
    """Return a state as a symbol and a word."""
    return format_html(
        '<span class="state {}"><i aria-hidden="true">{}</i>{}</span>', value, _SIGNS[value], _WORDS[value]
    )


@register.simple_tag
def day(start_ms: int) -> str:
    """Return a day in UTC."""
    moment = datetime.fromtimestamp(start_ms / 1000, UTC)
    return f"{moment.day} {moment.strftime('%b %Y')}"


@register.simple_tag
def minute_label(bar: Bar) -> str:
    """Return the label of a minute's bar."""
    return f"{hm(bar.start_ms)} UTC: {_bar_text(bar, MINUTE_MS)}"


@register.simple_tag
def day_label(bar: Bar) -> str:
    """Return the label of a day's bar."""
    incidents = f", {bar.incidents} incident{'s' * (bar.incidents != 1)}" if bar.incidents else ""
    return f"{day(bar.start_ms)}: {_bar_text(bar, DAY_MS)}{incidents}"


@register.simple_tag
def bars_label(bars: Sequence[Bar], unit: str) -> str:
    """Return a summary of all bars for screen readers."""
    known = [bar for bar in bars if bar.state != "none"]
    if not known:
        return f"No {unit}s yet."
    whole = sum(bar.state == "whole" for bar in known)
    worst = min((bar.coverage for bar in known if bar.coverage is not None), default=None)
    text = f"{number(whole, 0)} of {number(len(known), 0)} measured {unit}s were fully heard."
    return text if worst is None else f"{text} The lowest coverage was {percent(worst)}%."


@register.simple_tag
def hour_measured(status: Status) -> str:
    """Return the part of the past hour in which its coverage was measured, as text."""
    measured_ms = status.hour_measured_ms
    if HOUR_MS - measured_ms <= UNMEASURED_MAX_MS:
        return "in the past hour"
    running_ms = HOUR_MS if status.since_ms is None else status.snapshot.at_ms - status.since_ms
    if running_ms < HOUR_MS and running_ms - measured_ms <= UNMEASURED_MAX_MS:
        return f"in the past {measured_time(measured_ms)}, since monitoring began"
    return f"in the past hour ({measured_time(measured_ms)} measured)"


@register.filter
def measured_time(measured_ms: int) -> str:
    """Return a measured time as text, in minutes, because samples are 10 s apart and seconds would be inexact."""
    if MINUTE_MS <= measured_ms < HOUR_MS:
        return f"{measured_ms // MINUTE_MS} min"
    return duration(measured_ms)


def _bar_text(bar: Bar, length_ms: int) -> str:
    if bar.state == "none":
        return "not running"
    heard = "coverage unknown" if bar.coverage is None else f"{percent(bar.coverage)}% heard"
    if bar.measured_ms < COVERAGE_TARGET * length_ms:
        heard += f", measured for {duration(bar.measured_ms)}"
    trouble = f", degraded for {duration(bar.degraded_ms)}" if bar.degraded_ms else ""
    return f"{heard}{trouble}"
