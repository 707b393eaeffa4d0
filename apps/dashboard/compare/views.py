"""Views of the comparison page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.channels.models import Channel
from apps.curation.queries import find_named, public_channels
from apps.dashboard.access import json_error, login_required_json, sign_in_required
from apps.dashboard.compare.comparison import (
    CHANNELS_MAX,
    COMPARED,
    METRICS_MAX,
    Comparison,
    query_fields,
    read_comparison,
)
from apps.dashboard.compare.page import ComparisonPage, compared_range, lines_json, read_lines
from apps.dashboard.script import script_constants
from apps.live.services import services_of
from apps.metrics.chart_ranges import RANGES
from apps.metrics.spans import BadSpan
from apps.workspaces.queries import watching
from core.channels.address import InvalidChannel
from core.errors import NotFound
from core.metrics.table import METRIC
from twitchly.clock import now_ms

# Maximum number of suggested channels, most viewers first.
SUGGESTIONS_MAX = 50
# Maximum number of channels named in the title of a comparison.
NAMED_MAX = 3


@require_safe
@never_cache
@sign_in_required
def compare(request: HttpRequest) -> HttpResponse:
    now, error_text, fields = now_ms(), "", query_fields(request.GET)
    try:
        comparison = read_comparison(fields, now)
    except BadSpan as error:
        comparison, error_text = read_comparison(fields | {"from": "", "until": ""}, now), str(error)
    error_text = " ".join([error_text, *comparison.errors]).strip()
    if name := request.GET.get("add", "").strip():
        try:
            channel = _find_channel(name)
        except (InvalidChannel, NotFound) as error:
            error_text = str(error)
        else:
            if len(comparison.channels) < CHANNELS_MAX:
                return HttpResponseRedirect(reverse("compare") + comparison.with_channel(channel.id).query())
            error_text = f"You can compare up to {CHANNELS_MAX} channels. Remove one first."
    page = read_lines(services_of(request), comparison, now)
    context = compare_context(comparison, page, now, error_text) | {"watching": watching(request.user)}
    return render(request, "dashboard/compare.html", context, status=400 if error_text else 200)


@require_safe
@never_cache
@login_required_json
def lines(request: HttpRequest) -> JsonResponse:
    """Return fresh lines as JSON."""
    now = now_ms()
    try:
        comparison = read_comparison(query_fields(request.GET), now)
    except BadSpan as error:
        return json_error(str(error), 400)
    if comparison.errors:
        return json_error(" ".join(comparison.errors), 400)
    page = read_lines(services_of(request), comparison, now)
    if page.away_reason:
        return json_error(page.away_reason, 503)
    return JsonResponse(lines_json(comparison, page, now))


def _find_channel(name: str) -> Channel:
    """Return the channel to add. Raises: InvalidChannel, NotFound."""
    channel = find_named(name)
    if channel is None:
        raise NotFound(f"Unknown channel “{name[:64]}”.")
    return channel


def title_of(comparison: Comparison, page: ComparisonPage) -> str:
    """Return the title of a comparison: its first channels and its metrics."""
    names = [line.channel.profile.name for line in page.lines]
    more = len(names) - NAMED_MAX
    named = ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
    return f"{named}: {', '.join(METRIC[key].name for key in comparison.metrics)}"


def compare_context(comparison: Comparison, page: ComparisonPage, now: int, error_text: str) -> dict[str, Any]:
    without = {line.channel.profile.id: comparison.without(line.channel.profile.id).query() for line in page.lines}
    chart_range = compared_range(comparison, page)
    period = "stream" if comparison.align == "stream" else "period"
    return {
        "title": title_of(comparison, page),
        "choice": comparison,
        "query": comparison.query(),
        "fields": {k: v for k, v in comparison.as_json().items() if v},
        "page": page,
        "error": error_text,
        "now_ms": now,
        "compared": [METRIC[key] for key in comparison.metrics],
        "chart_range": chart_range,
        "has_several": len(comparison.metrics) > 1,
        "metrics": [(metric, metric.key in comparison.metrics) for metric in COMPARED],
        "metrics_max": METRICS_MAX,
        "lines": [(line, without[line.channel.profile.id]) for line in page.lines],
        "is_full": len(comparison.channels) >= CHANNELS_MAX,
        "channels_max": CHANNELS_MAX,
        "suggestions": public_channels()
        .filter(is_wanted=True)
        .order_by("-viewers")
        .values_list("login", flat=True)[:SUGGESTIONS_MAX],
        "range": RANGES[comparison.range],
        "ranges": [
            (
                option,
                comparison.query(range=option.key, span=None),
                option.key == comparison.range and not comparison.span,
            )
            for option in RANGES.values()
        ],
        "aligns": [
            (label, comparison.query(align=key, **({"span": None} if key == "stream" else {})), key == comparison.align)
            for key, label in (("clock", "Clock"), ("stream", "Stream time"))
        ],
        "scales": [
            (label, comparison.query(scale=key), key == comparison.scale)
            for key, label in (("values", "Values"), ("index", "Index to 100"))
        ],
        "periods": [
            (label, comparison.query(has_previous=shown), shown == comparison.has_previous)
            for label, shown in ((f"This {period}", False), (f"With the previous {period}", True))
        ],
        "period": period,
        "script": lines_json(comparison, page, now) | {"constants": script_constants()},
    }
